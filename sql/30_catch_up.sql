-- Fires that come late: which of them are run, and what is recorded of the others.

create or replace function chime_private.any_unfinished(run_ids uuid[]) returns boolean
language sql stable
as $$
  -- By id, whatever the planner knows of the newest runs: the index of those that are not finished is the one that churns.
  select exists (
    select from unnest(run_ids) a(id), lateral (select r.finished_at from chime.runs r where r.id = a.id offset 0) r
    where r.finished_at is null)
$$;
comment on function chime_private.any_unfinished is 'Whether one of these runs is not finished.';

create or replace function chime_private.plan_catch_up(
  s chime.schedules, until timestamptz, since timestamptz, out first timestamptz, out last timestamptz
)
language plpgsql stable
as $$
declare
  c_most constant integer := 1000;
  v_low timestamptz;
  v_high timestamptz := until;
  v_middle timestamptz;
begin
  if s.catch_up in ('latest', 'skip') then
    first := chime_private.timetable_last(s, s.accounted_until, until);
    last := first;
  else
    first := chime_private.timetable_next(s, greatest(s.accounted_until, since - interval '1 microsecond'));
    last := case s.catch_up when 'earliest' then first else chime_private.timetable_last(s, s.accounted_until, until) end;
    -- `all` is bounded: of more than a thousand, the latest thousand.
    if s.catch_up = 'all' and chime_private.timetable_count(s, first - interval '1 microsecond', until) > c_most then
      v_low := first;
      while v_high - v_low > interval '1 second' loop
        v_middle := v_low + (v_high - v_low) / 2;
        if chime_private.timetable_count(s, v_middle, until) >= c_most then v_low := v_middle; else v_high := v_middle; end if;
      end loop;
      first := chime_private.timetable_next(s, v_low);
    end if;
  end if;
  if first < since or first > until then
    first := null;
    last := null;
  end if;
end $$;
comment on function chime_private.plan_catch_up is
  'Which of the fires that are due, up to until, are run by the schedule''s catch-up policy: those from first to last, '
  'none where they are null. since is the earliest that may be run.';

create or replace function chime_private.count_in_gap(rule chime_private.rule, change bigint, before integer, after integer) returns bigint
language sql stable parallel safe
as $$
  select case
    when rule.real_time or rule.kind = 'at' or rule.microseconds > 0 or rule.dst_gap = 'shift' then 0
    when after < before or rule.dst_gap = 'next' and after - before <= 10800 then 0
    else chime_private.wall_count(rule, change + before, change + after) end
$$;
comment on function chime_private.count_in_gap is
  'How many wall-clock times of a rule a clock change leaves out that its policy does not make up for. before and after are the offsets.';

create or replace function chime_private.any_clock_change(low timestamptz, high timestamptz, timezone text) returns boolean
language plpgsql stable strict parallel safe
as $$
declare
  v_until timestamptz;
begin
  while low < high loop
    v_until := least(low + interval '120 hours', high);
    if (v_until at time zone timezone) - (low at time zone timezone) <> v_until - low then return true; end if;
    low := v_until;
  end loop;
  return false;
end $$;
comment on function chime_private.any_clock_change is 'Whether the clocks of a zone change after low, up to and including high.';

