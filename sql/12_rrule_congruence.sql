-- When the steps of an interval come to a time of day that matches: every 1009 minutes at 09:00, once in 1009 days. A day is a circle
-- of steps; where the interval lands on it, and when first within a stretch, is a congruence, and Euclid's algorithm solves it.

create or replace function chime_private.first_multiple(step bigint, modulus bigint, low bigint, high bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_times bigint;
begin
  if low = 0 then return 0; end if;
  if step = 0 then return null; end if;
  v_times := (low + step - 1) / step;
  if v_times * step <= high then return v_times; end if;
  -- No multiple lies between without a turn of the circle: how many turns it takes is the same question, asked of the remainders.
  v_times := chime_private.first_multiple(modulus % step, step, (step - high % step) % step, (step - low % step) % step);
  return (low + modulus * v_times + step - 1) / step;
end $$;
comment on function chime_private.first_multiple is
  'How often step is added, from 0 on, until the sum modulo modulus is low to high (0 <= low <= high < modulus, step < modulus); '
  'null where it never is.';

create or replace function chime_private.bit_runs(bits bigint, width integer, out lows integer[], out highs integer[])
language sql immutable parallel safe
as $$
  select array_agg(f.n order by f.n) filter (where f.n = 0 or bits >> f.n - 1 & 1 = 0),
    array_agg(f.n order by f.n) filter (where bits >> f.n + 1 & 1 = 0)
  from generate_series(0, width - 1) f(n)
  where bits >> f.n & 1 = 1
$$;
comment on function chime_private.bit_runs is 'The runs of set bits: the first and the last of each.';

create or replace function chime_private.rrule_step_circle(
  fields bigint[], out size integer, out lows integer[], out highs integer[]
)
language plpgsql immutable parallel safe
as $$
declare
  c_most constant integer := case fields[7] & 1 when 1 then 300 else 60 end;  -- once for weekdays; for each day that is tried else
  c_widths constant integer[] := '{60,60,24,7}';
  c_whole constant bigint[] := array[(1::bigint << 60) - 1, (1::bigint << 60) - 1, (1 << 24) - 1, 127];
  v_levels bigint[] := fields[1:3] || case fields[7] & 1 when 1 then fields[6] >> 4 & 127 else 127 end;  -- 1970 began on a Thursday
  v_runs record;
begin
  size := 1;
  lows := '{0}';
  highs := '{0}';
  for v_level in case fields[9] when 3600 then 3 when 60 then 2 else 1 end .. 4 loop
    -- Where all that is larger matches, the circle is the smaller one.
    exit when v_levels[v_level:4] = c_whole[v_level:4];
    if lows = '{0}' and highs[1] = size - 1 then
      v_runs := chime_private.bit_runs(v_levels[v_level], c_widths[v_level]);
      lows := array(select l * size from unnest(v_runs.lows) l);
      highs := array(select h * size + size - 1 from unnest(v_runs.highs) h);
    elsif cardinality(lows) * bit_count(v_levels[v_level]::bit(64)) > c_most then
      lows := null;
      return;
    else
      select array_agg(n * size + l), array_agg(n * size + h) into lows, highs
      from generate_series(0, c_widths[v_level] - 1) n, unnest(lows, highs) r(l, h)
      where v_levels[v_level] >> n & 1 = 1;
    end if;
    size := size * c_widths[v_level];
  end loop;
end $$;
comment on function chime_private.rrule_step_circle is
  'The circle of steps, a week or less, that the parts of an RRULE repeat themselves in, those that name months or days of them left aside, and '
  'the stretches of it that they leave; lows is null where those are too many to solve for.';

create or replace function chime_private.rrule_step_solve(
  fields bigint[], size integer, lows integer[], highs integer[], wall bigint, last bigint
) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_unit integer := fields[9];
  v_step bigint := fields[12];
  v_rest integer := case v_unit when 3600 then fields[8] % 3600 when 60 then fields[8] % 60 else 0 end;
  v_left integer := 200;  -- stretches to solve for; a day costs as much as some
  v_at bigint;
  v_day integer;
begin
  while v_left > 0 loop
    v_at := wall / v_unit;
    v_at := v_at + ((fields[13] - v_at) % v_step + v_step) % v_step;
    v_at := v_at + v_step * (
      select min(case when v_at % size between r.low and r.high then 0
        else chime_private.first_multiple(v_step % size, size, (r.low - v_at % size + size) % size, (r.high - v_at % size + size) % size) end)
      from unnest(lows, highs) r(low, high));
    wall := v_at * v_unit + v_rest;
    exit when wall is null or wall > last;
    v_day := chime_private.rrule_next_day(fields, (wall / 86400)::integer);
    if v_day = wall / 86400 then return wall; end if;
    exit when v_day is null;
    wall := v_day * 86400::bigint;
    v_left := v_left - cardinality(lows) - 10;
  end loop;
  return null;
end $$;
comment on function chime_private.rrule_step_solve is
  'The first wall second of an RRULE whose interval is in steps, from the beginning of a step on and not after last, where it is one of '
  'these stretches of a circle; null where there is none within reach.';
