-- Searching a compiled cron expression on the wall clock, by bit arithmetic. Nothing here knows of time zones: a wall
-- second is the number of seconds that a wall clock shows since 1970-01-01 00:00, as if every day had 86,400 of them.
-- Bounded: a search looks through 40 years of months at most, after which nothing new can come.

create or replace function chime_private.cron_special_days(
  last_days bigint, near_days bigint, nth_days bigint, first_day integer, days integer
) returns bigint
language plpgsql immutable strict parallel safe
as $$
declare
  v_weekday integer := (first_day + 4) % 7;  -- of the first of the month; 1970-01-01 was a Thursday
  v_bits bigint := 0;
  v_day integer;
  v_dow integer;
  v_number integer;
begin
  while last_days <> 0 loop
    v_bits := v_bits | ((2::bigint << days) >> chime_private.lowest_bit(last_days) + 1);
    last_days := last_days & last_days - 1;
  end loop;
  if near_days <> 0 then
    while near_days <> 0 loop
      v_number := chime_private.lowest_bit(near_days);
      exit when v_number > days;
      near_days := near_days & near_days - 1;
      v_day := case v_number when 0 then days else v_number end;
      v_dow := (v_weekday + v_day - 1) % 7;
      if v_dow = 6 then
        v_day := case when v_day = 1 then 3 else v_day - 1 end;
      elsif v_dow = 0 then
        v_day := case when v_day = days then v_day - 2 else v_day + 1 end;
      end if;
      v_bits := v_bits | (1::bigint << v_day);
    end loop;
  end if;
  if nth_days <> 0 then
    for v_dow in 0..6 loop
      continue when nth_days >> v_dow * 5 & 31 = 0 and nth_days >> 35 + v_dow & 1 = 0;
      v_day := 1 + (v_dow - v_weekday + 7) % 7;
      if nth_days >> 35 + v_dow & 1 = 1 then
        v_bits := v_bits | (1::bigint << v_day + (days - v_day) / 7 * 7);
      end if;
      for v_nth in 0..(days - v_day) / 7 loop
        if nth_days >> v_dow * 5 + v_nth & 1 = 1 then v_bits := v_bits | (1::bigint << v_day + 7 * v_nth); end if;
      end loop;
    end loop;
  end if;
  return v_bits;
end $$;
comment on function chime_private.cron_special_days is
  'The days of a month that L, W and # name: bit n = day n. first_day counts from 1970-01-01; days is the month''s length.';

create or replace function chime_private.month_days(year integer, month integer) returns integer
language sql immutable parallel safe
as $$ select case month when 2 then case when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29 else 28 end
             else 30 + (month + month / 8) % 2 end $$;
comment on function chime_private.month_days is 'The length of a month.';

create or replace function chime_private.month_start(year integer, month integer) returns integer
language sql immutable parallel safe
as $$ select 365 * (year - 1970) + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400
        + (367 * month - 362) / 12
        - case when month <= 2 then 0 when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 1 else 2 end $$;
comment on function chime_private.month_start is 'The first day of a month, in days since 1970-01-01; for years from 1969 on.';

create or replace function chime_private.cron_month_days(fields bigint[], first_day integer, days integer) returns bigint
language sql immutable parallel safe
as $$
  select case fields[7] & 6
      when 0 then fields[4] & (fields[6] >> (first_day + 4) % 7 << 1)
      when 2 then fields[4] | (fields[6] >> (first_day + 4) % 7 << 1)
      when 4 then (fields[4] | chime_private.cron_special_days(fields[10], fields[11], 0, first_day, days))
        & (fields[6] >> (first_day + 4) % 7 << 1
          | case fields[12] when 0 then 0 else chime_private.cron_special_days(0, 0, fields[12], first_day, days) end)
      else fields[4] | (fields[6] >> (first_day + 4) % 7 << 1)
        | chime_private.cron_special_days(fields[10], fields[11], fields[12], first_day, days)
    end & (2::bigint << days) - 2
$$;
comment on function chime_private.cron_month_days is
  'The matching days of a month: bit n = day n. first_day counts from 1970-01-01; days is the month''s length.';

create or replace function chime_private.cron_next(fields bigint[], wall bigint) returns bigint
language plpgsql immutable strict parallel safe
as $$
declare
  v_day integer := wall / 86400;
  v_second integer := wall % 86400;
  v_plain boolean := fields[7] & 16 = 16;  -- the numbers of the days alone decide
  v_hour integer;
  v_minute integer;
  v_days bigint;   -- bit n = the day n days from now, as far as this month goes
  v_bits bigint;
  v_date date;
  v_year integer;
  v_month integer;
  v_first integer;
  v_length integer;
  v_last_year integer;
