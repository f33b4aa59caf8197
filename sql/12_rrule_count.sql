-- How many wall seconds an RRULE names between two of them, and the whole of its search.

create or replace function chime_private.rrule_base_count(fields bigint[], low bigint, high bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_day_total bigint := bit_count(fields[3]::bit(24)) * bit_count(fields[2]::bit(60)) * bit_count(fields[1]::bit(60));
  v_low_day integer := low / 86400;
  v_high_day integer := high / 86400;
  v_day integer := v_low_day;
  v_date date;
  v_first integer;
  v_days integer;
  v_bits bigint;
  v_count bigint := 0;
begin
  if fields[7] & 64 = 64 then
    return chime_private.rrule_step_count(fields, low, high);
  end if;
  while v_day <= v_high_day loop
    v_date := date '1970-01-01' + v_day;
    v_first := v_day - date_part('day', v_date)::integer + 1;
    v_days := chime_private.month_days(date_part('year', v_date)::integer, date_part('month', v_date)::integer);
    v_bits := chime_private.rrule_month_days(fields, date_part('year', v_date)::integer, date_part('month', v_date)::integer, v_first, v_days) >> 1;
    -- Whole days from the first bound up to, not including, the second; then the two parts of days.
    v_count := v_count + v_day_total * bit_count((v_bits
      & (1::bigint << least(v_high_day - v_first, 31)) - (1::bigint << v_day - v_first))::bit(32));
    if v_day = v_low_day and v_bits >> v_low_day - v_first & 1 = 1 then
      v_count := v_count - chime_private.cron_count_seconds(fields, (low % 86400)::integer);
    end if;
    if v_high_day < v_first + v_days and v_bits >> v_high_day - v_first & 1 = 1 then
      v_count := v_count + chime_private.cron_count_seconds(fields, (high % 86400)::integer);
    end if;
    v_day := v_first + v_days;
  end loop;
  return v_count;
end $$;
comment on function chime_private.rrule_base_count is
  'How many wall seconds an RRULE names from low up to, not including, high, whatever BYSETPOS and the ends of the rule say; '
  'the cost grows with the months between.';

create or replace function chime_private.rrule_next(fields bigint[], positions integer[], wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_wall bigint := greatest(wall, fields[16]);
begin
  if positions is null then
    v_wall := chime_private.rrule_base_next(fields, v_wall);
  elsif fields[7] & 256 = 256 then
    v_wall := chime_private.rrule_month_position_next(fields, positions, v_wall);
  else
    v_wall := chime_private.rrule_position_next(fields, positions, v_wall);
  end if;
  return case when v_wall <= fields[17] then v_wall end;
end $$;
comment on function chime_private.rrule_next is
  'The first wall second that an RRULE names, at wall or later; null where there is none.';

create or replace function chime_private.rrule_count(fields bigint[], positions integer[], low bigint, high bigint) returns bigint
language plpgsql immutable parallel safe
as $$
begin
  low := greatest(low, fields[16]);
  if high > fields[17] then high := fields[17] + 1; end if;
  if high <= low then
    return 0;
  elsif positions is null then
    return chime_private.rrule_base_count(fields, low, high);
  end if;
  return chime_private.rrule_position_count(fields, positions, low, high);
end $$;
comment on function chime_private.rrule_count is 'How many wall seconds an RRULE names, from low up to, not including, high.';
