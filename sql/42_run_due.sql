-- Runs that wait for an instant, and what tick() does with them when it comes.

create or replace function chime_private.retry_due(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_tasks text[];
begin
  with due as (
    select r.id from chime.runs r where r.retry_at <= retry_due.now order by r.retry_at limit most for no key update skip locked
  ), queued as (
    -- The error of the attempt before is kept with that attempt.
    update chime.runs r set status = 'queued', retry_at = null, error = null, error_stack = null
    from due d where r.id = d.id
    returning r.id, r.task
  )
  select array_agg(q.id), array_agg(q.task) into v_ids, v_tasks from queued q;
  perform chime_private.enqueue(v_ids, v_tasks);
  return coalesce(cardinality(v_ids), 0);
end $$;
comment on function chime_private.retry_due is
  'Queues runs whose next attempt is due, those that wait longest first, `most` of them at most; answers how many. Those that '
  'somebody else has locked are left for later.';
