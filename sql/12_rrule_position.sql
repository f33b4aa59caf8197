-- BYSETPOS. A period is a year, month, week, day or hour: what it chooses within.

create or replace function chime_private.rrule_period(fields bigint[], wall bigint, out low bigint, out high bigint)
language plpgsql immutable parallel safe
as $$
declare
  v_day integer := wall / 86400;
  v_date date := date '1970-01-01' + v_day;
begin
  case fields[20]
    when 1 then
      low := chime_private.month_start(date_part('year', v_date)::integer, 1) * 86400::bigint;
      high := chime_private.month_start(date_part('year', v_date)::integer + 1, 1) * 86400::bigint;
    when 2 then
      v_day := v_day - date_part('day', v_date)::integer + 1;
      low := v_day * 86400::bigint;
      high := low + chime_private.month_days(date_part('year', v_date)::integer, date_part('month', v_date)::integer) * 86400;
    when 3 then
      low := greatest(0, chime_private.week_of_day(v_day, fields[14]::integer) * 7 - (11 - fields[14]) % 7) * 86400;
      high := (chime_private.week_of_day(v_day, fields[14]::integer) * 7 - (11 - fields[14]) % 7 + 7) * 86400;
    when 4 then
      low := v_day * 86400::bigint;
      high := low + 86400;
    else
      low := wall / 3600 * 3600;
      high := low + 3600;
  end case;
end $$;
comment on function chime_private.rrule_period is 'The period that a wall second lies in: from low up to, not including, high.';

create or replace function chime_private.rrule_reach(fields bigint[], wall bigint) returns bigint
language sql immutable parallel safe
as $$ select least(fields[17], wall + case fields[12] when 1 then 1293840000 else 12622780800 end) $$;
comment on function chime_private.rrule_reach is
  'How far a search from a wall second on need go: 41 years, or 400 where the interval leaves some out (see rrule_next_day), or to the end of the rule.';

create or replace function chime_private.rrule_month_position_next(fields bigint[], positions integer[], wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  c_most constant integer := 400;
  v_last bigint := chime_private.rrule_reach(fields, wall);
  v_day integer := wall / 86400 + case when wall % 86400 > fields[8] then 1 else 0 end;
  v_date date;
  v_first integer;
  v_days integer;
  v_bits bigint;
  v_one bigint;
  v_chosen bigint;
begin
  for v_month in 1..c_most loop
    v_date := date '1970-01-01' + v_day;
    v_first := v_day - date_part('day', v_date)::integer + 1;
    v_days := chime_private.month_days(date_part('year', v_date)::integer, date_part('month', v_date)::integer);
    v_bits := chime_private.rrule_month_days(fields, date_part('year', v_date)::integer, date_part('month', v_date)::integer, v_first, v_days);
    v_chosen := 0;
    for v_index in 1..cardinality(positions) loop
      v_one := v_bits;
      if positions[v_index] > 0 then
        for v_lower in 2..least(positions[v_index], 32) loop v_one := v_one & v_one - 1; end loop;
        v_chosen := v_chosen | (v_one & -v_one);
      else
        for v_higher in 2..least(-positions[v_index], 32) loop
          v_one := v_one & ~(1::bigint << 32 - position(B'1' in v_one::bit(32)));
        end loop;
        if v_one <> 0 then v_chosen := v_chosen | (1::bigint << 32 - position(B'1' in v_one::bit(32))); end if;
      end if;
    end loop;
    v_chosen := v_chosen >> v_day - v_first + 1;
    if v_chosen <> 0 then
      return (v_day + chime_private.lowest_bit(v_chosen)) * 86400::bigint + fields[8];
    end if;
    -- To the next month that has any day at all.
    v_day := chime_private.rrule_next_day(fields, v_first + v_days);
    exit when v_day is null or v_day * 86400::bigint > v_last;
  end loop;
  return null;
end $$;
comment on function chime_private.rrule_month_position_next is
  'rrule_position_next where a month is chosen from and a day has one time: the last weekday of the month, the second Friday or Saturday.';

create or replace function chime_private.rrule_position_next(fields bigint[], positions integer[], wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  c_most constant integer := case fields[20] when 1 then 100 else 400 end;
  v_last bigint := chime_private.rrule_reach(fields, wall);
  v_wall bigint := wall;
  v_period record;
  v_total bigint;
  v_before bigint;
  v_rank bigint;
begin
  for v_try in 1..c_most loop
    v_wall := chime_private.rrule_base_next(fields, v_wall);
    exit when v_wall is null or v_wall > v_last;
    v_period := chime_private.rrule_period(fields, v_wall);
    v_before := chime_private.rrule_base_count(fields, v_period.low, v_wall);
    v_total := v_before + chime_private.rrule_base_count(fields, v_wall, v_period.high);
    v_rank := null;
    for v_index in 1..cardinality(positions) loop
      v_rank := least(v_rank, case
        when positions[v_index] > v_before and positions[v_index] <= v_total then positions[v_index] - 1
        when positions[v_index] < 0 and v_total + positions[v_index] >= v_before then v_total + positions[v_index] end);
    end loop;
    if v_rank is not null then
      return chime_private.rrule_base_element(fields, v_period.low, v_rank::integer);
    end if;
    exit when fields[20] >= 4 and v_before = 0;  -- days and hours are alike: no other will have one
    v_wall := v_period.high;
  end loop;
  return null;
end $$;
comment on function chime_private.rrule_position_next is
  'The first wall second that BYSETPOS leaves, at wall or later; null where none has one of the next hundred years that hold anything, '
  'or four hundred shorter periods, nor any that ever comes.';

create or replace function chime_private.rrule_position_count(fields bigint[], positions integer[], low bigint, high bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_wall bigint := low;
  v_period record;
  v_total bigint;
  v_from bigint;
  v_to bigint;
  v_chosen bigint;
  v_count bigint := 0;
  -- Days and hours are alike, weeks too where months do not cut any short: one stands for all that lie within.
  v_alike boolean := fields[7] & 64 = 0 and (fields[20] >= 4 or fields[20] = 3 and fields[5] = 8190);
begin
  loop
    v_wall := chime_private.rrule_base_next(fields, v_wall);
    exit when v_wall is null or v_wall >= high;
    v_period := chime_private.rrule_period(fields, v_wall);
    v_total := chime_private.rrule_base_count(fields, v_period.low, v_period.high);
    v_from := case when low > v_period.low then chime_private.rrule_base_count(fields, v_period.low, low) else 0 end;
    v_to := case when high < v_period.high then chime_private.rrule_base_count(fields, v_period.low, high) else v_total end;
    v_chosen := (
      select count(distinct case when p > 0 then p - 1 else v_total + p end)
      from unnest(positions) p
      where case when p > 0 then p - 1 else v_total + p end between v_from and v_to - 1);
    v_count := v_count + v_chosen;
    v_wall := v_period.high;
    if v_alike and v_from = 0 and v_to = v_total then
      v_period := chime_private.rrule_period(fields, high);
      v_count := v_count + v_chosen * (chime_private.rrule_base_count(fields, v_wall, greatest(v_wall, v_period.low)) / v_total);
      v_wall := greatest(v_wall, v_period.low);
      v_alike := false;
    end if;
  end loop;
  return v_count;
end $$;
comment on function chime_private.rrule_position_count is
  'How many wall seconds BYSETPOS leaves from low up to, not including, high; the cost grows with the periods between, of months and years.';
