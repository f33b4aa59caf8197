-- From the parts of an RRULE and its DTSTART to numbers that a search only has to shift and mask. What a rule leaves out
-- is taken from DTSTART here, and an interval that a day divides into becomes plain hours, minutes and seconds.
--
--   [1] seconds, [2] minutes, [3] hours: bit n = value n; [4] days of the month, [5] months likewise, all as in 10_cron_parse.sql
--   [6] weekdays: bit n = weekday n % 7, 0 = Sunday, six weeks in a row
--   [7] flags: 1 = weekdays alone decide on a day, 2 = [4] or [10] limits, 4 = days of the year limit, 8 = weeks of the year
--       limit, 16 = numbered weekdays, 32 = they are numbered within the year, 64 = an interval in steps (12_rrule_steps.sql),
--       128 = such a one that nothing else limits
--   [8] first second of a matching day       [9] length of a step in seconds
--   [10] last days of the month: bit n = n days before the last
--   [11] what the interval counts: 1 year, 2 month, 3 week, 4 day, 5 hour, 6 minute, 7 second
--   [12] the interval                        [13] which of the periods, counted from 1970, modulo the interval
--   [14] first day of the week               [15] bits 0, interval, 2 * interval, ...
--   [16] first wall second, [17] last one
--   [18] weeks of the year: bit n = week n   [19] the same from its end
--   [20] what BYSETPOS chooses within, numbered as in [11]
--   [21] to [27] numbered weekdays, from Sunday on: bit n = n-th one; [28] to [34] the same from the end
--   [35] to [46] days of the year, a month each: bit n = day n of the month; [47] to [58] the same in a leap year

create or replace function chime_private.number_bits(numbers jsonb) returns bigint
language sql immutable parallel safe
as $$ select coalesce(bit_or(1::bigint << n::integer), 0) from jsonb_array_elements_text(numbers) n where n::integer >= 0 $$;
comment on function chime_private.number_bits is 'A list of numbers as bits, those below zero left out.';

create or replace function chime_private.week_of_day(day integer, week_start integer) returns integer
language sql immutable parallel safe
as $$ select (day + (11 - week_start) % 7) / 7 $$;
comment on function chime_private.week_of_day is 'The number of the week that a day lies in, weeks being counted from 1970.';

create or replace function chime_private.repeat_bit(step bigint, most integer) returns bigint
language sql immutable parallel safe
as $$ select bit_or(1::bigint << n::integer) from generate_series(0::bigint, most, step) n $$;
comment on function chime_private.repeat_bit is 'Bits 0, step, 2 * step, ..., up to most.';

create or replace function chime_private.rrule_year_days(days jsonb) returns bigint[]
language sql immutable parallel safe
as $$
  select array_agg((
    select coalesce(bit_or(1::bigint << d), 0)
    from generate_series(1, chime_private.month_days(y.year, m)) d,
      lateral (select chime_private.month_start(y.year, m) + d - chime_private.month_start(y.year, 1) as number) n
    where days @> to_jsonb(n.number) or days @> to_jsonb(n.number - y.length - 1)) order by y.length, m)
  from (values (2023, 365), (2024, 366)) y(year, length), generate_series(1, 12) m
$$;
comment on function chime_private.rrule_year_days is 'The list of BYYEARDAY as months of days: twelve of a common year, twelve of a leap year.';

create or replace function chime_private.compile_rrule_interval(fields bigint[], start bigint) returns bigint[]
language plpgsql immutable
as $$
declare
  c_widths constant integer[] := '{0,0,0,0,24,60,60}';    -- how many steps the next larger unit has
  c_seconds constant integer[] := '{0,0,0,0,3600,60,1}';
  v_unit integer := fields[11];
  v_step bigint := fields[12];
  v_width integer;
  v_place integer;
  v_reached bigint;   -- the places that the steps ever come to
  v_date date := date '1970-01-01' + (start / 86400)::integer;
