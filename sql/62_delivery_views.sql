-- What was delivered, and what was not, for people and reports.

create or replace view chime.inbox with (security_invoker = true) as
select d.id, d.tenant_id, d.owner_id, d.run_id, d.schedule_id, s.name as schedule_name, r.task, r.status as run_status, r.scheduled_for,
  coalesce(r.output_summary, r.error) as text, d.covers_count, d.finished_at as received_at, d.read_at, d.read_at is not null as is_read
from chime.deliveries d
join chime.runs r on r.id = d.run_id
left join chime.schedules s on s.id = d.schedule_id
where d.channel_id = 'web' and d.status = 'sent';
comment on view chime.inbox is
  'What came in for people to read: the first 500 characters of the output of a run, or its error; mark_inbox_read marks it. Example: '
  'select received_at, schedule_name, run_status, text from chime.inbox where not is_read order by id desc limit 20';

create or replace view chime.undelivered with (security_invoker = true) as
select d.id, d.tenant_id, d.owner_id, d.run_id, d.schedule_id, s.name as schedule_name, d.channel_id, m.channel_context_id, m.status as mapping_status,
  case when d.status in ('failed', 'unknown') then d.status::text when d.status = 'sending' then 'sending' when d.due_at is null then 'waiting'
    when d.held and d.failure_count = 0 then 'held' else 'retrying' end as state,
  d.failure_reason as reason, d.failure_count, d.due_at, d.created_at, chime.now() - d.created_at as age
from chime.deliveries d
join chime.channel_mappings m on m.id = d.channel_mapping_id
left join chime.schedules s on s.id = d.schedule_id
where d.status in ('failed', 'unknown') or d.status in ('pending', 'sending');
comment on view chime.undelivered is
  'Deliveries that have not arrived for certain: failed; unknown, which may have; waiting for a sender, held by quiet hours, or retrying. Example: '
  'select created_at, channel_id, schedule_name, state, reason from chime.undelivered order by id desc limit 20';
