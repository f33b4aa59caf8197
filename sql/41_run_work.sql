-- What workers write. Starts and finishes come in batches, one statement for all of them, so that full history costs
-- little. Every attempt has a number: a start, log line or finish that carries another number than the run changes nothing.
-- They wait for no lock for long: somebody may cancel runs in a transaction that is left open, and what has nothing to do with
-- those must go on. Then the call fails, and is sent again for each run by itself.

create or replace function chime_private.write_off_after() returns interval
language sql immutable parallel safe
as $$ select interval '10 seconds' $$;
comment on function chime_private.write_off_after is
  'How long after its deadline an attempt is written off by a clock. Its worker, if it can, does that in half the time.';

create or replace function chime_private.start_runs(worker_id uuid, run_ids uuid[], resend boolean)
returns table (
  id uuid, attempt integer, task text, payload jsonb, trigger chime.run_trigger, scheduled_for timestamptz,
  local_time text, due_at timestamptz, started_at timestamptz, timeout_ms double precision,
  schedule_id uuid, schedule_key text, schedule_name text, timezone text, next_run_at timestamptz, event_id uuid, traceparent text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' set enable_seqscan = off
  -- One plan for all calls: to plan it for each, over all weeks, takes many times as long as to do it.
  set plan_cache_mode = force_generic_plan
as $$
declare
  v_now timestamptz := chime.now();
  v_ids uuid[] := run_ids;
  v_have_slots boolean := false;
  v_count integer;
begin
  -- A worker that was taken for dead may not start anything: its runs are somebody else's by now. This lock holds off whoever
  -- declares that, and not the renewal of the lease.
  perform from chime_private.workers w where w.id = start_runs.worker_id and w.stopped_at is null and w.lease_until > v_now for key share;
  if not found then
    perform chime_private.fail('CH020', 'The lease of this worker has ended.', 'It must stop; its runs are given to other workers.');
  end if;
  -- First those that need no slot: nearly always that is all of them. Then those of the others that have got theirs.
  loop
    perform chime_private.start_workflows(v_ids, v_have_slots, v_now);
    return query
      with started as (
        update chime.runs r set status = 'running', attempt = r.attempt + 1, worker_id = start_runs.worker_id, started_at = v_now,
          deadline_at = v_now + coalesce((r.policy ->> 'timeout')::interval,
            (select s.timeout from chime.schedules s where s.id = r.schedule_id), '5 minutes')
        from unnest(v_ids) i(id)
        where r.id = i.id and (v_have_slots or r.concurrency_key is null and not r.in_turn)
          and (r.status = 'queued' or resend and r.status = 'running' and r.worker_id = start_runs.worker_id)
        returning r.*
      ), watched as (
        update chime_private.workers w set watch_at = f.at
        from (select min(s.deadline_at) + chime_private.write_off_after() as at from started s) f
        where w.id = start_runs.worker_id and (w.watch_at is null or w.watch_at > f.at) and f.at is not null
      )
      select r.id, r.attempt, r.task, r.payload, r.trigger, r.scheduled_for,
        (r.scheduled_for at time zone coalesce(s.timezone, 'UTC'))::timestamp(0)::text, r.due_at, r.started_at,
        date_part('epoch', r.deadline_at - r.started_at) * 1000, r.schedule_id, s.key, s.name, s.timezone, s.next_run_at,
        r.event_id, r.traceparent
      from started r
      left join chime.schedules s on s.id = r.schedule_id;
    get diagnostics v_count = row_count;
    exit when v_have_slots or v_count = cardinality(run_ids);
    v_ids := chime_private.take_slots(run_ids, worker_id, resend, v_now);
    exit when v_ids = '{}';
    v_have_slots := true;
  end loop;
end $$;
comment on function chime_private.start_runs is
  'Starts queued runs for a worker: each gets its next attempt number and a deadline. Those that are not queued any more, or have to '
  'wait for a slot, are left out of the answer, and so are workflows, whose first steps are queued instead. resend says that the answer to the same call was lost: runs that it started then are started anew. Raises '
  'CH020 where the worker''s lease has ended.';

create or replace function chime_private.is_told_of(owner_id uuid, channel_mapping_id uuid, trigger chime.run_trigger) returns boolean
language sql immutable parallel safe
as $$ select (owner_id is not null or channel_mapping_id is not null) and trigger not in ('backfill', 'workflow') $$;
comment on function chime_private.is_told_of is
  'Whether there may be somebody to tell of a run when it has ended. Nobody wants to be told of the past, or of each step of a workflow.';

create or replace function chime_private.finish_runs(
  run_ids uuid[], attempts integer[], outcomes chime_private.outcome[], outputs text[], results jsonb[], errors text[], stacks text[],
  reasons text[], waits interval[]
) returns table (id uuid, status chime.run_status, wait_ms double precision, retry integer, retries integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' set enable_seqscan = off
as $$
declare
  v_now timestamptz := chime.now();
  v_succeeded uuid[];
  v_told uuid[];
begin
  -- Nearly all runs end so, and what the others need costs them nothing.
  with succeeded as (
    update chime.runs r set
      status = 'succeeded', worker_id = null, finished_at = v_now, output = i.output, output_summary = left(i.output, 500),
      result = i.result, silent_reason = i.reason, error = null, error_stack = null
    from unnest(run_ids, attempts, outcomes, outputs, results, reasons) i(id, attempt, outcome, output, result, reason)
    where r.id = i.id and r.attempt = i.attempt and r.status = 'running' and i.outcome = 'succeeded'
    returning r.id, chime_private.is_told_of(r.owner_id, r.channel_mapping_id, r.trigger) as told
  )
  select coalesce(array_agg(s.id), '{}'), array_agg(s.id) filter (where s.told) into v_succeeded, v_told from succeeded s;
  if v_told is not null then perform chime_private.plan_deliveries(v_told); end if;
  delete from chime_private.unfinished_runs u where u.run_id = any (v_succeeded);
  return query select s, 'succeeded'::chime.run_status, null::double precision, null::integer, null::integer from unnest(v_succeeded) s;
  if cardinality(v_succeeded) = cardinality(run_ids) then return; end if;
  -- Sent again because the first answer was lost: it is recorded already, and that is the answer. The run may have gone on since.
  return query
    select r.id, case when r.attempt = i.attempt and r.finished_at is not null then r.status else 'retrying' end,
      date_part('epoch', r.retry_at - v_now) * 1000, null::integer, null::integer
    from unnest(run_ids, attempts, outcomes) i(id, attempt, outcome)
    join chime.runs r on r.id = i.id
    left join chime.run_attempts a on a.run_id = i.id and a.attempt = i.attempt
    where case i.outcome
      when 'succeeded' then r.attempt = i.attempt and r.status = 'succeeded' and r.finished_at < v_now
      when 'cancelled' then r.attempt = i.attempt and r.status = 'cancelled'
      when 'snoozed' then r.attempt = i.attempt and r.status in ('retrying', 'queued', 'cancelled') and a.run_id is null
      else a.outcome <> 'lost' end;
  return query select * from chime_private.end_attempts(run_ids, attempts, outcomes, outputs, errors, stacks, reasons, waits, v_now);
end $$;
comment on function chime_private.finish_runs is
  'Records how attempts ended, arrays side by side, and answers what became of the run of each that is recorded (see end_attempts): '
  'an attempt that is not the run''s current one changes nothing. May be sent again.';

create or replace function chime_private.return_runs(run_ids uuid[], attempts integer[]) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_ids uuid[];
  v_tasks text[];
  v_priorities chime.priority[];
  v_count integer;
begin
  with held as (
    select r.id
    from unnest(run_ids, attempts) i(id, attempt)
    join chime.runs r on r.id = i.id and r.attempt = i.attempt
    where r.status = 'running'
    for no key update of r skip locked
  ), returned as (
    update chime.runs r set
      status = case when r.cancel_requested_at is null then 'queued' else 'cancelled' end::chime.run_status, worker_id = null,
      finished_at = case when r.cancel_requested_at is not null then v_now end
    from held h
    where r.id = h.id
    returning r.id, r.task, r.priority, r.status
  )
  select array_agg(r.id) filter (where r.status = 'queued'), array_agg(r.task) filter (where r.status = 'queued'),
    array_agg(r.priority) filter (where r.status = 'queued'), count(*)
  into v_ids, v_tasks, v_priorities, v_count from returned r;
  perform chime_private.enqueue(v_ids, v_tasks, v_priorities);
  return v_count;
end $$;
comment on function chime_private.return_runs is
  'Gives runs back to the queue that a worker has started and will not finish, because it is stopping; those that somebody wants '
  'cancelled are. Answers how many. Those that somebody has locked are left to a clock, which finds them without a worker.';

create or replace function chime_private.write_logs(
  run_ids uuid[], attempts integer[], seqs integer[], levels text[], messages text[], datas jsonb[], times timestamptz[]
) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into chime.run_logs (run_id, seq, tenant_id, owner_id, attempt, level, message, data, logged_at)
  select i.id, i.seq, r.tenant_id, r.owner_id, i.attempt, i.level, i.message, i.data, i.at
  from unnest(run_ids, attempts, seqs, levels, messages, datas, times) i(id, attempt, seq, level, message, data, at)
  join chime.runs r on r.id = i.id and r.attempt = i.attempt and r.status = 'running'
  on conflict do nothing
$$;
comment on function chime_private.write_logs is 'Stores log lines of running attempts, arrays side by side.';

create or replace function chime_private.next_fires(schedule_id uuid, count integer) returns table (scheduled_for timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.scheduled_for
  from chime.schedules s, lateral chime_private.preview_timetable(s, chime.now(), least(greatest(next_fires.count, 0), 1000)) p
  where s.id = next_fires.schedule_id and s.status = 'active'
$$;
comment on function chime_private.next_fires is 'The next fires of a stored schedule; none where it is not active.';
