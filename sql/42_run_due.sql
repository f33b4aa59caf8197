-- Runs that wait for an instant, and what tick() does with them when it comes.

create or replace function chime_private.retry_due(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_tasks text[];
  v_priorities chime.priority[];
begin
  -- Asked first in a way that is planned well also for a partition that has no statistics yet.
  if coalesce((select r.retry_at from chime.runs r where r.retry_at is not null order by r.retry_at limit 1) > retry_due.now, true) then
    return 0;
  end if;
  v_ids := array(
    select r.id from chime.runs r where r.retry_at <= retry_due.now order by r.retry_at limit most for no key update skip locked);
  if v_ids = '{}' then return 0; end if;
  with queued as (
    -- The error of the attempt before is kept with that attempt.
    update chime.runs r set status = 'queued', retry_at = null, error = null, error_stack = null
    where r.id = any (v_ids)
    returning r.id, r.task, r.priority
  )
  select array_agg(q.id), array_agg(q.task), array_agg(q.priority) into v_ids, v_tasks, v_priorities from queued q;
  perform chime_private.enqueue(v_ids, v_tasks, v_priorities);
  return cardinality(v_ids);
end $$;
comment on function chime_private.retry_due is
  'Queues runs whose next attempt is due, those that wait longest first, `most` of them at most; answers how many. Those that '
  'somebody else has locked are left for later.';

create or replace function chime_private.write_off_overdue(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_latest timestamptz := write_off_overdue.now - chime_private.write_off_after();
  v_workers uuid[];
  v_ids uuid[];
  v_attempts integer[];
  v_errors text[];
begin
  -- Not while it starts runs: those could not be seen yet, and would be watched by nobody. Runs of one that is dead are lost.
  v_workers := array(
    select w.id from chime_private.workers w
    where w.stopped_at is null and w.watch_at <= write_off_overdue.now and w.lease_until > write_off_overdue.now
    for update skip locked);
  if v_workers = '{}' then return 0; end if;
  with overdue as (
    select r.id, r.attempt, r.started_at, r.deadline_at
    from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
    where r.finished_at is null and r.status = 'running' and r.worker_id = any (v_workers) and r.deadline_at <= v_latest
    limit most
    for no key update of r skip locked
  )
  select array_agg(o.id), array_agg(o.attempt), array_agg(format(
      'It had not ended %s after its start, and its worker could not end it.', o.deadline_at - o.started_at))
  into v_ids, v_attempts, v_errors from overdue o;
  if v_ids is not null then
    perform from chime_private.end_attempts(v_ids, v_attempts, array_fill('timed_out'::chime_private.outcome, array[cardinality(v_ids)]),
      '{}', v_errors, '{}', '{}', '{}', write_off_overdue.now);
  end if;
  update chime_private.workers w set watch_at = h.first + chime_private.write_off_after()
  from (
    select i.id, min(r.deadline_at) as first
    from unnest(v_workers) i(id)
    left join (chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id)
      on r.worker_id = i.id and r.finished_at is null and r.status = 'running'
    group by i.id) h
  where w.id = h.id;
  return coalesce(cardinality(v_ids), 0);
end $$;
comment on function chime_private.write_off_overdue is
  'Times out attempts that are long past their deadline though their worker lives: a handler keeps its event loop busy, or the worker '
  'cannot say what became of it. `most` of them at most; answers how many. It looks at what is unfinished only when a worker''s '
  'watch_at has come.';

create or replace function chime_private.write_off_cancelled(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_latest timestamptz := write_off_cancelled.now - chime_private.write_off_after();
  v_ids uuid[];
  v_attempts integer[];
begin
  if coalesce((
      select u.cancel_requested_at from chime_private.unfinished_runs u
      where u.cancel_requested_at is not null
      order by u.cancel_requested_at limit 1) > v_latest, true) then
    return 0;
  end if;
  with overdue as (
    select r.id, r.attempt
    from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
    where u.cancel_requested_at <= v_latest and r.finished_at is null and r.status = 'running' and r.steps is null
    order by u.cancel_requested_at
    limit most
    for no key update of r skip locked
  )
  select array_agg(o.id), array_agg(o.attempt) into v_ids, v_attempts from overdue o;
  if v_ids is null then return 0; end if;
  perform from chime_private.end_attempts(v_ids, v_attempts, array_fill('cancelled'::chime_private.outcome, array[cardinality(v_ids)]),
    '{}', '{}', '{}', '{}', '{}', write_off_cancelled.now);
  return cardinality(v_ids);
end $$;
comment on function chime_private.write_off_cancelled is
  'Cancels running runs whose worker was asked to do so long ago and has not said a word; `most` of them at most, answers how many.';
