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
    first := chime_private.last_fire(s.rule, s.accounted_until, until);
    last := first;
  else
    first := chime_private.next_fire(s.rule, greatest(s.accounted_until, since - interval '1 microsecond'));
    last := case s.catch_up when 'earliest' then first else chime_private.last_fire(s.rule, s.accounted_until, until) end;
    -- `all` is bounded: of more than a thousand, the latest thousand.
    if s.catch_up = 'all' and chime_private.count_fires(s.rule, first - interval '1 microsecond', until) > c_most then
      v_low := first;
      while v_high - v_low > interval '1 second' loop
        v_middle := v_low + (v_high - v_low) / 2;
        if chime_private.count_fires(s.rule, v_middle, until) >= c_most then v_low := v_middle; else v_high := v_middle; end if;
      end loop;
      first := chime_private.next_fire(s.rule, v_low);
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

create or replace function chime_private.skip_gaps(s chime.schedules, until timestamptz, now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  v_at bigint := date_part('epoch', date_trunc('second', s.accounted_until));
  v_end bigint := date_part('epoch', date_trunc('second', until));
  v_change bigint;
  v_before integer;
  v_after integer;
  v_count bigint;
  v_rows integer := 0;
begin
  if (s.rule).real_time or (s.rule).kind = 'at' or (s.rule).microseconds > 0 or (s.rule).dst_gap = 'shift' then return 0; end if;
  while v_at < v_end loop
    v_change := chime_private.clock_change(v_at, least(v_at + 432000, v_end), s.timezone);
    v_at := coalesce(v_change, least(v_at + 432000, v_end));
    continue when v_change is null;
    v_before := chime_private.utc_offset(v_change - 1, s.timezone);
    v_after := chime_private.utc_offset(v_change, s.timezone);
    continue when v_after < v_before or (s.rule).dst_gap = 'next' and v_after - v_before <= 10800;
    v_count := chime_private.wall_count(s.rule, v_change + v_before, v_change + v_after);
    -- The last instant before the clock change stands for them: no rule fires between whole seconds there.
    perform chime_private.skip_fires(s, to_timestamp(v_change) - interval '1 millisecond',
      to_timestamp(v_change) - interval '1 millisecond', v_count, 'dst_gap', now);
    v_rows := v_rows + (v_count > 0)::integer;
  end loop;
  return v_rows;
end $$;
comment on function chime_private.skip_gaps is
  'Records wall-clock times that a clock change left out and the rule does not make up for; answers how many rows.';

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
begin
  fired := 0;
  skipped := chime_private.skip_gaps(s, v_until, now);
  select * into v_plan from chime_private.plan_catch_up(s, v_until,
    now - case s.catch_up when 'skip' then interval '10 seconds' else s.catch_up_window end);

  v_fire := chime_private.next_fire(s.rule, s.accounted_until);
  v_last := coalesce(v_plan.first - c_moment, v_until);
  if v_fire <= v_last then
    perform chime_private.skip_fires(s, v_fire, chime_private.last_fire(s.rule, s.accounted_until, v_last),
      chime_private.count_fires(s.rule, s.accounted_until, v_last), 'missed', now);
    skipped := skipped + 1;
  end if;
  v_fire := v_plan.first;
  while v_fire <= v_plan.last loop
    v_reason := case
      when s.run_count >= s.max_runs then 'max_runs'
      when s.overlap = 'skip' and chime_private.any_unfinished(s.active_run_ids) then 'overlap'
    end;
    if v_reason is null then
      s := chime_private.queue_fire(s, v_fire, now);
      fired := fired + 1;
    else
      perform chime_private.skip_fires(s, v_fire, v_fire, 1, v_reason, now);
      skipped := skipped + 1;
    end if;
    v_fire := chime_private.next_fire(s.rule, v_fire);
  end loop;
  if chime_private.next_fire(s.rule, v_plan.last) <= v_until then
    perform chime_private.skip_fires(s, chime_private.next_fire(s.rule, v_plan.last),
      chime_private.last_fire(s.rule, v_plan.last, v_until),
      chime_private.count_fires(s.rule, v_plan.last, v_until), 'missed', now);
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
  'or belongs to a skipped run that counts it.';
