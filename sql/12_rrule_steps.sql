-- Intervals of hours, minutes or seconds that no day divides into: every 5 hours, every 7 minutes. From candidate to
-- candidate, jumping over days, hours and minutes that do not match; where that takes long, the times of day that match are
-- solved for (12_rrule_congruence.sql). Bounded: after so many tries, or 100 years, there is nothing.

create or replace function chime_private.rrule_step_next(fields bigint[], wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  c_jumps constant integer := case fields[7] & 1 when 1 then 50 else 120 end;  -- other days than weekdays are not solved for
  c_most constant integer := case fields[7] & 1 when 1 then 600 else 400 end;
  v_last bigint := least(fields[17], wall + greatest(3155760000, fields[9] * fields[12]));  -- a hundred years; an interval may be as long
  v_unit integer := fields[9];
  v_away bigint;
  v_day integer := -1;   -- known to match
  v_next integer;
  v_second integer;
  v_bits bigint;
  v_circle record;
begin
  for v_try in 1..c_most loop
    v_away := ((fields[13] - wall / v_unit) % fields[12] + fields[12]) % fields[12];
    if v_away > 0 then wall := (wall / v_unit + v_away) * v_unit; end if;
    exit when wall > v_last;
    if v_try >= c_jumps and v_circle is null and wall % v_unit = 0 then
      v_circle := chime_private.rrule_step_circle(fields);
      if v_circle.lows is not null then
        return chime_private.rrule_step_solve(fields, v_circle.size, v_circle.lows, v_circle.highs, wall, v_last);
      end if;
    end if;

    if wall / 86400 <> v_day then
      v_next := wall / 86400;
      v_day := chime_private.rrule_next_day(fields, v_next);
      if v_day is null then return null; end if;
      if v_day > v_next then wall := v_day * 86400::bigint; continue; end if;
    end if;
    v_second := wall % 86400;
    v_bits := fields[3] >> v_second / 3600;
    if v_bits & 1 = 0 then
      wall := case when v_bits = 0 then (v_day + 1) * 86400::bigint
        else v_day * 86400::bigint + (v_second / 3600 + chime_private.lowest_bit(v_bits)) * 3600 end;
      continue;
    end if;
    v_bits := fields[2] >> v_second % 3600 / 60;
    if v_bits & 1 = 0 then
      v_second := case when v_bits = 0 then v_second / 3600 * 3600 + 3600
        else v_second / 60 * 60 + chime_private.lowest_bit(v_bits) * 60 end;
      wall := v_day * 86400::bigint + v_second;
      continue;
    end if;
    v_bits := fields[1] >> v_second % 60;
    if v_bits & 1 = 1 then return wall; end if;
    wall := wall + case when v_bits = 0 then 60 - v_second % 60 else chime_private.lowest_bit(v_bits) end;
  end loop;
  return null;
end $$;
comment on function chime_private.rrule_step_next is
  'The first wall second, at wall or later, of an RRULE whose interval is in steps; null where there is none within reach.';

create or replace function chime_private.rrule_step_total(fields bigint[], wall bigint) returns bigint
language sql immutable parallel safe
as $$
  select (wall / fields[9] + fields[12] - 1 - fields[13]) / fields[12]
      * chime_private.cron_count_seconds(f.one, fields[9]::integer)
    + case when wall / fields[9] % fields[12] = fields[13]
        then chime_private.cron_count_seconds(f.one, (wall % fields[9])::integer) else 0 end
  from (select array[case fields[9] when 1 then 1 else fields[1] end, case fields[9] when 3600 then fields[2] else 1 end, 1]) f(one)
$$;
comment on function chime_private.rrule_step_total is
  'How many wall seconds before this one, since 1970, an RRULE names whose interval is in steps and which nothing else limits.';

create or replace function chime_private.rrule_step_day_count(
  fields bigint[], day integer, low integer, high integer
) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_unit integer := fields[9];
  v_step bigint := fields[12];
  v_larger integer := case v_unit when 3600 then 86400 else v_unit * 60 end;  -- a day of hours, an hour of minutes, a minute of seconds
  v_field bigint := fields[case v_unit when 3600 then 3 when 60 then 2 else 1 end];
  v_one bigint[];
  v_away bigint;
  v_bits bigint;
  v_second integer := low / v_larger * v_larger;
  v_count bigint := 0;
begin
  v_one := array[fields[1], case v_unit when 3600 then fields[2] else 1 end, 1];
  while v_second < high loop
    if v_unit < 3600 and fields[3] >> v_second / 3600 & 1 = 0 then
      v_second := v_second / 3600 * 3600 + 3600;
      continue;
    end if;
    if v_unit = 3600 or v_unit = 60 or fields[2] >> v_second % 3600 / 60 & 1 = 1 then
      v_away := ((fields[13] - (day * 86400::bigint + v_second) / v_unit) % v_step + v_step) % v_step;
      v_bits := case when v_away >= 60 then 0 else v_field & (fields[15] << v_away::integer) end;
      if v_bits = 0 then
        null;
      elsif v_second >= low and v_second + v_larger <= high then
        v_count := v_count + bit_count(v_bits::bit(64)) * case v_unit
          when 3600 then bit_count(fields[2]::bit(60)) * bit_count(fields[1]::bit(60)) when 60 then bit_count(fields[1]::bit(60)) else 1 end;
      else
        v_one[case v_unit when 3600 then 3 when 60 then 2 else 1 end] := v_bits;
        v_count := v_count + chime_private.cron_count_seconds(v_one, least(high - v_second, v_larger))
          - chime_private.cron_count_seconds(v_one, greatest(low - v_second, 0));
      end if;
    end if;
    v_second := v_second + v_larger;
  end loop;
  return v_count;
end $$;
comment on function chime_private.rrule_step_day_count is
  'How many seconds of a day, from low up to, not including, high, an RRULE names whose interval is in steps and which names that day.';

create or replace function chime_private.rrule_step_count(fields bigint[], low bigint, high bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_day integer := low / 86400;
  v_count bigint := 0;
begin
  if fields[7] & 128 = 128 then
    return chime_private.rrule_step_total(fields, high) - chime_private.rrule_step_total(fields, low);
  end if;
  loop
    v_day := chime_private.rrule_next_day(fields, v_day);
    exit when v_day is null or v_day * 86400::bigint >= high;
    v_count := v_count + chime_private.rrule_step_day_count(fields, v_day,
      greatest(low - v_day * 86400::bigint, 0)::integer, least(high - v_day * 86400::bigint, 86400)::integer);
    v_day := v_day + 1;
  end loop;
  return v_count;
end $$;
comment on function chime_private.rrule_step_count is
  'How many wall seconds, from low up to, not including, high, an RRULE names whose interval is in steps; the cost grows '
  'with the hours between, with the minutes where the steps are seconds and something else limits them.';
