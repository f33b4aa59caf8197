-- Up Migration

create type chime.schedule_action as enum
  ('created', 'changed', 'paused', 'resumed', 'completed', 'cancelled', 'deleted', 'backfilled');
comment on type chime.schedule_action is 'What somebody did to a schedule; completed and, at the end of a pause, resumed are what pgchime itself does.';

-- It refers to nothing: the record of a schedule outlives it.
create table chime.schedule_revisions (
  id bigint generated always as identity primary key,
  tenant_id uuid not null,
  schedule_id uuid not null,
  revision integer not null,
  action chime.schedule_action not null,
  actor text not null,
  surface text not null,
  changed_at timestamptz not null,
  before jsonb not null,
  after jsonb not null
);
create index schedule_revisions_of on chime.schedule_revisions (tenant_id, schedule_id, id);
comment on table chime.schedule_revisions is 'Who changed what of a schedule, when, and from where. Rows never change.';
comment on column chime.schedule_revisions.revision is 'The revision of its definition that the schedule had then.';
comment on column chime.schedule_revisions.actor is 'The setting chime.actor of whoever did it, else the role that was logged in; pgchime, where a clock did.';
comment on column chime.schedule_revisions.surface is 'The setting chime.surface: cli, typescript and so on; sql where there is none.';
comment on column chime.schedule_revisions.before is 'What was changed, as it was before.';
comment on column chime.schedule_revisions.after is 'What was changed, as it is since.';
