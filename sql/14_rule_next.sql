-- The fires of a compiled rule, as instants: the one place where the wall clock meets the policy for clock changes.
--
-- A rule on the wall clock names wall seconds. One that follows real time fires whenever the clock shows such a second:
-- never in a gap, twice in a fold. Any other fires once for each wall second: at its instant; in a gap as dst_gap says;
-- in a fold as dst_fold says. Semantics: sql/README.md. Cost: a constant number of searches and zone look-ups a fire.

create or replace function chime_private.wall_next(rule chime_private.rule, wall bigint) returns bigint
language plpgsql stable parallel safe
as $$
declare
  v_anchor bigint;
begin
  if rule.kind = 'cron' then
    return chime_private.cron_next(rule.cron, wall);
  elsif rule.kind = 'rrule' then
    return chime_private.rrule_set_next(rule, wall);
  end if;
  v_anchor := date_part('epoch', rule.anchor at time zone rule.timezone);
  return chime_private.civil_wall(rule.months, rule.days, v_anchor,
    chime_private.civil_index(rule.months, rule.days, v_anchor, wall));
end $$;
comment on function chime_private.wall_next is 'The first wall second that a rule names, at wall or later; null where there is none.';

create or replace function chime_private.wall_count(rule chime_private.rule, low bigint, high bigint) returns bigint
language plpgsql stable parallel safe
as $$
declare
  v_anchor bigint;
begin
  if high <= low then
    return 0;
  elsif rule.kind = 'cron' then
    return chime_private.cron_count(rule.cron, low, high);
  elsif rule.kind = 'rrule' then
    return chime_private.rrule_set_count(rule, low, high);
  end if;
  v_anchor := date_part('epoch', rule.anchor at time zone rule.timezone);
  return chime_private.civil_index(rule.months, rule.days, v_anchor, high)
    - chime_private.civil_index(rule.months, rule.days, v_anchor, low);
end $$;
comment on function chime_private.wall_count is 'How many wall seconds a rule names, from low up to, not including, high.';

create or replace function chime_private.next_fire_near_change(
  rule chime_private.rule, after timestamptz, seen bigint default 0, seen_wall bigint default 0
) returns timestamptz
language plpgsql stable strict parallel safe
as $$
declare
  c_never constant bigint := 9223372036854775807;
  v_low bigint := date_part('epoch', date_trunc('second', after))::bigint + 1;
  v_end bigint := v_low + 3155760000;  -- a hundred years
  v_offset integer;
  v_before integer;    -- the offset before the change behind us
  v_behind bigint;     -- that change
  v_ahead bigint;      -- the next change: twice as far as this step goes, for it may take back what the step would give
  v_next integer;      -- the offset after it
  v_from bigint;
  v_to bigint;
  v_wall bigint;
  v_in_gap bigint;
  v_fire bigint;
begin
  while v_low < v_end loop
    v_offset := chime_private.utc_offset(v_low, rule.timezone);
    v_behind := chime_private.clock_change(v_low - 93600, v_low, rule.timezone);
    v_before := chime_private.utc_offset(v_behind - 1, rule.timezone);
    v_ahead := chime_private.clock_change(v_low, v_low + 187200, rule.timezone);
    v_next := chime_private.utc_offset(v_ahead, rule.timezone);

    -- Wall seconds that belong to this stretch of constant offset; in a fold they may belong to the other pass.
    v_from := v_low + v_offset;
    v_to := least(v_ahead, v_low + 93600) + v_offset;
    if not rule.real_time and rule.dst_fold = 'first' and v_before > v_offset then
      v_from := greatest(v_from, v_behind + v_before);
    elsif not rule.real_time and rule.dst_fold = 'last' and v_next < v_offset then
      v_to := least(v_to, v_ahead + v_next);
    end if;
    -- What a search from before has found is not searched for again: a rare rule makes each one dear.
    if v_from not between seen and seen_wall then
      seen := v_from;
      seen_wall := coalesce(chime_private.wall_next(rule, v_from), c_never);
    end if;
    v_wall := nullif(seen_wall, c_never);
    v_fire := case when v_wall < v_to then v_wall - v_offset end;

    -- Wall seconds that the change behind us left out.
    if not rule.real_time and v_before < v_offset then
      if rule.dst_gap = 'next' and v_low = v_behind and v_offset - v_before <= 10800 then
        v_from := v_behind + v_before;
        v_in_gap := case when v_from between seen and seen_wall then seen_wall else chime_private.wall_next(rule, v_from) end;
        if v_in_gap < v_behind + v_offset then v_fire := v_behind; end if;
      elsif rule.dst_gap = 'shift' then
        v_from := v_low + v_before;
        v_in_gap := case when v_from between seen and seen_wall then seen_wall else chime_private.wall_next(rule, v_from) end;
        if v_in_gap < v_behind + v_offset then v_fire := least(v_fire, v_in_gap - v_before); end if;
      end if;
    end if;
    if v_fire is not null then return to_timestamp(v_fire); end if;

    if v_ahead is not null then
      v_low := least(v_ahead, v_low + 93600);
    elsif v_wall is null then
      return null;
    else
      v_low := greatest(v_low + 93600, v_wall - v_offset - 93600);
    end if;
  end loop;
  return null;
