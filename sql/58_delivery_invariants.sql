-- What must never change about a delivery, whoever writes: as 43_run_invariants.sql has it for runs.

create or replace trigger deliveries_legal_transition
  after update of status on chime.deliveries
  for each row
  when (old.status <> new.status and not case old.status
    when 'pending' then new.status in ('sending', 'skipped')
    when 'sending' then new.status in ('sent', 'failed', 'unknown', 'pending')
    when 'unknown' then new.status in ('sent', 'pending')
    when 'failed' then new.status = 'pending'
    when 'skipped' then new.status = 'pending'
    else false end)
  execute function chime_private.refuse_change('this status cannot follow the one before');

create or replace trigger deliveries_attempt_grows
  after update of attempt on chime.deliveries
  for each row
  when (new.attempt < old.attempt)
  execute function chime_private.refuse_change('an attempt number never goes back');

create or replace trigger deliveries_identity
  after update of id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, part, created_at on chime.deliveries
  for each row
  when (row(old.id, old.tenant_id, old.owner_id, old.run_id, old.schedule_id, old.channel_mapping_id, old.channel_id, old.part, old.created_at)
    is distinct from row(new.id, new.tenant_id, new.owner_id, new.run_id, new.schedule_id, new.channel_mapping_id, new.channel_id, new.part, new.created_at))
  execute function chime_private.refuse_change('what is delivered, and to whom, never changes');

create or replace trigger deliveries_proof
  after update of external_id on chime.deliveries
  for each row
  when (old.external_id is not null and new.external_id is distinct from old.external_id)
  execute function chime_private.refuse_change('the proof that it was sent never changes');

create or replace trigger channel_mappings_identity
  after update of id, tenant_id, channel_id, created_at on chime.channel_mappings
  for each row
  when (row(old.id, old.tenant_id, old.channel_id, old.created_at) is distinct from row(new.id, new.tenant_id, new.channel_id, new.created_at))
  execute function chime_private.refuse_change('its id, its tenant and its channel never change');
