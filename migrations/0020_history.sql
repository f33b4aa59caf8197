-- Up Migration

alter table chime.schedules
  add column keep_runs integer check (keep_runs between 1 and 10000),
  add column keep_for interval;
comment on column chime.schedules.keep_runs is 'How many of its runs are kept once they are finished, the newest, and as many skipped ones; null = as many as there are.';
comment on column chime.schedules.keep_for is 'How long its runs are kept after they finished; null = as chime.retention() says, or without limit where keep_runs is given.';
create index schedules_with_retention on chime.schedules (id) where keep_runs is not null or keep_for is not null;
create index schedules_deleted on chime.schedules (id) where deleted_at is not null;

-- What belongs to runs lies in the same weeks, so that it goes with them. The table that was there becomes the default partition.
alter table chime.run_attempts set schema chime_private;
alter table chime_private.run_attempts rename to run_attempts_default;
alter index chime_private.run_attempts_pkey rename to run_attempts_default_pkey;
create table chime.run_attempts (like chime_private.run_attempts_default including all) partition by range (run_id);
alter table chime.run_attempts attach partition chime_private.run_attempts_default default;
comment on table chime.run_attempts is 'Tries of a run that failed, timed out, or lost their worker; the last one too, where the run failed with it.';

alter table chime.run_logs set schema chime_private;
alter table chime_private.run_logs rename to run_logs_default;
alter index chime_private.run_logs_pkey rename to run_logs_default_pkey;
create table chime.run_logs (like chime_private.run_logs_default including all) partition by range (run_id);
alter table chime.run_logs attach partition chime_private.run_logs_default default;
comment on table chime.run_logs is 'What a handler logged, in order.';

-- How far the removal of old history has come; see sql/54_retention.sql.
create table chime_private.retention_pass (
  only_row boolean primary key default true check (only_row),
  phase text not null check (phase in ('schedules', 'weeks', 'default', 'deleted', 'records')),
  after_id uuid,
  kept_weeks timestamptz[] not null,
  due_at timestamptz not null
);
comment on table chime_private.retention_pass is 'Where the pass over the history is that removes what need not be kept.';

-- With arguments more it would be a second function of its name; sql/ creates it anew.
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, integer, interval, chime.retry_backoff, interval, interval);
drop function if exists chime_private.maintain_due(timestamptz);