create or replace function chime_private.skip_gaps(s chime.schedules, until timestamptz, now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  v_at bigint := date_part('epoch', date_trunc('second', s.accounted_until));
  v_end bigint := date_part('epoch', date_trunc('second', until));
  v_change bigint;
  v_count bigint;
  v_rows integer := 0;
begin
  while v_at < v_end loop
    v_change := chime_private.clock_change(v_at, least(v_at + 432000, v_end), s.timezone);
    v_at := coalesce(v_change, least(v_at + 432000, v_end));
    continue when v_change is null;
    v_count := (
      select sum(chime_private.count_in_gap(r, v_change, chime_private.utc_offset(v_change - 1, s.timezone), chime_private.utc_offset(v_change, s.timezone)))
      from unnest(s.rule || coalesce(s.more_rules, '{}')) r);
    -- The last instant before the clock change stands for them: no rule fires between whole seconds there.
    perform chime_private.skip_fires(s, to_timestamp(v_change) - interval '1 millisecond',
      to_timestamp(v_change) - interval '1 millisecond', v_count, 'dst_gap', now);
    v_rows := v_rows + (v_count > 0)::integer;
  end loop;
  return v_rows;
end $$;
comment on function chime_private.skip_gaps is
  'Records wall-clock times that a clock change left out and the rules do not make up for; answers how many rows.';

create or replace function chime_private.skip_excluded(s chime.schedules, until timestamptz, now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  c_moment constant interval := '1 microsecond';
  v_open chime.schedules := s;
  v_stretch tstzrange;
  v_low timestamptz;
  v_high timestamptz;
  v_count bigint;
  v_rows integer := 0;
begin
  if s.excluded is null or s.on_excluded <> 'skip' then return 0; end if;
  v_open.excluded := null;
  for v_stretch in select x.r from unnest(s.excluded * tstzmultirange(tstzrange(s.accounted_until, until, '(]'))) x(r) loop
    v_low := case when lower_inc(v_stretch) then lower(v_stretch) - c_moment else lower(v_stretch) end;
    v_high := case when upper_inc(v_stretch) then upper(v_stretch) else upper(v_stretch) - c_moment end;
    v_count := chime_private.timetable_count(v_open, v_low, v_high);
    continue when v_count = 0;
    perform chime_private.skip_fires(s, chime_private.timetable_next(v_open, v_low), chime_private.timetable_last(v_open, v_low, v_high),
      v_count, 'excluded', now);
    v_rows := v_rows + 1;
  end loop;
  return v_rows;
end $$;
comment on function chime_private.skip_excluded is 'Records fires that calendars excluded, one row for each stretch of days; answers how many rows.';

create or replace function chime_private.fire_late(s chime.schedules, now timestamptz, out fired integer, out skipped integer)
language plpgsql volatile
as $$
declare
  c_moment constant interval := '1 microsecond';
  v_until timestamptz := greatest(s.next_run_at, now - coalesce(s.jitter, '0'));
  v_plan record;
  v_fire timestamptz;
  v_reason chime.skip_reason;
  v_last timestamptz;
  v_busy boolean := s.overlap = 'skip' and chime_private.any_unfinished(s.active_run_ids);
begin
  -- Runs that are queued here do not hold each other up, or `all` would run one and skip the others.
  if not v_busy then s.active_run_ids := '{}'; end if;
  fired := 0;
  skipped := chime_private.skip_gaps(s, v_until, now) + chime_private.skip_excluded(s, v_until, now);
  -- What jitter delays is not late.
  select * into v_plan from chime_private.plan_catch_up(s, v_until,
    now - coalesce(s.jitter, '0') - case s.catch_up when 'skip' then interval '10 seconds' else s.catch_up_window end);

  v_fire := chime_private.timetable_next(s, s.accounted_until);
  v_last := coalesce(v_plan.first - c_moment, v_until);
  if v_fire <= v_last then
    perform chime_private.skip_fires(s, v_fire, chime_private.timetable_last(s, s.accounted_until, v_last),
      chime_private.timetable_count(s, s.accounted_until, v_last), 'missed', now);
    skipped := skipped + 1;
  end if;
  v_fire := v_plan.first;
  while v_fire <= v_plan.last loop
    v_reason := case
      when s.run_count >= s.max_runs then 'max_runs'
      when s.blocked_at is not null then 'blocked'
      when v_busy or s.overlap in ('buffer_one', 'buffer_all') and chime_private.buffer_is_full(s.id, s.overlap) then 'overlap'
    end;
    if v_reason is null then
      s := chime_private.queue_fire(s, v_fire, now);
      fired := fired + 1;
    else
      perform chime_private.skip_fires(s, v_fire, v_fire, 1, v_reason, now);
      skipped := skipped + 1;
    end if;
    v_fire := chime_private.timetable_next(s, v_fire);
  end loop;
  if chime_private.timetable_next(s, v_plan.last) <= v_until then
    perform chime_private.skip_fires(s, chime_private.timetable_next(s, v_plan.last),
      chime_private.timetable_last(s, v_plan.last, v_until),
      chime_private.timetable_count(s, v_plan.last, v_until), 'missed', now);
    skipped := skipped + 1;
  end if;

  s := chime_private.aim(s, v_until);
  if s.run_count >= s.max_runs and s.status = 'active' then
    s.status := 'completed'; s.status_reason := 'It has run max_runs times.'; s.next_run_at := null; s.next_due_at := null;
  end if;
  update chime.schedules u set
    status = s.status, status_reason = s.status_reason, next_run_at = s.next_run_at, next_due_at = s.next_due_at,
    accounted_until = s.accounted_until, run_count = s.run_count, last_run_id = s.last_run_id, active_run_ids = s.active_run_ids
  where u.id = s.id;
end $$;
comment on function chime_private.fire_late is
  'Fires a schedule that owes more than its one next fire, or owes it late, by its catch-up policy: each fire becomes a run '
  'or belongs to a skipped run that counts it. With overlap => skip, fires that are caught up together do not hold each other up.';