begin
  -- Every 15 minutes is minutes 0, 15, 30, 45; every 120 minutes is every 2 hours at one minute.
  while v_unit > 4 loop
    v_width := c_widths[v_unit];
    v_place := start / c_seconds[v_unit] % v_width;
    if v_step % v_width = 0 then
      fields[8 - v_unit] := fields[8 - v_unit] & (1::bigint << v_place);
      v_step := v_step / v_width;
      v_unit := v_unit - 1;
      continue;
    end if;
    v_reached := chime_private.repeat_bit(gcd(v_step, v_width), v_width - 1) << (v_place % gcd(v_step, v_width))::integer;
    if v_width % v_step <> 0 then
      if fields[8 - v_unit] & v_reached = 0 then fields[8 - v_unit] := 0; end if;
      exit;
    end if;
    fields[8 - v_unit] := fields[8 - v_unit] & v_reached;
    v_step := 1;
    v_unit := 4;
  end loop;
  fields[11] := v_unit;
  fields[12] := v_step;
  fields[13] := case v_unit
      when 1 then date_part('year', v_date)
      when 2 then date_part('year', v_date) * 12 + date_part('month', v_date) - 1
      when 3 then chime_private.week_of_day((start / 86400)::integer, fields[14]::integer)
      when 4 then start / 86400
      else start / c_seconds[v_unit] end::bigint % v_step;
  fields[15] := chime_private.repeat_bit(v_step, 62);
  fields[9] := c_seconds[v_unit];
  if fields[5] = 8190 and fields[7] & 30 = 0 and (v_unit > 4 or v_unit > 2 and v_step = 1) then
    fields[7] := fields[7] | 1;
  end if;
  if v_unit > 4 then
    fields[7] := fields[7] | 64
      | case when fields[7] & 1 = 1 and fields[6] = (1::bigint << 42) - 1 and fields[3] = (1 << 24) - 1
          and (v_unit = 5 or fields[2] = (1::bigint << 60) - 1) and (v_unit < 7 or fields[1] = (1::bigint << 60) - 1) then 128 else 0 end;
  end if;
  return fields;
end $$;
comment on function chime_private.compile_rrule_interval is
  'Completes a compiled RRULE by its interval, of which it holds the unit and the length as they are written.';

create or replace function chime_private.compile_rrule(parts jsonb, start bigint, out fields bigint[], out positions integer[])
language plpgsql immutable
as $$
declare
  c_full constant bigint := (1::bigint << 60) - 1;
  v_unit integer := array_position('{YEARLY,MONTHLY,WEEKLY,DAILY,HOURLY,MINUTELY,SECONDLY}', parts ->> 'FREQ');
  v_start timestamp := timestamp '1970-01-01' + start * interval '1 second';
  v_by_day boolean := parts ?| '{BYWEEKNO,BYYEARDAY,BYMONTHDAY,BYDAY}';
  v_day record;