end $$;
comment on function chime_private.next_fire_near_change is
  'next_fire for a rule on the wall clock, whatever the clock does: walks from one clock change to the next. From wall second seen '
  'on, the rule is known to name none before seen_wall.';

create or replace function chime_private.next_fire(rule chime_private.rule, after timestamptz) returns timestamptz
language plpgsql stable strict parallel safe
as $$
declare
  c_day constant interval := '26 hours';
  c_some constant interval := '3 hours';
  v_fire timestamptz;
  v_local timestamp;
  v_wall timestamp;
begin
  if after < rule.starts_at then
    after := rule.starts_at - interval '1 microsecond';
  end if;
  if rule.kind = 'cron' then
    v_local := after at time zone rule.timezone;
    v_wall := timestamp '1970-01-01'
      + chime_private.cron_next(rule.cron, greatest(date_part('epoch', date_trunc('second', v_local))::bigint + 1, 86400)) * interval '1 second';
  elsif rule.kind = 'at' then
    return case when rule.anchor > after and (rule.ends_at is null or rule.anchor <= rule.ends_at) then rule.anchor end;
  elsif rule.microseconds > 0 then
    v_fire := chime_private.exact_next(rule.microseconds, rule.anchor, after);
    return case when v_fire > rule.ends_at then null else v_fire end;
  elsif after < rule.anchor then
    -- An interval fires at its anchor first, also where a fold showed the anchor's wall-clock time before.
    v_fire := greatest(rule.anchor, chime_private.next_fire_near_change(rule, rule.anchor - c_day));
    return case when v_fire > rule.ends_at then null else v_fire end;
  else
    v_local := after at time zone rule.timezone;
    v_wall := timestamp '1970-01-01'
      + chime_private.wall_next(rule, date_part('epoch', date_trunc('second', v_local))::bigint + 1) * interval '1 second';
  end if;

  if v_wall is null and rule.dst_gap = 'shift' and not rule.real_time then
    -- The last of a rule that ends may be on its way still, where a clock change has put it off.
    v_fire := chime_private.next_fire_near_change(rule, after, date_part('epoch', date_trunc('second', v_local))::bigint + 1, 9223372036854775807);
    return case when v_fire > rule.ends_at then null else v_fire end;
  end if;
  v_fire := v_wall at time zone rule.timezone;
  -- No clock change between, behind or at it that could matter: the common case, in four zone look-ups.
  if not (v_fire at time zone rule.timezone = v_wall
      and case
        when rule.real_time and v_fire - after < c_day then v_wall - v_local = v_fire - after
        when not rule.real_time and rule.dst_fold = 'first' and rule.dst_gap <> 'shift' then
          (v_fire - c_day) at time zone rule.timezone = v_wall - c_day
          -- Or the clock did change, but longer ago than by how much.
          or (v_fire - c_some) at time zone rule.timezone = v_wall - c_some
            and (v_fire - c_day) at time zone rule.timezone between v_wall - c_day - c_some and v_wall - c_day + c_some
        else (v_fire - c_day) at time zone rule.timezone = v_wall - c_day
          and (after + c_day) at time zone rule.timezone = v_local + c_day
          and (after - c_day) at time zone rule.timezone = v_local - c_day
      end) then
    v_fire := chime_private.next_fire_near_change(rule, after,
      date_part('epoch', date_trunc('second', v_local))::bigint + 1, date_part('epoch', v_wall)::bigint);
  end if;
  return case when v_fire > rule.ends_at then null else v_fire end;
end $$;
comment on function chime_private.next_fire is
  'The first fire of a rule that is strictly later than `after`; null where there is none.';
