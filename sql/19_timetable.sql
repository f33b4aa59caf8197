-- When a schedule fires: its rules together, less the days that calendars exclude. Everything behind this file asks here,
-- and not a single rule. Most schedules have one rule and no calendar: for them this adds next to nothing.

create or replace function chime_private.union_next(s chime.schedules, after timestamptz) returns timestamptz
language plpgsql stable parallel safe
as $$
declare
  v_rule chime_private.rule;
  v_fire timestamptz := chime_private.next_fire(s.rule, after);
begin
  if s.more_rules is not null then
    foreach v_rule in array s.more_rules loop
      v_fire := least(v_fire, chime_private.next_fire(v_rule, after));
    end loop;
  end if;
  return v_fire;
end $$;
comment on function chime_private.union_next is 'The first fire of any of a schedule''s rules after an instant, calendars aside.';

create or replace function chime_private.next_fire_until(rule chime_private.rule, after timestamptz, until timestamptz) returns timestamptz
language plpgsql stable parallel safe
as $$
begin
  if rule.kind <> 'rrule' then return chime_private.next_fire(rule, after); end if;
  rule.rrule[17] := least(rule.rrule[17], date_part('epoch', until)::bigint + 172800);  -- the wall clock there, and then some
  return coalesce(chime_private.next_fire(rule, after), until);
end $$;
comment on function chime_private.next_fire_until is
  'The first fire of a rule after an instant; or until, where there is none before that and a search for it might be dear. Null = never.';

create or replace function chime_private.moved_fire(s chime.schedules, stretch tstzrange) returns timestamptz
language plpgsql stable parallel safe
as $$
declare
  v_fire timestamptz;
  v_time time;
  v_place record;
  v_moved timestamptz;
begin
  if lower_inf(stretch) or upper_inf(stretch) then return null; end if;
  v_fire := (
    select min(chime_private.next_fire_until(r, lower(stretch) - interval '1 microsecond', upper(stretch)))
    from unnest(s.rule || coalesce(s.more_rules, '{}')) r);
  if v_fire is null or v_fire >= upper(stretch) then return null; end if;
  v_time := v_fire at time zone s.timezone;
  -- The stretch may end within a day of the schedule's zone, where a calendar has another one.
  for v_ahead in 0..1 loop
    select * into v_place from chime_private.resolve_wall(
      date_part('epoch', (upper(stretch) at time zone s.timezone)::date + v_ahead + v_time)::bigint, s.timezone);
    v_moved := to_timestamp(coalesce(case s.dst_fold when 'last' then v_place.last else v_place.first end, v_place.change));
    exit when v_moved >= upper(stretch);
  end loop;
  return case when v_moved <@ s.excluded then upper(stretch) else v_moved end;
end $$;
comment on function chime_private.moved_fire is
  'When a schedule makes up for its fires in a stretch of excluded time: once, on the first day after it, at the wall-clock time of '
  'the first of them. Null where it has none there.';

create or replace function chime_private.timetable_next(s chime.schedules, after timestamptz) returns timestamptz
language plpgsql stable parallel safe
as $$
declare
  c_moment constant interval := '1 microsecond';
  c_reach constant interval := '20 years';
  c_leap constant integer := 8;
  v_since timestamptz := after - interval '74 hours';
  v_rules chime_private.rule[];
  v_fires timestamptz[] := '{}';  -- the next one of each rule, or an excluded instant before which it has none
  v_fire timestamptz;
  v_moved timestamptz;
  v_stretch tstzrange;
  v_next timestamptz;             -- when the next stretch begins
  v_tried integer := 0;
begin
  if s.excluded is null then return chime_private.union_next(s, after); end if;
  v_rules := s.rule || coalesce(s.more_rules, '{}');
  for v_index in 1..cardinality(v_rules) loop
    v_fires[v_index] := chime_private.next_fire(v_rules[v_index], after);
    v_fire := least(v_fire, v_fires[v_index]);
  end loop;
  -- Stretches that ended lately count too: they may have moved a fire to later than `after`.
  if v_fire is null and s.on_excluded = 'skip'
    or not s.excluded && tstzrange(case s.on_excluded when 'skip' then v_fire else v_since end, v_fire, '[]') then
    return v_fire;
  end if;
  for v_stretch, v_next in
    select x.r, lead(lower(x.r)) over (order by x.r) from unnest(s.excluded) x(r)
    where upper_inf(x.r) or upper(x.r) > v_since
    order by x.r
  loop
    exit when lower(v_stretch) > v_fire or lower(v_stretch) > v_moved;
    -- A stretch behind `after` may have had fires; one ahead has any only if the next one is in it.
    if s.on_excluded = 'next_day' and (v_fire <@ v_stretch or lower_inf(v_stretch) or lower(v_stretch) <= after) then
      v_moved := least(v_moved, (select m.at from chime_private.moved_fire(s, v_stretch) m(at) where m.at > after));
    end if;
    continue when v_fire <@ v_stretch is not true;
    v_fire := null;
    v_tried := v_tried + 1;
    for v_index in 1..cardinality(v_rules) loop
      if v_fires[v_index] <@ v_stretch then
        -- Only up to the next stretch; now and then further, so that one of many is not reached through each of them.
        v_fires[v_index] := case
          when upper_inf(v_stretch) then null
          when v_next is null or v_tried % c_leap = 0 then chime_private.next_fire(v_rules[v_index], upper(v_stretch) - c_moment)
          else chime_private.next_fire_until(v_rules[v_index], upper(v_stretch) - c_moment, v_next) end;
      end if;
      v_fire := least(v_fire, v_fires[v_index]);
    end loop;
    if v_fire > after + c_reach then v_fire := null; end if;
    exit when v_fire is null;
  end loop;
  v_fire := least(v_fire, v_moved);
  return case when v_fire > s.ends_at then null else v_fire end;
