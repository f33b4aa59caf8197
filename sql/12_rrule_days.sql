-- The days that a compiled RRULE names: a month at a time, as bits. Days are counted from 1970-01-01.

create or replace function chime_private.rrule_nth_days(
  fields bigint[], year integer, first_day integer, days integer
) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_weekday integer := (first_day + 4) % 7;  -- of the first of the month; 1970-01-01 was a Thursday
  v_before integer := 0;                      -- days of the period before this month
  v_length integer := days;                   -- of the period
  v_bits bigint := 0;
  v_day integer;
  v_nth integer;
  v_last integer;
begin
  if fields[7] & 32 = 32 then
    v_before := first_day - chime_private.month_start(year, 1);
    v_length := 337 + chime_private.month_days(year, 2);
  end if;
  for v_dow in 0..6 loop
    continue when fields[21 + v_dow] | fields[28 + v_dow] = 0;
    v_day := 1 + (v_dow - v_weekday + 7) % 7;
    v_nth := (v_before + v_day - 1) / 7 + 1;
    v_last := (v_length - 1 - (v_before + v_day - 1) % 7) / 7 + 1;
    while v_day <= days loop
      if fields[21 + v_dow] >> v_nth & 1 = 1 or fields[28 + v_dow] >> v_last - v_nth + 1 & 1 = 1 then
        v_bits := v_bits | (1::bigint << v_day);
      end if;
      v_day := v_day + 7;
      v_nth := v_nth + 1;
    end loop;
  end loop;
  return v_bits;
end $$;
comment on function chime_private.rrule_nth_days is 'The days of a month that are numbered weekdays: bit n = day n.';

create or replace function chime_private.week_bits(away integer) returns bigint
language sql immutable parallel safe
as $$ select case when away >= 0 then 254::bigint << away else 254::bigint >> -away end $$;
comment on function chime_private.week_bits is 'Seven days as bits of a month: the first is this many days after the first of the month.';

create or replace function chime_private.rrule_week_days(
  fields bigint[], year integer, first_day integer, days integer
) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_shift integer := (11 - fields[14]) % 7;
  v_january integer := chime_private.month_start(year, 1);
  v_start integer := (first_day + v_shift) / 7 * 7 - v_shift;
  v_middle integer;
  v_length integer;
  v_bits bigint := 0;
begin
  while v_start < first_day + days loop
    -- A week belongs to the year that has its fourth day.
    v_middle := v_start + 3 - v_january;
    v_length := 337 + chime_private.month_days(year, 2);
    if v_middle < 0 then
      v_length := 337 + chime_private.month_days(year - 1, 2);
      v_middle := v_middle + v_length;
    elsif v_middle >= v_length then
      v_middle := v_middle - v_length;
      v_length := 337 + chime_private.month_days(year + 1, 2);
    end if;
    if fields[18] >> v_middle / 7 + 1 & 1 = 1
      or fields[19] >> (v_length - 1 - v_middle % 7) / 7 - v_middle / 7 + 1 & 1 = 1 then
      v_bits := v_bits | chime_private.week_bits(v_start - first_day);
    end if;
    v_start := v_start + 7;
  end loop;
  return v_bits;
end $$;
comment on function chime_private.rrule_week_days is
  'The days of a month that lie in the weeks of BYWEEKNO: bit n = day n. A week at the turn of the year counts for both years.';

create or replace function chime_private.rrule_month_days(
  fields bigint[], year integer, month integer, first_day integer, days integer
) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_flags integer := fields[7];
  v_step integer;
  v_away integer;
  v_bits bigint;
  v_weeks bigint := 0;
begin
  if fields[5] >> month & 1 = 0 then return 0; end if;
  v_bits := fields[6] >> (first_day + 4) % 7 << 1;
  if v_flags & 16 = 16 then
    v_bits := v_bits | chime_private.rrule_nth_days(fields, year, first_day, days);
  end if;
  v_bits := v_bits & ((2::bigint << days) - 2);
  if v_flags & 2 = 2 then
    v_bits := v_bits & (fields[4] | case when fields[10] = 0 then 0 else chime_private.cron_special_days(fields[10], 0, 0, first_day, days) end);
  end if;
  if v_flags & 4 = 4 then
    v_bits := v_bits & fields[34 + month + case when chime_private.month_days(year, 2) = 29 then 12 else 0 end];
  end if;
  if v_flags & 8 = 8 then
    v_bits := v_bits & chime_private.rrule_week_days(fields, year, first_day, days);
  end if;
  if fields[12] > 1 and fields[11] <= 4 then
    v_step := fields[12];
    case fields[11]
      when 1 then if year % v_step <> fields[13] then return 0; end if;
      when 2 then if (year * 12 + month - 1) % v_step <> fields[13] then return 0; end if;
      when 3 then
        v_away := (11 - fields[14]) % 7;
        for v_week in (first_day + v_away) / 7 .. (first_day + days - 1 + v_away) / 7 loop
          if v_week % v_step = fields[13] then
            v_weeks := v_weeks | chime_private.week_bits(v_week * 7 - v_away - first_day);
          end if;
        end loop;
        v_bits := v_bits & v_weeks;
      else
        v_away := (fields[13] - first_day % v_step + v_step) % v_step;
        v_bits := case when v_away >= days then 0 else v_bits & (fields[15] << v_away + 1) end;
    end case;
  end if;
  return v_bits;
