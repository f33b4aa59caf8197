-- Up Migration

-- What retention asks for, tenant by tenant.
create index follow_ups_by_end on chime.follow_ups (tenant_id, status, coalesce(executed_at, cancelled_at)) where status <> 'pending';
create index check_ins_by_age on chime.check_ins (tenant_id, (skip_reason is null), created_at);

drop function if exists chime_private.forget_preferences(uuid);
-- For whoever is forgotten: follow-ups about them, cancelled ones too.
create index follow_ups_about on chime.follow_ups (person_id);
create index users_forgotten on chime.users (updated_at) where status = 'forgotten';

create table chime_private.forgotten_runs (
  run_id uuid primary key,
  worker_id uuid not null,
  until timestamptz not null
);
comment on table chime_private.forgotten_runs is 'Runs that are no more, while a worker may still be at them: it is told to end.';
comment on column chime_private.forgotten_runs.until is 'When no worker can be at it any more.';
