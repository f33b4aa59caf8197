-- Runs on their way to a worker. The run is the truth; its graphile-worker job only wakes a worker, which then asks
-- start_runs whether the run may start. A job too many therefore does nothing.

create or replace function chime_private.wake_any_worker(run_ids uuid[]) returns void
language sql volatile
as $$
  select graphile_worker.add_job('chime_unregistered', json_build_object('run_id', r.id)) from unnest(run_ids) r(id)
$$;
comment on function chime_private.wake_any_worker is 'Adds jobs for these runs that any worker takes, whatever tasks it has.';

create or replace function chime_private.job_priority(priority chime.priority) returns integer
language sql immutable parallel safe
as $$ select case priority when 'low' then 10 when 'high' then -10 when 'critical' then -20 else 0 end $$;
comment on function chime_private.job_priority is 'A priority as graphile-worker has it: the lower number goes first.';

create or replace function chime_private.enqueue(run_ids uuid[], tasks text[], priorities chime.priority[] default null) returns void
language plpgsql volatile
as $$
begin
  if coalesce(cardinality(run_ids), 0) = 0 then return; end if;
  perform graphile_worker.add_jobs(array(
    select row(
      -- Workers take jobs of their own tasks only; a task that nobody ever registered goes to any, which says so.
      case when t.name is null then 'chime_unregistered' else 'chime:' || t.name end,
      json_build_object('run_id', r.id), null, null, null, null, chime_private.job_priority(r.priority), null)::graphile_worker.job_spec
    from unnest(run_ids, tasks, priorities) r(id, task, priority)
    left join chime.tasks t on t.name = r.task));
end $$;
comment on function chime_private.enqueue is
  'Adds the jobs that wake workers for these runs, in this transaction; where no priorities are given, they are all medium. Jobs '
  'carry no key: a key would double their cost, and a second job of a run is harmless.';

create or replace function chime_private.queue_fire(s chime.schedules, scheduled_for timestamptz, now timestamptz)
returns chime.schedules
language plpgsql volatile
as $$
declare
  v_run chime.runs;
begin
  insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, owner_id, channel_mapping_id, task, payload, trigger, scheduled_for, due_at, status,
    concurrency_key, priority, in_turn, purpose, created_at)
  values (chime_private.run_id(s.id, scheduled_for), s.tenant_id, s.id, s.revision, s.owner_id, s.channel_mapping_id, s.task, s.payload, 'schedule', scheduled_for,
    chime_private.due_at(s.id, scheduled_for, s.jitter), 'queued', s.concurrency_key, s.priority, chime_private.needs_turn(s.overlap), s.purpose, now)
  on conflict do nothing
  returning * into v_run;
  -- Not wanted any more, it is there as one that was skipped.
  if v_run.status = 'queued' then
    perform chime_private.enqueue(array[v_run.id], array[s.task], array[s.priority]);
    if s.overlap = 'cancel_other' then perform chime_private.cancel_others(v_run, now); end if;
  end if;
  s.run_count := s.run_count + 1;
  s.last_run_id := chime_private.run_id(s.id, scheduled_for);
  s.active_run_ids := case s.overlap when 'skip' then s.active_run_ids || s.last_run_id else '{}' end;
  return s;
end $$;
comment on function chime_private.queue_fire is 'Makes the run of one fire and its job; answers the schedule with its counts moved on, not yet stored.';

create or replace function chime_private.refuse_overlap(s chime.schedules) returns void
language plpgsql volatile
as $$
declare
  v_active uuid := (
    select r.id from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id where u.schedule_id = s.id and r.finished_at is null order by r.id limit 1);
begin
  if s.overlap = 'skip' and v_active is not null then
    perform chime_private.fail('CH013', format('The schedule "%s" has a run that is not finished.', s.name),
      'Wait for it, or run beside it with allow_overlap => true.', jsonb_build_object('run_id', v_active));
  elsif s.overlap in ('buffer_one', 'buffer_all') and chime_private.buffer_is_full(s.id, s.overlap) then
    perform chime_private.fail('CH013', format('The schedule "%s" has as many runs that wait as it may have.', s.name),
      'Wait for one of them, or run beside them with allow_overlap => true.', jsonb_build_object('run_id', v_active));
  end if;