begin
  if fields[7] & 8 = 8 then
    v_days := fields[6] >> (v_day + 4) % 7;  -- weekdays alone decide: no calendar needed
  else
    v_date := date '1970-01-01' + v_day;
    v_year := date_part('year', v_date);
    v_month := date_part('month', v_date);
    v_days := 0;
    if fields[5] >> v_month & 1 = 1 then
      v_length := chime_private.month_days(v_year, v_month);
      if v_plain then
        v_days := (fields[4] & (2::bigint << v_length) - 2) >> date_part('day', v_date)::integer;
      else
        v_first := v_day - date_part('day', v_date)::integer + 1;
        v_days := chime_private.cron_month_days(fields, v_first, v_length) >> v_day - v_first + 1;
      end if;
    end if;
  end if;

  if v_days & 1 = 1 then
    v_hour := v_second / 3600;
    if fields[3] >> v_hour & 1 = 1 then
      v_minute := v_second % 3600 / 60;
      if fields[2] >> v_minute & 1 = 1 then
        v_bits := fields[1] >> v_second % 60;
        if v_bits <> 0 then return wall + chime_private.lowest_bit(v_bits); end if;
      end if;
      v_bits := fields[2] >> v_minute + 1;
      if v_bits <> 0 then
        return v_day * 86400::bigint + v_hour * 3600 + (v_minute + 1 + chime_private.lowest_bit(v_bits)) * 60 + fields[8] % 60;
      end if;
    end if;
    v_bits := fields[3] >> v_hour + 1;
    if v_bits <> 0 then
      return v_day * 86400::bigint + (v_hour + 1 + chime_private.lowest_bit(v_bits)) * 3600 + fields[8] % 3600;
    end if;
  end if;

  v_days := v_days >> 1;
  if v_days <> 0 then
    return (v_day + 1 + chime_private.lowest_bit(v_days)) * 86400::bigint + fields[8];
  end if;
  v_last_year := v_year + 40;  -- every kind of year, by its weekdays and Feb 29, comes again within that
  loop
    v_bits := fields[5] >> v_month + 1;
    if v_bits = 0 then
      v_year := v_year + 1;
      v_month := chime_private.lowest_bit(fields[5]);
    else
      v_month := v_month + 1 + chime_private.lowest_bit(v_bits);
    end if;
    exit when v_year > v_last_year;
    if v_plain then
      v_days := fields[4] & (2::bigint << chime_private.month_days(v_year, v_month)) - 2;
    else
      v_days := chime_private.cron_month_days(
        fields, chime_private.month_start(v_year, v_month), chime_private.month_days(v_year, v_month));
    end if;
    if v_days <> 0 then
      return (chime_private.month_start(v_year, v_month) - 1 + chime_private.lowest_bit(v_days)) * 86400::bigint + fields[8];
    end if;
  end loop;
  return null;
end $$;
comment on function chime_private.cron_next is 'The first matching wall second at wall or later; null where there is none, ever.';

create or replace function chime_private.cron_count_seconds(fields bigint[], second_of_day integer) returns bigint
language sql immutable parallel safe
as $$
  select bit_count((fields[3] & (1::bigint << second_of_day / 3600) - 1)::bit(24)) * bit_count(fields[2]::bit(60)) * bit_count(fields[1]::bit(60))
    + case when fields[3] >> second_of_day / 3600 & 1 = 1 then
        bit_count((fields[2] & (1::bigint << second_of_day % 3600 / 60) - 1)::bit(60)) * bit_count(fields[1]::bit(60))
        + case when fields[2] >> second_of_day % 3600 / 60 & 1 = 1 then
            bit_count((fields[1] & (1::bigint << second_of_day % 60) - 1)::bit(60)) else 0 end
      else 0 end
$$;
comment on function chime_private.cron_count_seconds is 'How many seconds of a matching day match before second_of_day (0 to 86,399).';

create or replace function chime_private.cron_count(fields bigint[], low bigint, high bigint) returns bigint
language plpgsql immutable strict parallel safe
as $$
declare
  v_day_total bigint := bit_count(fields[3]::bit(24)) * bit_count(fields[2]::bit(60)) * bit_count(fields[1]::bit(60));
  v_low_day integer := low / 86400;
  v_high_day integer := high / 86400;
  v_month date := date_trunc('month', date '1970-01-01' + v_low_day);
  v_first integer;
  v_length integer;
  v_bits bigint;
  v_count bigint := 0;
begin
  loop
    v_first := v_month - date '1970-01-01';
    exit when v_first > v_high_day;
    if fields[5] >> date_part('month', v_month)::integer & 1 = 1 then
      v_length := chime_private.month_days(date_part('year', v_month)::integer, date_part('month', v_month)::integer);
      v_bits := chime_private.cron_month_days(fields, v_first, v_length) >> 1;
      -- Whole days from the first bound up to, not including, the second; then the two parts of days.
      v_count := v_count + v_day_total * bit_count((v_bits
        & (1::bigint << least(greatest(v_high_day - v_first, 0), 31)) - (1::bigint << least(greatest(v_low_day - v_first, 0), 31)))::bit(32));
      if v_low_day - v_first between 0 and 30 and v_bits >> v_low_day - v_first & 1 = 1 then
        v_count := v_count - chime_private.cron_count_seconds(fields, (low % 86400)::integer);
      end if;
      if v_high_day - v_first between 0 and 30 and v_bits >> v_high_day - v_first & 1 = 1 then
        v_count := v_count + chime_private.cron_count_seconds(fields, (high % 86400)::integer);
      end if;
    end if;
    v_month := v_month + interval '1 month';
  end loop;
  return v_count;
end $$;
comment on function chime_private.cron_count is 'How many wall seconds match, from low up to, not including, high; the cost grows with the months between.';