begin
  fields := array_fill(0::bigint, array[20]);
  fields[1] := case when parts ? 'BYSECOND' then chime_private.number_bits(parts -> 'BYSECOND') when v_unit = 7 then c_full
    else 1::bigint << date_part('second', v_start)::integer end;
  -- Second 60 is there for leap seconds, of which no clock here knows.
  fields[1] := (fields[1] & c_full) | ((fields[1] >> 60 & 1) << 59);
  fields[2] := case when parts ? 'BYMINUTE' then chime_private.number_bits(parts -> 'BYMINUTE') when v_unit >= 6 then c_full
    else 1::bigint << date_part('minute', v_start)::integer end;
  fields[3] := case when parts ? 'BYHOUR' then chime_private.number_bits(parts -> 'BYHOUR') when v_unit >= 5 then (1 << 24) - 1
    else 1 << date_part('hour', v_start)::integer end;
  fields[5] := case when parts ? 'BYMONTH' then chime_private.number_bits(parts -> 'BYMONTH')
    when v_unit = 1 and not v_by_day then 1 << date_part('month', v_start)::integer else 8190 end;
  fields[14] := coalesce((parts ->> 'WKST')::integer, 1);
  fields[16] := start;
  fields[17] := 9223372036854775807;

  if parts ? 'BYMONTHDAY' then
    fields[4] := chime_private.number_bits(parts -> 'BYMONTHDAY');
    fields[10] := (select coalesce(bit_or(1::bigint << -n::integer - 1), 0)
                   from jsonb_array_elements_text(parts -> 'BYMONTHDAY') n where n::integer < 0);
    fields[7] := 2;
  elsif v_unit <= 2 and not v_by_day then
    fields[4] := 1::bigint << date_part('day', v_start)::integer;
    fields[7] := 2;
  end if;
  if parts ? 'BYWEEKNO' then
    fields[18] := chime_private.number_bits(parts -> 'BYWEEKNO');
    fields[19] := (select coalesce(bit_or(1::bigint << -n::integer), 0) from jsonb_array_elements_text(parts -> 'BYWEEKNO') n where n::integer < 0);
    fields[7] := fields[7] | 8;
  end if;
  fields[6] := 127;
  if parts ? 'BYDAY' then
    fields[6] := 0;
    for v_day in select (d ->> 'day')::integer as day, (d ->> 'nth')::integer as nth from jsonb_array_elements(parts -> 'BYDAY') d loop
      if v_day.nth is null or v_unit = 3 then
        fields[6] := fields[6] | (1 << v_day.day);
      else
        if fields[7] & 16 = 0 then
          fields := fields || array_fill(0::bigint, array[14]);
          fields[7] := fields[7] | 16 | case when v_unit = 1 and not parts ? 'BYMONTH' then 32 else 0 end;
        end if;
        fields[21 + v_day.day + case when v_day.nth < 0 then 7 else 0 end] :=
          fields[21 + v_day.day + case when v_day.nth < 0 then 7 else 0 end] | (1::bigint << abs(v_day.nth));
      end if;
    end loop;
  elsif v_unit = 3 or fields[7] & 8 = 8 and not parts ?| '{BYYEARDAY,BYMONTHDAY}' then
    fields[6] := 1 << date_part('dow', v_start)::integer;
  end if;
  fields[6] := fields[6] * 34630287489;  -- 1 + 2^7 + 2^14 + 2^21 + 2^28 + 2^35: seven bits, six times
  if parts ? 'BYYEARDAY' then
    fields := fields || array_fill(0::bigint, array[34 - cardinality(fields)]) || chime_private.rrule_year_days(parts -> 'BYYEARDAY');
    fields[7] := fields[7] | 4;
  end if;

  if parts ? 'BYSETPOS' and v_unit <= 5 then
    fields[20] := v_unit;
    positions := array(select distinct n::integer from jsonb_array_elements_text(parts -> 'BYSETPOS') n);
  elsif parts ? 'BYSETPOS' then
    -- Within a minute the choice is the same each time; a second holds one time to choose from.
    fields[1] := (
      select coalesce(bit_or(1::bigint << s.second), 0)
      from (select second, row_number() over w as place, row_number() over (order by second desc) as place_from_end
            from generate_series(0, 59) second where v_unit = 6 and fields[1] >> second & 1 = 1 window w as (order by second)) s
      where parts -> 'BYSETPOS' @> to_jsonb(s.place) or parts -> 'BYSETPOS' @> to_jsonb(-s.place_from_end))
      | case when v_unit = 7 and (parts -> 'BYSETPOS' @> '1' or parts -> 'BYSETPOS' @> '-1') then fields[1] else 0 end;
  end if;
  fields[11] := v_unit;
  fields[12] := coalesce((parts ->> 'INTERVAL')::integer, 1);
  fields := chime_private.compile_rrule_interval(fields, start);
  if fields[1] = 0 or fields[2] = 0 or fields[3] = 0 then
    fields := null;
  else
    fields[8] := chime_private.lowest_bit(fields[3]) * 3600 + chime_private.lowest_bit(fields[2]) * 60 + chime_private.lowest_bit(fields[1]);
  end if;
end $$;
comment on function chime_private.compile_rrule is
  'Compiles the parts of an RRULE whose DTSTART is this wall second; null where no second of any day can match.';
