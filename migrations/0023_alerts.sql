-- Up Migration

alter table chime.schedules
  add column pause_after_failures integer check (pause_after_failures between 1 and 1000),
  add column alert_after_failures integer check (alert_after_failures between 1 and 1000);
comment on column chime.schedules.pause_after_failures is 'It is paused when so many of its runs in a row have failed since it was last changed or resumed.';
comment on column chime.schedules.alert_after_failures is 'When so many of its runs in a row have failed, the event chime.schedule.failing is raised, and chime.schedule.recovered when one succeeds again.';

-- Hardly any, and looked for by whoever asks how it all is.
create index schedules_set_aside on chime.schedules (tenant_id) where paused_by = 'pgchime';

create table chime_private.failed_ends (
  schedule_id uuid not null,
  run_id uuid not null,
  primary key (schedule_id, run_id)
);
comment on table chime_private.failed_ends is 'Runs that failed, of schedules that want to be watched, until a tick has looked at them.';

create table chime_private.failing_schedules (
  schedule_id uuid primary key,
  failures integer not null,
  since timestamptz not null,
  check_at timestamptz not null
);
comment on table chime_private.failing_schedules is 'Schedules whose failing was told as an event, until one of their runs succeeds.';
create index failing_schedules_check on chime_private.failing_schedules (check_at);