end $$;
comment on function chime_private.refuse_overlap is 'Refuses one more run of a schedule, whose row the caller has locked, where its policy has no place for it (CH013).';

create or replace function chime_private.queue_manual(s chime.schedules, r chime.runs, now timestamptz) returns void
language plpgsql volatile
as $$
begin
  perform chime_private.enqueue(array[r.id], array[r.task], array[r.priority]);
  if s.overlap = 'cancel_other' and r.in_turn then perform chime_private.cancel_others(r, now); end if;
  update chime.schedules u set
    last_run_id = r.id,
    active_run_ids = case u.overlap
      when 'skip' then array(select u.run_id from chime_private.unfinished_runs u where u.schedule_id = s.id) else '{}' end
  where u.id = s.id;
end $$;
comment on function chime_private.queue_manual is 'Puts a run that somebody wants into the queue, and on the record of its schedule.';

create or replace function chime.run_now(
  schedule_id uuid,
  payload jsonb default null,
  allow_overlap boolean default false
) returns chime.runs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
  v_run chime.runs;
begin
  if v_schedule.status = 'cancelled' then
    perform chime_private.fail('CH013', format('The schedule "%s" is cancelled and cannot be run.', v_schedule.name));
  elsif payload is not null then
    perform chime_private.check_task(v_schedule.task, payload);
  end if;
  perform chime_private.refuse_overlap(v_schedule) where not allow_overlap;
  insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, owner_id, channel_mapping_id, task, payload, trigger, scheduled_for, due_at, status,
    concurrency_key, priority, in_turn, purpose, traceparent, created_at)
  values (chime_private.new_id(v_now), v_schedule.tenant_id, v_schedule.id, v_schedule.revision, v_schedule.owner_id, v_schedule.channel_mapping_id, v_schedule.task,
    coalesce(payload, v_schedule.payload), 'manual', v_now, v_now, 'queued',
    v_schedule.concurrency_key, v_schedule.priority, chime_private.needs_turn(v_schedule.overlap) and not allow_overlap,
    v_schedule.purpose, chime_private.current_traceparent(), v_now)
  returning * into v_run;
  perform chime_private.queue_manual(v_schedule, v_run, v_now);
  return v_run;
end $$;
comment on function chime.run_now is
  'Runs a schedule once, at once, beside its rule: with its payload or another. It goes by the overlap policy, as a fire does, and is '
  'refused (CH013) where that would skip it; with allow_overlap it runs beside whatever is not finished. Errors: CH005, CH006, CH010, CH013.';

create or replace function chime.find_run(reference text) returns chime.runs
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_admin constant boolean := chime_private.caller_is_admin();
  v_user constant uuid := chime.current_user_id();
  v_digits text := replace(lower(reference), '-', '');
  v_runs chime.runs[];
begin
  -- The beginning of an id is a range of ids, which the primary key finds.
  if v_digits ~ '^[0-9a-f]{8,32}$' then
    select array_agg(r) into v_runs
    from (
      select * from chime.runs r
      where r.id between rpad(v_digits, 32, '0')::uuid and rpad(v_digits, 32, 'f')::uuid and r.tenant_id = chime.current_tenant()
        and (v_admin or r.owner_id = v_user)
      limit 2) r;
  end if;
  if v_runs is null then
    perform chime_private.fail('CH011', format('There is no run "%s".', left(reference, 80)),
      'Name it by its id, or by the first eight or more digits of it.');
  elsif cardinality(v_runs) > 1 then
    perform chime_private.fail('CH011', format('More than one run has an id that begins with "%s".', reference), 'Give more of it.');
  end if;
  return v_runs[1];
end $$;
comment on function chime.find_run is 'The run with this id, or whose id begins so (eight digits or more). Raises CH011.';
