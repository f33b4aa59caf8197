-- What pgchime says to people of its own accord, from the plan to the proof that it was sent.

create or replace view chime.scheduled_messages with (security_invoker = true) as
select coalesce(d.id, r.id) as id, r.tenant_id, r.owner_id, coalesce(f.person_id, r.owner_id) as user_id, r.purpose,
  coalesce(d.channel_mapping_id, r.channel_mapping_id) as channel_mapping_id, r.schedule_id, r.id as run_id, r.scheduled_for, r.output as content,
  case when d.status = 'sent' then 'sent' when d.status in ('failed', 'unknown') or d.id is null and r.status in ('failed', 'timed_out') then 'failed'
    else 'pending' end::chime.message_status as status,
  case d.status when 'sent' then d.finished_at end as sent_at,
  case when d.status in ('failed', 'unknown') or d.id is null and r.status in ('failed', 'timed_out') then coalesce(d.failure_reason, r.error) end as failure_reason
from chime.runs r
left join chime.deliveries d on d.run_id = r.id and d.part = 1 and d.status <> 'skipped'
left join chime.follow_ups f on f.schedule_id = r.schedule_id
where r.purpose is not null and r.status not in ('skipped', 'cancelled')
  -- What was withdrawn before it was sent is no message.
  and (d.id is not null or r.status <> 'succeeded')
union all
select s.id, s.tenant_id, s.owner_id, coalesce(f.person_id, s.owner_id), s.purpose, s.channel_mapping_id, s.id, null, s.next_run_at, f.message_template,
  'pending', null, null
from chime.schedules s
left join chime.follow_ups f on f.schedule_id = s.id
where s.purpose is not null and s.next_run_at is not null;
comment on view chime.scheduled_messages is
  'Check-ins, follow-ups and reminders of meetings: those that are planned (pending, without a run), on their way, sent, and failed. Example: '
  'select scheduled_for, purpose, user_id, failure_reason from chime.scheduled_messages where status = ''failed'' order by scheduled_for desc';
