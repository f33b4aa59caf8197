-- Runs that would wait for ever, and how tick() sets them going again. Those of a worker whose lease ended are queued
-- within seconds. What should never happen is looked for too, but less often, for it costs a look at all that is
-- unfinished: runs of a worker that has stopped or is gone, queued runs without a job, and those whose task no worker has.

create or replace function chime_private.lose_runs(run_ids uuid[], attempts integer[], now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  c_most_losses constant integer := 3;
  v_ids uuid[];
  v_tasks text[];
  v_priorities chime.priority[];
  v_count integer;
begin
  with lost as (
    select r.id, r.attempt, r.tenant_id, r.owner_id, r.worker_id, r.started_at, r.cancel_requested_at is not null as unwanted,
      r.lost_count + 1 >= c_most_losses as hopeless
    from unnest(run_ids, attempts) i(id, attempt)
    join chime.runs r on r.id = i.id and r.attempt = i.attempt
    where r.status = 'running'
    -- One that somebody is about to cancel is found again later: ticks do not wait for anybody's transaction.
    for no key update of r skip locked
  ), recorded as (
    insert into chime.run_attempts (run_id, attempt, tenant_id, owner_id, worker_id, outcome, started_at, finished_at, error)
    select l.id, l.attempt, l.tenant_id, l.owner_id, l.worker_id, 'lost', l.started_at, now, 'The worker died or lost its connection.'
    from lost l
    on conflict do nothing
  ), changed as (
    update chime.runs r set
      status = case when l.unwanted then 'cancelled' when l.hopeless then 'failed' else 'queued' end::chime.run_status,
      worker_id = null, lost_count = r.lost_count + 1,
      finished_at = case when l.unwanted or l.hopeless then now end,
      error = case when l.hopeless and not l.unwanted then format('Its worker died %s times while running it.', r.lost_count + 1) end
    from lost l where r.id = l.id
    returning r.id, r.task, r.priority, r.status
  )
  select array_agg(c.id) filter (where c.status = 'queued'), array_agg(c.task) filter (where c.status = 'queued'),
    array_agg(c.priority) filter (where c.status = 'queued'), count(*)
  into v_ids, v_tasks, v_priorities, v_count from changed c;
  perform chime_private.enqueue(v_ids, v_tasks, v_priorities);
  return v_count;
end $$;
comment on function chime_private.lose_runs is
  'Queues again the runs of a worker that is gone; one that has cost three workers their lives fails instead, and one that somebody '
  'wants cancelled is. Answers how many. '
  'Attempts that are not the current ones are left alone.';

create or replace function chime_private.recover_lost_runs(now timestamptz, clock_id uuid) returns integer
language plpgsql volatile
as $$
declare
  v_worker chime_private.workers;
  v_ids uuid[];
  v_attempts integer[];
  v_count integer := 0;
begin
  if not exists (select from chime_private.workers w where w.stopped_at is null and w.lease_until <= now)
    or not chime_private.clock_is_steady(clock_id, now) then
    return 0;
  end if;
  for v_worker in
    select * from chime_private.workers w where w.stopped_at is null and w.lease_until <= now for update skip locked
  loop
    update chime_private.workers w set stopped_at = now where w.id = v_worker.id;
    select array_agg(r.id), array_agg(r.attempt) into v_ids, v_attempts
    from chime.runs r where r.finished_at is null and r.worker_id = v_worker.id;
    v_count := v_count + chime_private.lose_runs(v_ids, v_attempts, now);
    perform chime_private.retire_pool(v_worker.pool_id, now);
  end loop;
  return v_count;
end $$;
comment on function chime_private.recover_lost_runs is 'Takes back the runs of workers whose lease has ended; answers how many.';

create or replace function chime_private.find_stuck(now timestamptz)
returns table (run_id uuid, attempt integer, task text, priority chime.priority, running boolean)
language plpgsql stable
as $$
begin
  return query
    select r.id, r.attempt, r.task, r.priority, true
    from chime.runs r
    where r.finished_at is null and r.status = 'running' and r.steps is null
      and not exists (select from chime_private.workers w where w.id = r.worker_id and w.stopped_at is null);
  -- Jobs are many where work is behind: they are only read where a run is late.
  if not exists (
    select from chime.runs r
    where r.finished_at is null and r.status = 'queued' and r.waits_for is null and r.due_at < now - 2 * chime_private.lease()) then
    return;
  end if;
  return query
    select r.id, r.attempt, r.task, r.priority, false
    from chime.runs r
    where r.finished_at is null and r.status = 'queued' and r.waits_for is null and r.due_at < now - 2 * chime_private.lease()
      and not exists (
        -- Compared as text: others may use graphile-worker too. A job that has failed for good wakes nobody.
        select from graphile_worker._private_jobs j
        where j.payload ->> 'run_id' = r.id::text and (j.is_available or j.locked_at is not null));
end $$;
comment on function chime_private.find_stuck is
  'Unfinished runs that nothing moves: running, by a worker that has stopped or is gone; or queued and due for two leases, without a job.';

create or replace function chime_private.stuck_runs() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select count(*) from chime_private.find_stuck(chime.now()) $$;
comment on function chime_private.stuck_runs is
  'How many unfinished runs nothing moves. A clock sets them going within seconds, so that more than none for long means that no clock ticks.';

create or replace function chime_private.orphaned_tasks(now timestamptz) returns text[]
language sql stable
as $$
  -- A minute, so that a worker may be replaced by its next version.
  select array(
    select t.name from chime.tasks t
    where exists (select from chime_private.workers w where w.stopped_at is null and w.lease_until > now)
      and not exists (
        select from chime_private.workers w
        where coalesce(w.stopped_at, w.lease_until) > now - interval '1 minute' and t.name = any (w.task_names)))
$$;
comment on function chime_private.orphaned_tasks is
  'Tasks that were registered once and that no worker has had for a minute; none while there is no worker at all.';

create or replace function chime_private.fail_orphans(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_tasks text[] := chime_private.orphaned_tasks(now);
  v_ids uuid[];
  v_jobs bigint[];
begin
  if v_tasks = '{}' then return 0; end if;
  v_ids := array(
    select r.id from chime.runs r
    where r.finished_at is null and r.status = 'queued' and r.waits_for is null and r.task = any (v_tasks) and r.due_at < now - interval '1 minute'
    limit most);
  if v_ids = '{}' then return 0; end if;
  v_jobs := array(
    select j.id
    from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id
    join unnest(v_ids) r(id) on r.id::text = j.payload ->> 'run_id'
    where j.locked_at is null and t.identifier <> 'chime_unregistered');
  perform graphile_worker.complete_jobs(v_jobs);
  -- Once: a run whose job is taken or is handed over already is left alone.
  v_ids := array(
    select r.id from unnest(v_ids) r(id)
    where not exists (
      select from graphile_worker._private_jobs j
      where j.payload ->> 'run_id' = r.id::text and (j.is_available or j.locked_at is not null)));
  -- Any worker takes such a job, and the run fails with an error that names the task.
  perform chime_private.wake_any_worker(v_ids);
  return cardinality(v_ids);
end $$;
comment on function chime_private.fail_orphans is
  'Hands queued runs that are due for a minute, of tasks that no worker has, to whichever worker there is, which lets them fail; answers how many.';

create or replace function chime_private.recover_stuck_runs(now timestamptz, clock_id uuid) returns integer
language plpgsql volatile
as $$
declare
  c_most constant integer := 1000;
  v_began constant timestamptz := clock_timestamp();
  v_lost uuid[];
  v_attempts integer[];
  v_queued uuid[];
  v_tasks text[];
  v_priorities chime.priority[];
  v_count integer;
begin
  perform from chime_private.settings s
  where s.key = 'recovery_due_at' and (s.value #>> '{}')::timestamptz <= recover_stuck_runs.now
  for no key update skip locked;
  if not found or not chime_private.clock_is_steady(clock_id, now) then return 0; end if;
  perform chime_private.free_retired_pools(now);
  select array_agg(f.run_id) filter (where f.running), array_agg(f.attempt) filter (where f.running),
    array_agg(f.run_id) filter (where not f.running), array_agg(f.task) filter (where not f.running),
    array_agg(f.priority) filter (where not f.running)
  into v_lost, v_attempts, v_queued, v_tasks, v_priorities
  from (select * from chime_private.find_stuck(now) limit c_most) f;
  v_count := chime_private.lose_runs(v_lost, v_attempts, now) + coalesce(cardinality(v_queued), 0);
  perform chime_private.enqueue(v_queued, v_tasks, v_priorities);
  perform chime_private.check_slots();
  v_count := v_count + chime_private.fail_orphans(now, c_most) + chime_private.advance_stuck_workflows(now, c_most);
  -- At most a fiftieth of the time is spent on it, however much is unfinished.
  update chime_private.settings s set
    value = to_jsonb(recover_stuck_runs.now + greatest(interval '10 seconds', 50 * (clock_timestamp() - v_began))),
    updated_at = recover_stuck_runs.now
  where s.key = 'recovery_due_at';
  return v_count;
end $$;
comment on function chime_private.recover_stuck_runs is
  'Sets runs going that nothing moves, a thousand at most, every ten seconds or less often; answers how many.';

insert into chime_private.settings (key, value) values ('recovery_due_at', to_jsonb(timestamptz '-infinity'))
on conflict do nothing;
