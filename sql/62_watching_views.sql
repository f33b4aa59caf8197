-- What is going on, for reports in plain SQL. Views run with the rights of who reads them, and have the tenant of each row; but for
-- the workers, which belong to no tenant: of what they execute, each reader is told what it may see.

create or replace view chime.upcoming with (security_invoker = true) as
select s.next_run_at as scheduled_for, s.next_due_at as due_at, s.next_due_at - chime.now() as due_in,
  (s.next_run_at at time zone s.timezone)::timestamp(0) as local_time, s.timezone, s.id as schedule_id, s.tenant_id, s.key, s.name, s.task
from chime.schedules s
where s.next_due_at is not null;
comment on view chime.upcoming is
  'The next fire of each active schedule. Example: select name, local_time, timezone, due_in from chime.upcoming order by due_at limit 20';

create or replace view chime.failing with (security_invoker = true) as
select s.id as schedule_id, s.tenant_id, s.key, s.name, s.task, s.status, n.failures as failures_in_a_row,
  r.id as last_failed_run_id, r.finished_at as last_failed_at, r.error as last_error
from (
  select distinct e.schedule_id from chime.runs e where e.error is not null and e.status in ('failed', 'timed_out') and e.schedule_id is not null
) f
join chime.schedules s on s.id = f.schedule_id and s.deleted_at is null
cross join lateral (select chime_private.failures_in_a_row(s.id) as failures offset 0) n
cross join lateral (
  select l.id, l.finished_at, l.error from chime.runs l
  where l.schedule_id = s.id and l.error is not null and l.status in ('failed', 'timed_out')
  order by l.id desc limit 1) r
where n.failures > 0;
comment on view chime.failing is
  'Schedules whose newest finished run failed or timed out, how many in a row, and the error. Example: '
  'select name, failures_in_a_row, last_failed_at, last_error from chime.failing order by failures_in_a_row desc';

create or replace view chime.late with (security_invoker = true) as
select 'not fired' as kind, s.tenant_id, s.id as schedule_id, s.key, s.name, null::uuid as run_id, s.next_due_at as due_at,
  chime.now() - s.next_due_at as late_by, 'No clock has fired it.' as reason
from chime.schedules s
where s.next_due_at < chime.now() - interval '1 minute'
union all
select 'set aside', s.tenant_id, s.id, s.key, s.name, null, s.paused_at, chime.now() - s.paused_at, s.status_reason
from chime.schedules s
where s.status = 'paused' and s.paused_by = 'pgchime' and s.status_reason like 'Its rule failed:%' and s.deleted_at is null
union all
select 'waiting', r.tenant_id, r.schedule_id, s.key, s.name, r.id, r.due_at, chime.now() - r.due_at, 'No worker has started it.'
from chime.runs r
left join chime.schedules s on s.id = r.schedule_id
where r.finished_at is null and r.status = 'queued' and r.due_at < chime.now() - interval '1 minute';
comment on view chime.late is
  'What should have happened a minute ago and has not: schedules that were not fired, schedules whose rule fails, runs that no worker has '
  'started. Example: select kind, name, due_at, late_by, reason from chime.late order by due_at';

create or replace view chime.worker_status with (security_invoker = true) as
select w.id, w.name,
  case when w.stopped_at is not null then 'stopped' when w.lease_until <= chime.now() then 'lost' else 'alive' end as state,
  w.started_at, w.lease_until, w.stopped_at, w.task_names as tasks, coalesce(h.running, 0) as running, h.oldest_started_at
from chime_private.workers w
left join (
  select r.worker_id, count(*) as running, min(r.started_at) as oldest_started_at
  from chime.runs r
  where r.finished_at is null and r.status = 'running'
  group by r.worker_id
) h on h.worker_id = w.id;
comment on view chime.worker_status is
  'Workers, for a week after they stopped, and how many runs each executes, of those that the reader may see. Example: '
  'select name, state, running, tasks from chime.worker_status where state <> ''stopped'' order by name';

create or replace view chime.queue_depth with (security_invoker = true) as
select r.tenant_id, r.task, count(*) filter (where r.status = 'queued') as queued, count(*) filter (where r.status = 'running') as running,
  count(*) filter (where r.status = 'retrying') as retrying,
  min(r.due_at) filter (where r.status = 'queued') as oldest_due_at,
  greatest(interval '0', chime.now() - min(r.due_at) filter (where r.status = 'queued')) as waiting_for
from chime.runs r
where r.finished_at is null
group by r.tenant_id, r.task;
comment on view chime.queue_depth is
  'Runs that are not finished, by task, and how long the first of those that wait for a worker has been due. Example: '
  'select task, queued, running, retrying, waiting_for from chime.queue_depth order by queued desc';