end $$;
comment on function chime_private.rrule_month_days is
  'The days of a month that an RRULE names, BYSETPOS left aside: bit n = day n. first_day counts from 1970-01-01; days is the month''s length.';

create or replace function chime_private.rrule_next_day(fields bigint[], day integer) returns integer
language plpgsql immutable parallel safe
as $$
declare
  v_date date;
  v_year integer;
  v_month integer;
  v_last_year integer;
  v_first integer;
  v_days integer;
  v_bits bigint;
  v_unit integer := fields[11];
  v_step integer := fields[12];
  v_ahead integer;
  v_left integer := 1000;  -- months to look into where the interval is of days or weeks: their pattern repeats itself very late
begin
  if fields[7] & 1 = 1 then
    return day + chime_private.lowest_bit(fields[6] >> (day + 4) % 7);
  end if;
  v_date := date '1970-01-01' + day;
  v_year := date_part('year', v_date);
  v_month := date_part('month', v_date);
  -- Every kind of year, by its weekdays and Feb 29, comes again within 40; after 400 the calendar repeats itself.
  v_last_year := least(v_year + case v_step when 1 then 40 else 400 end, 1971 + fields[17] / 31556952);
  while v_year <= v_last_year loop
    -- To the next month that the interval and BYMONTH leave, without a look at those between.
    if v_step > 1 and v_unit <= 2 then
      v_ahead := case v_unit when 1 then v_year else v_year * 12 + v_month - 1 end;
      v_ahead := ((fields[13] - v_ahead) % v_step + v_step) % v_step;
      if v_unit = 1 and v_ahead > 0 then
        v_year := v_year + v_ahead;
        v_month := 1;
      elsif v_ahead > 0 then
        v_ahead := v_year * 12 + v_month - 1 + v_ahead;
        v_year := v_ahead / 12;
        v_month := v_ahead % 12 + 1;
      end if;
    end if;
    if fields[5] >> v_month & 1 = 0 then
      v_bits := fields[5] >> v_month;
      v_year := case when v_bits = 0 then v_year + 1 else v_year end;
      v_month := case when v_bits = 0 then 1 else v_month + chime_private.lowest_bit(v_bits) end;
      continue;
    end if;
    v_first := chime_private.month_start(v_year, v_month);
    v_days := chime_private.month_days(v_year, v_month);
    -- Likewise, where the interval is longer than a month.
    v_ahead := case when v_unit = 4 and v_step > 31 then (fields[13] - greatest(day, v_first) % v_step + v_step) % v_step
      when v_unit = 3 and v_step > 5 then
        ((fields[13] - chime_private.week_of_day(greatest(day, v_first), fields[14]::integer) % v_step + v_step) % v_step - 1) * 7 end;
    if greatest(day, v_first) + v_ahead >= v_first + v_days then
      v_date := date '1970-01-01' + greatest(day, v_first) + v_ahead;
      v_year := date_part('year', v_date);
      v_month := date_part('month', v_date);
      continue;
    end if;
    exit when v_left = 0;
    if v_step > 1 and v_unit between 3 and 4 then v_left := v_left - 1; end if;
    v_bits := chime_private.rrule_month_days(fields, v_year, v_month, v_first, v_days);
    if day > v_first then v_bits := v_bits >> day - v_first + 1 << day - v_first + 1; end if;
    if v_bits <> 0 then
      return v_first - 1 + chime_private.lowest_bit(v_bits);
    end if;
    v_year := v_year + v_month / 12;
    v_month := v_month % 12 + 1;
  end loop;
  return null;
end $$;
comment on function chime_private.rrule_next_day is
  'The first day that an RRULE names, BYSETPOS left aside, on this day or later; null where there is none within 400 years, '
  'before the end of the rule, or in a thousand months that its parts leave to an interval of days or weeks.';
