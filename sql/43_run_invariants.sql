-- What must never change about a run, whoever writes. The triggers' conditions are evaluated in place, and their function is
-- only called to refuse, so that they cost next to nothing.

create or replace function chime_private.refuse_change() returns trigger
language plpgsql
as $$
begin
  perform chime_private.fail('CH022', format('%s.%s %s: %s', tg_table_schema, tg_table_name, old.id, tg_argv[0]),
    'Change it with the functions of schema chime.');
  return null;
end $$;
comment on function chime_private.refuse_change is 'Raises CH022: an invariant of the table was about to be broken.';

create or replace trigger runs_legal_transition
  after update of status on chime.runs
  for each row
  when (old.status <> new.status and not case old.status
    when 'queued' then new.status in ('running', 'cancelled')
    when 'running' then new.status in ('succeeded', 'failed', 'timed_out', 'cancelled', 'retrying', 'queued')
    when 'retrying' then new.status in ('queued', 'cancelled')
    else false end)
  execute function chime_private.refuse_change('this status cannot follow the one before');

create or replace trigger runs_attempt_grows
  after update of attempt on chime.runs
  for each row
  when (new.attempt < old.attempt)
  execute function chime_private.refuse_change('an attempt number never goes back');

create or replace trigger runs_identity
  after update of id, tenant_id, schedule_id, schedule_revision, trigger, retry_of, scheduled_for, due_at, created_at on chime.runs
  for each row
  when (row(old.id, old.tenant_id, old.schedule_id, old.schedule_revision, old.trigger, old.retry_of, old.scheduled_for, old.due_at, old.created_at)
    is distinct from row(new.id, new.tenant_id, new.schedule_id, new.schedule_revision, new.trigger, new.retry_of, new.scheduled_for, new.due_at, new.created_at))
  execute function chime_private.refuse_change('what a run is, and when it was meant for, never changes');

-- Before, because a row that changes its partition is removed from one and inserted into another: nothing is updated then.
create or replace trigger runs_id
  before update of id on chime.runs
  for each row
  when (old.id <> new.id)
  execute function chime_private.refuse_change('what a run is never changes');

create or replace trigger schedules_identity
  after update of id, tenant_id, created_at on chime.schedules
  for each row
  when (row(old.id, old.tenant_id, old.created_at) is distinct from row(new.id, new.tenant_id, new.created_at))
  execute function chime_private.refuse_change('its id and its tenant never change');
