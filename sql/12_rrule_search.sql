-- The wall seconds that a compiled RRULE names, one after the other, BYSETPOS and the ends of the rule left aside.

create or replace function chime_private.rrule_next_second(fields bigint[], second integer) returns integer
language plpgsql immutable parallel safe
as $$
declare
  v_hour integer := second / 3600;
  v_minute integer;
  v_bits bigint;
begin
  if second <= fields[8] then return fields[8]; end if;
  if fields[3] >> v_hour & 1 = 1 then
    v_minute := second % 3600 / 60;
    if fields[2] >> v_minute & 1 = 1 then
      v_bits := fields[1] >> second % 60;
      if v_bits <> 0 then return second + chime_private.lowest_bit(v_bits); end if;
    end if;
    v_bits := fields[2] >> v_minute + 1;
    if v_bits <> 0 then
      return v_hour * 3600 + (v_minute + 1 + chime_private.lowest_bit(v_bits)) * 60 + fields[8] % 60;
    end if;
  end if;
  v_bits := fields[3] >> v_hour + 1;
  if v_bits <> 0 then
    return (v_hour + 1 + chime_private.lowest_bit(v_bits)) * 3600 + fields[8] % 3600;
  end if;
  return null;
end $$;
comment on function chime_private.rrule_next_second is
  'The first matching second of a matching day at this second of the day or later; null where there is none that day.';

create or replace function chime_private.rrule_base_next(fields bigint[], wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_day integer := wall / 86400;
  v_second integer;
  v_next integer;
begin
  if fields[7] & 64 = 64 then
    return chime_private.rrule_step_next(fields, wall);
  end if;
  v_second := chime_private.rrule_next_second(fields, (wall % 86400)::integer);
  if v_second is null then v_day := v_day + 1; end if;
  v_next := chime_private.rrule_next_day(fields, v_day);
  if v_next > v_day or v_second is null then v_second := fields[8]; end if;
  return v_next * 86400::bigint + v_second;
end $$;
comment on function chime_private.rrule_base_next is
  'The first wall second that an RRULE names, at wall or later, whatever BYSETPOS and the ends of the rule say; null where '
  'there is none within reach.';

create or replace function chime_private.nth_bit(bits bigint, nth integer) returns integer
language plpgsql immutable parallel safe
as $$
begin
  for v_lower in 1..nth loop
    bits := bits & bits - 1;
  end loop;
  return chime_private.lowest_bit(bits);
end $$;
comment on function chime_private.nth_bit is 'The number of the bit above this many lower ones that are set.';

create or replace function chime_private.rrule_base_element(fields bigint[], low bigint, rank integer) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_seconds integer := bit_count(fields[1]::bit(60));
  v_minutes integer := bit_count(fields[2]::bit(60));
  v_hours integer := bit_count(fields[3]::bit(24));
  v_day integer := low / 86400;
  v_place integer := rank / (v_seconds * v_minutes * v_hours);  -- among the matching days
  v_month date;
  v_first integer;
  v_days integer;
  v_bits bigint;
begin
  if fields[20] = 5 then
    return low + chime_private.nth_bit(fields[2], rank / v_seconds) * 60 + chime_private.nth_bit(fields[1], rank % v_seconds);
  end if;
  loop
    v_month := date_trunc('month', date '1970-01-01' + v_day);
    v_first := v_month - date '1970-01-01';
    v_days := chime_private.month_days(date_part('year', v_month)::integer, date_part('month', v_month)::integer);
    v_bits := chime_private.rrule_month_days(fields, date_part('year', v_month)::integer, date_part('month', v_month)::integer, v_first, v_days);
    v_bits := v_bits >> v_day - v_first + 1 << v_day - v_first + 1;
    exit when v_place < bit_count(v_bits::bit(64));
    v_place := v_place - bit_count(v_bits::bit(64));
    v_day := v_first + v_days;
  end loop;
  v_day := v_first - 1 + chime_private.nth_bit(v_bits, v_place);
  rank := rank % (v_seconds * v_minutes * v_hours);
  return v_day * 86400::bigint
    + chime_private.nth_bit(fields[3], rank / (v_seconds * v_minutes)) * 3600
    + chime_private.nth_bit(fields[2], rank / v_seconds % v_minutes) * 60
    + chime_private.nth_bit(fields[1], rank % v_seconds);
end $$;
comment on function chime_private.rrule_base_element is
  'Of the wall seconds that an RRULE names from low on, the one after this many others. From a day on, or within an hour that matches.';
