-- The next fires of a single rule, with a word on each that a clock change touched.

create or replace function chime_private.fire_note(rule chime_private.rule, fire timestamptz) returns text
language plpgsql stable
as $$
declare
  v_second bigint := date_part('epoch', date_trunc('second', fire));
  v_wall bigint := v_second + chime_private.utc_offset(v_second, rule.timezone);
  v_change bigint := coalesce(
    chime_private.clock_change(v_second - 93600, v_second, rule.timezone),
    chime_private.clock_change(v_second, v_second + 93600, rule.timezone));
  v_before integer;
  v_after integer;
  v_nominal bigint;
  v_clock text := to_char(fire at time zone rule.timezone, 'HH24:MI');
begin
  if v_change is null or rule.microseconds > 0 or rule.kind = 'at' and rule.wall is null then return null; end if;
  v_before := chime_private.utc_offset(v_change - 1, rule.timezone);
  v_after := chime_private.utc_offset(v_change, rule.timezone);

  if v_after < v_before and v_wall between v_change + v_after and v_change + v_before - 1 then
    return format('%s happens twice, clocks go back %s: this is the %s time', v_clock,
      chime_private.clock_span(v_before - v_after), case when v_second < v_change then 'first' else 'second' end);
  elsif v_after > v_before and not rule.real_time and v_second >= v_change and v_second < v_change + v_after - v_before then
    v_nominal := case
      when rule.kind = 'at' then date_part('epoch', rule.wall)
      when rule.dst_gap = 'shift' then chime_private.wall_next(rule, v_wall - v_after + v_before)
      when v_second = v_change then chime_private.wall_next(rule, v_change + v_before) end;
    if v_nominal >= v_change + v_before and v_nominal < v_change + v_after
      and (rule.dst_gap <> 'shift' or v_nominal = v_wall - v_after + v_before) then
      return format('%s does not exist, clocks go forward %s: fires at %s',
        to_char(timestamp '1970-01-01' + v_nominal * interval '1 second', 'HH24:MI'),
        chime_private.clock_span(v_after - v_before), v_clock);
    end if;
  end if;
  return null;
end $$;
comment on function chime_private.fire_note is 'What a clock change did to a fire; null where it did nothing.';

create or replace function chime_private.clock_span(seconds integer) returns text
language sql immutable
as $$
  select case
    when seconds % 3600 = 0 then seconds / 3600 || case seconds when 3600 then ' hour' else ' hours' end
    else seconds / 60 || ' minutes' end
$$;
comment on function chime_private.clock_span is 'How far a clock moved, in words.';

create or replace function chime_private.preview_rule(rule chime_private.rule, after timestamptz, count integer)
returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable
as $$
begin
  scheduled_for := after;
  for v_index in 1..count loop
    scheduled_for := chime_private.next_fire(rule, scheduled_for);
    exit when scheduled_for is null;
    local_time := scheduled_for at time zone rule.timezone;
    note := chime_private.fire_note(rule, scheduled_for);
    return next;
  end loop;
end $$;
comment on function chime_private.preview_rule is 'The next fires of a compiled rule, each strictly later than `after`.';

create or replace function chime_private.check_preview(after timestamptz, count integer) returns void
language plpgsql immutable
as $$
begin
  if count is null or count not between 1 and 1000 then
    perform chime_private.fail('CH007', format('count must be between 1 and 1000, not %s.', coalesce(count::text, 'null')));
  end if;
  perform chime_private.check_instant('after', after);
end $$;
comment on function chime_private.check_preview is 'Refuses a number of fires or an instant that is out of range (CH007).';
