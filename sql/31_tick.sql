-- Everything that waits is a row with a due instant, and tick() moves all of it: due fires, due retries, events that waited, pauses that
-- end, deadlines that passed, leases of dead workers. It answers with the next due instant; nothing else in pgchime waits on time. Any
-- number of clocks may tick at once: they share the work by SKIP LOCKED. One transaction a call: all of a fire (its run, its job, the
-- schedule's next fire) or none of it.

create or replace function chime_private.fire_due(
  now timestamptz, most integer, out claimed integer, out fired integer, out skipped integer
)
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_run_ids uuid[];
  v_tasks text[];
  v_priorities chime.priority[];
  v_in_place uuid[];
  v_late uuid[];
  v_schedule chime.schedules;
  v_done record;
begin
  v_ids := array(
    select s.id from chime.schedules s where s.next_due_at <= now order by s.next_due_at limit most for no key update skip locked);
  -- Read only now that they are locked, in a statement that sees all runs that were committed before: one that locks and
  -- reads at once gets the newest schedule, but not a run that came with it, and would let the next fire overlap it.
  with due as materialized (
    select s.*, case when s.excluded is null and s.more_rules is null then chime_private.next_fire(s.rule, s.next_run_at)
        else chime_private.timetable_next(s, s.next_run_at) end as following
    from chime.schedules s
    where s.id = any (v_ids)
    order by s.next_due_at
  ), plan as materialized (
    select d.id, d.tenant_id, d.revision, d.owner_id, d.channel_mapping_id, d.blocked_at, d.purpose, d.task, d.payload, d.next_run_at, d.next_due_at, d.jitter, d.following,
      d.run_count, d.max_runs, d.overlap, d.concurrency_key, d.priority,
      chime_private.run_id(d.id, d.next_run_at) as run_id,
      d.blocked_at is not null or case d.overlap
        when 'skip' then d.active_run_ids <> '{}' and chime_private.any_unfinished(d.active_run_ids)
        when 'buffer_one' then chime_private.buffer_is_full(d.id, d.overlap)
        when 'buffer_all' then chime_private.buffer_is_full(d.id, d.overlap)
        else false end as busy
    from due d
    -- One fire, not late, and none before it that a clock change or a calendar left out; the others one by one, below.
    where (d.following is null or d.following > now - coalesce(d.jitter, '0'))
      and d.next_run_at >= now - coalesce(d.jitter, '0') - case d.catch_up when 'skip' then interval '10 seconds' else d.catch_up_window end
      and (d.dst_gap <> 'skip' or (d.rule).real_time and d.more_rules is null
        or not chime_private.any_clock_change(d.accounted_until, d.next_run_at, d.timezone))
      and (d.excluded is null or d.on_excluded <> 'skip' or not d.excluded && tstzrange(d.accounted_until, d.next_run_at, '(]'))
  ), moved as (
    update chime.schedules s set
      next_run_at = p.next, next_due_at = chime_private.due_at(s.id, p.next, s.jitter), accounted_until = p.next_run_at,
      status = case when p.next is null then 'completed' else s.status end,
      status_reason = case when p.next is not null then s.status_reason
        when p.following is null then 'The rule has no more fires.' else 'It has run max_runs times.' end,
      run_count = s.run_count + (not p.busy)::integer,
      last_run_id = case when p.busy then s.last_run_id else p.run_id end,
      active_run_ids = case when p.busy then s.active_run_ids when s.overlap <> 'skip' then '{}' else array[p.run_id] end
    from (select *, case when run_count + (not busy)::integer >= max_runs then null else following end as next from plan) p
    where s.id = p.id
  ), added as (
    insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, owner_id, channel_mapping_id, task, payload, trigger, scheduled_for, due_at,
      status, skip_reason, covers_count, covers_until, finished_at, concurrency_key, priority, in_turn, purpose, created_at)
    select p.run_id, p.tenant_id, p.id, p.revision, p.owner_id, p.channel_mapping_id, p.task, p.payload, 'schedule', p.next_run_at, p.next_due_at,
      case when p.busy then 'skipped' else 'queued' end::chime.run_status,
      case when p.blocked_at is not null then 'blocked' when p.busy then 'overlap' end::chime.skip_reason,
      case when p.busy then 1 end, case when p.busy then p.next_run_at end, case when p.busy then now end,
      p.concurrency_key, p.priority, chime_private.needs_turn(p.overlap) and not p.busy, p.purpose, now
    from plan p
    on conflict do nothing
    returning id, task, status, priority
  )
  select
    (select array_agg(a.id) from added a where a.status = 'queued'),
    (select array_agg(a.task) from added a where a.status = 'queued'),
    (select array_agg(a.priority) from added a where a.status = 'queued'),
    (select array_agg(p.run_id) from plan p where p.overlap = 'cancel_other' and not p.busy),
    (select count(*) from added a where a.status = 'skipped'),
    (select count(*) from due),
    (select array_agg(d.id) from due d where d.id not in (select p.id from plan p))
  into v_run_ids, v_tasks, v_priorities, v_in_place, skipped, claimed, v_late;

  perform chime_private.enqueue(v_run_ids, v_tasks, v_priorities);
  if v_in_place is not null then
    perform chime_private.cancel_others(r, now) from chime.runs r where r.id = any (v_in_place);
  end if;
  fired := coalesce(cardinality(v_run_ids), 0);
  for v_schedule in select * from chime.schedules s where s.id = any (v_late) loop
    select * into v_done from chime_private.fire_late(v_schedule, now);
    fired := fired + v_done.fired;
    skipped := skipped + v_done.skipped;
  end loop;
