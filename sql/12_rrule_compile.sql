-- From the parts of an RRULE and its DTSTART to numbers that a search only has to shift and mask. What a rule leaves out
-- is taken from DTSTART here, and an interval that a day divides into becomes plain hours, minutes and seconds.
--
--   [1] seconds, [2] minutes, [3] hours: bit n = value n; [4] days of the month, [5] months likewise, all as in 10_cron_parse.sql
--   [6] weekdays: bit n = weekday n % 7, 0 = Sunday, six weeks in a row
--   [7] flags: 1 = weekdays alone decide on a day, 2 = [4] or [10] limits, 4 = days of the year limit, 8 = weeks of the year
--       limit, 16 = numbered weekdays, 32 = they are numbered within the year, 64 = an interval in steps (12_rrule_steps.sql),
--       128 = such a one that nothing else limits, 256 = BYSETPOS chooses among the days of a month, each of which has one time
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

create or replace function chime_private.choose_seconds(seconds bigint, positions jsonb, unit integer) returns bigint
language sql immutable parallel safe
as $$
  -- Within a minute the choice is the same each time; a second holds one time to choose from.
  select case when unit = 6 then (
      select coalesce(bit_or(1::bigint << s.second), 0)
      from (select n as second, row_number() over (order by n) as place, row_number() over (order by n desc) as from_end
            from generate_series(0, 59) n where seconds >> n & 1 = 1) s
      where positions @> to_jsonb(s.place) or positions @> to_jsonb(-s.from_end))
    when positions @> '1' or positions @> '-1' then seconds else 0 end
$$;
comment on function chime_private.choose_seconds is
  'The seconds that BYSETPOS leaves of a MINUTELY (unit 6) or SECONDLY rule.';

create or replace function chime_private.week_months(weeks jsonb) returns bigint
language sql immutable parallel safe
as $$
  -- A week starts up to three days away from where it would if each year began with one; a leap year has a day more.
  select bit_or(1::bigint << date_part('month', date '2023-01-01' + d)::integer)
  from jsonb_array_elements_text(weeks) n,
    generate_series(case when n::integer > 0 then 7 * n::integer - 11 else 361 + 7 * n::integer end,
                    case when n::integer > 0 then 7 * n::integer + 3 else 376 + 7 * n::integer end) d
$$;
comment on function chime_private.week_months is 'The months that these weeks of BYWEEKNO may reach into: bit n = month n.';

create or replace function chime_private.compile_rrule_days(fields bigint[], parts jsonb, start timestamp) returns bigint[]
language plpgsql immutable
as $$
declare
  v_by_day boolean := parts ?| '{BYWEEKNO,BYYEARDAY,BYMONTHDAY,BYDAY}';
  v_day record;
  v_place integer;
begin
  fields[5] := case when parts ? 'BYMONTH' then chime_private.number_bits(parts -> 'BYMONTH')
    when fields[11] = 1 and not v_by_day then 1 << date_part('month', start)::integer else 8190 end;
  if parts ? 'BYMONTHDAY' then
    fields[4] := chime_private.number_bits(parts -> 'BYMONTHDAY');
    fields[10] := (select coalesce(bit_or(1::bigint << -n::integer - 1), 0)
                   from jsonb_array_elements_text(parts -> 'BYMONTHDAY') n where n::integer < 0);
    fields[7] := 2;
  elsif fields[11] <= 2 and not v_by_day then
    fields[4] := 1::bigint << date_part('day', start)::integer;
    fields[7] := 2;
  end if;
  if parts ? 'BYWEEKNO' then
    fields[18] := chime_private.number_bits(parts -> 'BYWEEKNO');
    fields[19] := (select coalesce(bit_or(1::bigint << -n::integer), 0) from jsonb_array_elements_text(parts -> 'BYWEEKNO') n where n::integer < 0);
    fields[5] := fields[5] & chime_private.week_months(parts -> 'BYWEEKNO');
    fields[7] := fields[7] | 8;
  end if;
  fields[6] := 127;
  if parts ? 'BYDAY' then
    fields[6] := 0;
    for v_day in select (d ->> 'day')::integer as day, (d ->> 'nth')::integer as nth from jsonb_array_elements(parts -> 'BYDAY') d loop
      if v_day.nth is null or fields[11] = 3 then
        fields[6] := fields[6] | (1 << v_day.day);
      else
        if fields[7] & 16 = 0 then
          fields := fields || array_fill(0::bigint, array[14]);
          fields[7] := fields[7] | 16 | case when fields[11] = 1 and not parts ? 'BYMONTH' then 32 else 0 end;
        end if;
        v_place := 21 + v_day.day + case when v_day.nth < 0 then 7 else 0 end;
        fields[v_place] := fields[v_place] | (1::bigint << abs(v_day.nth));
      end if;
    end loop;
  elsif fields[11] = 3 or fields[7] & 8 = 8 and not parts ?| '{BYYEARDAY,BYMONTHDAY}' then
    fields[6] := 1 << date_part('dow', start)::integer;
  end if;
  fields[6] := fields[6] * 34630287489;  -- 1 + 2^7 + 2^14 + 2^21 + 2^28 + 2^35: seven bits, six times
  if parts ? 'BYYEARDAY' then
    fields := fields || array_fill(0::bigint, array[34 - cardinality(fields)]) || chime_private.rrule_year_days(parts -> 'BYYEARDAY');
    fields[7] := fields[7] | 4;
  end if;
  return fields;
end $$;
comment on function chime_private.compile_rrule_days is
  'Completes a compiled RRULE, of which it holds the unit, by the days that its parts and its DTSTART name.';

create or replace function chime_private.compile_rrule(parts jsonb, start bigint, out fields bigint[], out positions integer[])
language plpgsql immutable
as $$
declare
  c_full constant bigint := (1::bigint << 60) - 1;
  v_unit integer := array_position('{YEARLY,MONTHLY,WEEKLY,DAILY,HOURLY,MINUTELY,SECONDLY}', parts ->> 'FREQ');
  v_start timestamp := timestamp '1970-01-01' + start * interval '1 second';
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
  fields[11] := v_unit;
  fields[12] := coalesce((parts ->> 'INTERVAL')::integer, 1);
  fields[14] := coalesce((parts ->> 'WKST')::integer, 1);
  fields[16] := start;
  fields[17] := 9223372036854775807;

  fields := chime_private.compile_rrule_days(fields, parts, v_start);
  if v_unit <= 5 and parts ? 'BYSETPOS' then
    fields[20] := v_unit;
    positions := array(select distinct n::integer from jsonb_array_elements_text(parts -> 'BYSETPOS') n);
  elsif parts ? 'BYSETPOS' then
    fields[1] := chime_private.choose_seconds(fields[1], parts -> 'BYSETPOS', v_unit);
  end if;
  fields := chime_private.compile_rrule_interval(fields, start);
  if fields[1] = 0 or fields[2] = 0 or fields[3] = 0 then
    fields := null;
  else
    fields[8] := chime_private.lowest_bit(fields[3]) * 3600 + chime_private.lowest_bit(fields[2]) * 60 + chime_private.lowest_bit(fields[1]);
    if fields[20] = 2 and bit_count(fields[3]::bit(24)) * bit_count(fields[2]::bit(60)) * bit_count(fields[1]::bit(60)) = 1 then
      fields[7] := fields[7] | 256;
    end if;
  end if;
end $$;
comment on function chime_private.compile_rrule is
  'Compiles the parts of an RRULE whose DTSTART is this wall second; null where no second of any day can match.';
