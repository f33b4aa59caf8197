-- The interval of a compiled RRULE (12_rrule_compile.sql). One of hours, minutes or seconds that a day divides into becomes
-- plain hours, minutes and seconds; what is left is searched in steps (12_rrule_steps.sql).

create or replace function chime_private.repeat_bit(step bigint, most integer) returns bigint
language sql immutable parallel safe
as $$ select bit_or(1::bigint << n::integer) from generate_series(0::bigint, most, step) n $$;
comment on function chime_private.repeat_bit is 'Bits 0, step, 2 * step, ..., up to most.';

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