end $$;
comment on function chime_private.fire_due is
  'Fires due schedules, oldest first, `most` of them at most: their runs, their jobs, their next fires. Schedules that '
  'somebody else has locked are left for later.';

create or replace function chime_private.set_aside(schedule_id uuid, problem text, now timestamptz) returns void
language sql volatile
as $$
  update chime.schedules set
    status = 'paused', paused_at = now, paused_until = null, paused_by = 'pgchime',
    status_reason = 'Its rule failed: ' || problem, next_run_at = null, next_due_at = null,
    updated_at = now
  where id = schedule_id
$$;
comment on function chime_private.set_aside is
  'Pauses a schedule whose rule raises an error, so that it does not hold up the others. What it owes is counted once the rule can be read.';

create or replace function chime_private.resume_due(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_schedule chime.schedules;
  v_count integer := 0;
begin
  for v_schedule in
    select * from chime.schedules s where s.paused_until <= now order by s.paused_until limit most for no key update skip locked
  loop
    begin
      perform chime_private.resume(v_schedule, now);
    exception
      when insufficient_resources or operator_intervention or transaction_rollback or lock_not_available then
        raise;
      when others then
        perform chime_private.set_aside(v_schedule.id, sqlerrm, now);
    end;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function chime_private.resume_due is
  'Ends the pauses that are due, `most` of them at most, each for itself: a schedule whose rule raises an error stays paused, set aside. '
  'Answers how many pauses ended.';

create or replace function chime_private.set_aside_failing(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_schedule chime.schedules;
  v_count integer := 0;
begin
  for v_schedule in
    select * from chime.schedules s where s.next_due_at <= now order by s.next_due_at limit most for no key update skip locked
  loop
    begin
      perform chime_private.timetable_next(v_schedule, v_schedule.next_run_at),
        chime_private.timetable_last(v_schedule, v_schedule.accounted_until, now),
        chime_private.timetable_count(v_schedule, v_schedule.accounted_until, now);
    exception
      -- The server is short of something, or is stopping: that is no fault of the rule.
      when insufficient_resources or operator_intervention or transaction_rollback or lock_not_available then
        raise;
      when others then
        perform chime_private.set_aside(v_schedule.id, sqlerrm, now);
        v_count := v_count + 1;
    end;
  end loop;
  return v_count;
end $$;
comment on function chime_private.set_aside_failing is
  'Finds, among the schedules that are due, those whose rule raises an error, and sets them aside; answers how many.';

create or replace function chime_private.tick(
  most integer default 500,
  clock_id uuid default null,
  clock_name text default null,
  out now timestamptz,
  out fired integer,
  out skipped integer,
  out resumed integer,
  out retried integer,
  out timed_out integer,
  out cancelled integer,
  out recovered integer,
  out delivered integer,
  out more boolean,
  out next_due_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_done record;
  v_waits record;
  v_talk integer;
begin
  now := chime.now();
  -- Whose doing it is where a schedule changes its state.
  perform set_config('chime.actor', 'pgchime', true), set_config('chime.surface', 'clock', true);
  perform chime_private.record_tick(clock_id, clock_name, now) where clock_id is not null;
  resumed := chime_private.resume_due(now, most);
  perform chime_private.watch(now, most);
  begin
    select * into v_done from chime_private.fire_due(now, most);
  exception when others then
    -- If a rule failed, it took its batch with it: set it aside, and fire the others. Any other error is not ours to hide.
    if chime_private.set_aside_failing(now, most) = 0 then raise; end if;
    select * into v_done from chime_private.fire_due(now, most);
  end;
  fired := v_done.fired;
  skipped := v_done.skipped;
  retried := chime_private.retry_due(now, most);
  timed_out := chime_private.write_off_overdue(now, most);
  cancelled := chime_private.write_off_cancelled(now, most);
  select * into v_waits from chime_private.answer_due_events(now, most);
  fired := fired + v_waits.queued;
  delivered := chime_private.move_deliveries(now, most);
  v_talk := chime_private.move_talk(now, most);
  more := greatest(v_done.claimed, resumed, retried, timed_out, cancelled, v_waits.moved, delivered, v_talk) >= most;

  recovered := chime_private.recover_lost_runs(now, clock_id) + chime_private.recover_stuck_runs(now, clock_id);
  perform chime_private.maintain_due(now, fired = 0);
  -- Last, for nobody can start such runs from here to the end of this transaction.
  more := chime_private.release_slots(most) >= most or more;

  select least(
      (select s.next_due_at from chime.schedules s where s.next_due_at is not null order by s.next_due_at limit 1),
      (select s.paused_until from chime.schedules s where s.paused_until is not null order by s.paused_until limit 1),
      (select r.retry_at from chime.runs r where r.retry_at is not null order by r.retry_at limit 1),
      (select w.due_at from chime_private.event_waits w order by w.due_at limit 1),
      chime_private.deliveries_due_at(),
      chime_private.talk_due_at(),
      (select u.cancel_requested_at + chime_private.write_off_after() from chime_private.unfinished_runs u
        where u.cancel_requested_at is not null order by u.cancel_requested_at limit 1),
      (select tick.now from chime_private.freed_slots limit 1),
      (select min(least(w.lease_until, w.watch_at)) from chime_private.workers w where w.stopped_at is null),
      chime_private.upkeep_due_at(tick.now))
    into next_due_at;
  -- What is due still is locked by somebody: look again soon, but not at once.
  if next_due_at <= now then next_due_at := now + interval '250 milliseconds'; end if;
end $$;
comment on function chime_private.tick is
  'Moves all that is due: fires schedules (most at a time), resumes pauses that end, queues runs whose retry is due and those of '
  'events that waited, times out what is long past its deadline, cancels what was asked to be long ago, queues again the runs of dead workers and those that are stuck, lets runs go '
  'that waited for their turn, and moves deliveries, and what the bot hears and says, whose time has come. '
  'Answers with what it did, whether more is due at once, and the next due instant. Only a clock that names itself takes '
  'workers for dead.';
