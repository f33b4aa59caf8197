-- Up Migration

create type chime.run_status as enum
  ('queued', 'running', 'retrying', 'succeeded', 'failed', 'timed_out', 'cancelled', 'skipped');
comment on type chime.run_status is 'queued = waits for a worker; running; retrying = waits for its next attempt; the others are final.';

create type chime.run_trigger as enum ('schedule', 'manual', 'event', 'backfill');
comment on type chime.run_trigger is 'What brought the run about.';

create type chime.skip_reason as enum
  ('overlap', 'missed', 'paused', 'edited', 'cancelled', 'dst_gap', 'max_runs', 'excluded');
comment on type chime.skip_reason is 'Why a fire was not run: an earlier run was not finished; pgchime was not there in time; the schedule was paused; its rule was changed, or it was cancelled or deleted, before the fire was handled; the wall-clock time did not exist; max_runs was reached; a calendar excluded it.';

-- The id of a run is its identity (chime_private.run_id), so the primary key is what makes a second run of
-- one fire impossible. Its leading 48 bits are the time, hence the partitioning.
create table chime.runs (
  id uuid not null,
  tenant_id uuid not null,
  schedule_id uuid,
  schedule_revision integer,
  task text not null,
  payload jsonb not null,
  trigger chime.run_trigger not null,
  scheduled_for timestamptz not null,
  due_at timestamptz not null,
  status chime.run_status not null,
  attempt integer not null default 0,
  lost_count integer not null default 0,
  worker_id uuid,
  started_at timestamptz,
  finished_at timestamptz,
  output text,
  output_summary text,
  result jsonb,
  error text,
  error_stack text,
  skip_reason chime.skip_reason,
  covers_count integer,
  covers_until timestamptz,
  created_at timestamptz not null,

  primary key (id),
  foreign key (tenant_id, schedule_id) references chime.schedules (tenant_id, id),
  constraint runs_schedule_named check (schedule_id is not null or trigger <> 'schedule'),
  constraint runs_running_has_worker check ((status = 'running') = (worker_id is not null)),
  constraint runs_final_is_finished check
    ((status in ('succeeded', 'failed', 'timed_out', 'cancelled', 'skipped')) = (finished_at is not null)),
  constraint runs_started_before_work check
    (started_at is not null or status in ('queued', 'cancelled', 'skipped', 'failed')),
  constraint runs_skip_has_reason check
    ((status = 'skipped') = (skip_reason is not null) and (status = 'skipped') = (covers_count is not null)),
  constraint runs_attempt_counted check (attempt >= 0 and (started_at is null or attempt > 0)),
  constraint runs_error_of_failure check (error is null or status not in ('succeeded', 'skipped'))
) partition by range (id);

create table chime_private.runs_default partition of chime.runs default;

create index runs_of_schedule on chime.runs (schedule_id, id);
create index runs_unfinished on chime.runs (schedule_id) where finished_at is null;

comment on table chime.runs is 'What became of one fire, or of a manual, event or backfill trigger. Written by functions alone.';
comment on column chime.runs.id is 'Derived from schedule and nominal time for a fire; time-ordered for every run.';
comment on column chime.runs.schedule_revision is 'The revision of the schedule it was fired from.';
comment on column chime.runs.scheduled_for is 'Its nominal time.';
comment on column chime.runs.due_at is 'When it should start: nominal time plus jitter.';
comment on column chime.runs.attempt is 'How many times a worker has started it. Results of any other attempt change nothing.';
comment on column chime.runs.lost_count is 'How many of its attempts ended with the death of their worker.';
comment on column chime.runs.worker_id is 'The worker that runs it now.';
comment on column chime.runs.started_at is 'When its latest attempt started, by the database''s clock.';
comment on column chime.runs.finished_at is 'When it reached its final status, by the database''s clock.';
comment on column chime.runs.output is 'All that it produced, in full.';
comment on column chime.runs.output_summary is 'The first 500 characters of its output.';
comment on column chime.runs.result is 'What its handler returned, as JSON.';
comment on column chime.runs.error is 'Why it failed.';
comment on column chime.runs.covers_count is 'Skipped: how many fires this row stands for, from scheduled_for to covers_until.';
comment on column chime.runs.covers_until is 'Skipped: the last of the fires this row stands for.';

create table chime.run_attempts (
  run_id uuid not null,
  attempt integer not null check (attempt > 0),
  tenant_id uuid not null,
  worker_id uuid not null,
  outcome text not null check (outcome in ('failed', 'lost')),
  started_at timestamptz not null,
  finished_at timestamptz not null,
  error text,
  error_stack text,
  primary key (run_id, attempt)
);
comment on table chime.run_attempts is 'Tries of a run that did not end it: it failed and was retried, or its worker was lost.';

create table chime.run_logs (
  run_id uuid not null,
  seq integer not null check (seq > 0),
  tenant_id uuid not null,
  attempt integer not null,
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  message text not null,
  data jsonb,
  logged_at timestamptz not null,
  primary key (run_id, seq)
);
comment on table chime.run_logs is 'What a handler logged, in order.';
