-- How many fires a stretch of time holds: what a skipped run stands for. Exact, and no dearer for a rule that fires
-- each second than for one that fires each month; the cost grows with the months and clock changes between.

create or replace function chime_private.count_between_changes(rule chime_private.rule, low bigint, high bigint) returns bigint
language plpgsql stable parallel safe
as $$
declare
  v_offset integer := chime_private.utc_offset(low, rule.timezone);
  v_behind bigint;
  v_before integer;
  v_ahead bigint;
  v_next integer;
  v_from bigint := low + v_offset;
  v_to bigint := high + v_offset;
  v_count bigint;
  v_wall bigint;
begin
  if rule.real_time then
    return chime_private.wall_count(rule, v_from, v_to);
  end if;
  -- As in next_fire_near_change: leave out what belongs to the other pass of a fold, add what a gap left out.
  v_behind := chime_private.clock_change(low - 93600, low, rule.timezone);
  v_before := chime_private.utc_offset(v_behind - 1, rule.timezone);
  v_ahead := chime_private.clock_change(high - 1, high + 93600, rule.timezone);
  v_next := chime_private.utc_offset(v_ahead, rule.timezone);
  if rule.dst_fold = 'first' and v_before > v_offset then
    v_from := greatest(v_from, v_behind + v_before);
  elsif rule.dst_fold = 'last' and v_next < v_offset then
    v_to := least(v_to, v_ahead + v_next);
  end if;
  v_count := chime_private.wall_count(rule, v_from, v_to);
  if v_before < v_offset then
    if rule.dst_gap = 'next' and low = v_behind and v_offset - v_before <= 10800 then
      -- All of the gap becomes one fire, at an instant that may be one in its own right.
      if chime_private.wall_count(rule, v_behind + v_before, v_behind + v_offset) > 0
        and chime_private.wall_count(rule, v_behind + v_offset, v_behind + v_offset + 1) = 0 then
        v_count := v_count + 1;
      end if;
    elsif rule.dst_gap = 'shift' then
      v_wall := chime_private.wall_next(rule, low + v_before);
      while v_wall < least(v_behind + v_offset, high + v_before) loop
        if chime_private.wall_count(rule, v_wall - v_before + v_offset, v_wall - v_before + v_offset + 1) = 0 then
          v_count := v_count + 1;
        end if;
        v_wall := chime_private.wall_next(rule, v_wall + 1);
      end loop;
    end if;
  end if;
  return v_count;
end $$;
comment on function chime_private.count_between_changes is
  'How many fires lie from second low up to, not including, high, between which the zone keeps one offset.';

create or replace function chime_private.count_fires(
  rule chime_private.rule, low timestamptz, high timestamptz
) returns bigint
language plpgsql stable strict parallel safe
as $$
declare
  v_low timestamptz := greatest(low, rule.starts_at - interval '1 microsecond', timestamptz '1970-01-02 00:00:00Z');
  v_high timestamptz := least(high, rule.ends_at);
  v_first bigint := date_part('epoch', date_trunc('second', v_low))::bigint + 1;
  v_end bigint := date_part('epoch', date_trunc('second', v_high))::bigint + 1;
  v_from bigint := v_first;
  v_at bigint := v_first;
  v_change bigint;
  v_count bigint := 0;
begin
  if v_high <= v_low then
    return 0;
  elsif rule.kind = 'at' then
    return (rule.anchor > v_low and rule.anchor <= v_high)::integer;
  elsif rule.microseconds > 0 then
    return chime_private.exact_count(rule.microseconds, rule.anchor, v_low, v_high);
  elsif v_low < rule.anchor then
    v_low := chime_private.next_fire(rule, v_low);
    return case when v_low <= v_high then 1 + chime_private.count_fires(rule, v_low, v_high) else 0 end;
  end if;
  -- Five days a step: no zone changes its clock and back in less.
  while v_at < v_end loop
    v_change := chime_private.clock_change(v_at, least(v_at + 432000, v_end), rule.timezone);
    v_at := coalesce(v_change, least(v_at + 432000, v_end));
    if v_change < v_end or v_at = v_end then
      v_count := v_count + chime_private.count_between_changes(rule, v_from, v_at);
      v_from := v_at;
    end if;
  end loop;
  return v_count;
end $$;
comment on function chime_private.count_fires is 'How many fires of a rule lie after low, up to and including high.';
