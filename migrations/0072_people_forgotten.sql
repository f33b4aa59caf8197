-- Up Migration

-- What retention asks for, tenant by tenant.
create index follow_ups_by_end on chime.follow_ups (tenant_id, status, coalesce(executed_at, cancelled_at)) where status <> 'pending';
create index check_ins_by_age on chime.check_ins (tenant_id, (skip_reason is null), created_at);
-- For whoever is forgotten: follow-ups about them, cancelled ones too.
create index follow_ups_about on chime.follow_ups (person_id);