end $$;
comment on function chime_private.timetable_next is 'The first fire of a schedule that is strictly later than `after`; null where there is none.';

create or replace function chime_private.timetable_last(s chime.schedules, low timestamptz, high timestamptz) returns timestamptz
language plpgsql stable parallel safe
as $$
declare
  v_last timestamptz := chime_private.timetable_next(s, low);
  v_middle timestamptz;
  v_fire timestamptz;
begin
  if v_last > high then return null; end if;
  -- Halving the time between the latest fire found and the end: forty steps reach across a thousand years.
  loop
    v_fire := chime_private.timetable_next(s, v_last);
    exit when v_fire is null or v_fire > high;
    v_last := v_fire;
    v_middle := v_last + (high - v_last) / 2;
    v_fire := chime_private.timetable_next(s, v_middle);
    if v_fire <= high then v_last := v_fire; else high := v_middle; end if;
  end loop;
  return v_last;
end $$;
comment on function chime_private.timetable_last is 'The latest fire of a schedule after low, up to and including high; null where there is none.';

create or replace function chime_private.union_count(s chime.schedules, low timestamptz, high timestamptz) returns bigint
language sql stable parallel safe
as $$
  select chime_private.count_fires(s.rule, low, high)
    + coalesce((select sum(chime_private.count_fires(m, low, high)) from unnest(s.more_rules) m), 0)::bigint
$$;
comment on function chime_private.union_count is 'How many fires a schedule''s rules have, calendars aside; one that two rules share counts for both.';

create or replace function chime_private.timetable_count(s chime.schedules, low timestamptz, high timestamptz) returns bigint
language plpgsql stable parallel safe
as $$
declare
  c_moment constant interval := '1 microsecond';
  c_most constant integer := 1000;
  v_count bigint := 0;
begin
  -- Several rules may share fires, and a moved fire may meet another: those are counted one by one, as long as that is cheap.
  if s.more_rules is not null or s.excluded is not null and s.on_excluded = 'next_day' then
    while v_count < c_most loop
      low := chime_private.timetable_next(s, low);
      if low > high or low is null then return v_count; end if;
      v_count := v_count + 1;
    end loop;
  end if;
  v_count := v_count + chime_private.union_count(s, low, high);
  if s.excluded is not null then
    v_count := v_count - coalesce((
      select sum(chime_private.union_count(s, greatest(low, lower(x.r) - c_moment), least(high, upper(x.r) - c_moment)))
      from unnest(s.excluded * tstzmultirange(tstzrange(low, high, '(]'))) x(r)), 0);
  end if;
  return v_count;
end $$;
comment on function chime_private.timetable_count is
  'How many fires of a schedule lie after low, up to and including high. Exact for a single rule; of several rules, or fires that '
  'calendars move, the first thousand are, and those beyond count for each rule that has them.';

create or replace function chime_private.preview_timetable(s chime.schedules, after timestamptz, count integer)
returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable
as $$
declare
  v_rule chime_private.rule;
begin
  scheduled_for := after;
  for v_index in 1..count loop
    scheduled_for := chime_private.timetable_next(s, scheduled_for);
    exit when scheduled_for is null;
    local_time := scheduled_for at time zone s.timezone;
    note := null;
    foreach v_rule in array s.rule || coalesce(s.more_rules, '{}') loop
      -- What a clock change did is said by the rule that fires here.
      if chime_private.next_fire(v_rule, scheduled_for - interval '1 microsecond') = scheduled_for then
        note := coalesce(note, chime_private.fire_note(v_rule, scheduled_for));
      end if;
    end loop;
    return next;
  end loop;
end $$;
comment on function chime_private.preview_timetable is 'The next fires of a schedule, each strictly later than `after`.';
