-- Up Migration

create type chime.dst_gap_policy as enum ('next', 'shift', 'skip');
comment on type chime.dst_gap_policy is 'What a rule does at a wall-clock time that a clock change leaves out: next = first instant after the gap (gaps of up to three hours), shift = later by the length of the gap, skip = not at all.';

create type chime.dst_fold_policy as enum ('first', 'last', 'both');
comment on type chime.dst_fold_policy is 'Which of two equal wall-clock times counts when clocks go back.';

create type chime.catch_up_policy as enum ('latest', 'all', 'earliest', 'skip');
comment on type chime.catch_up_policy is 'Which of the fires that were missed are run, once pgchime is back: the latest, all, the earliest, or none.';

create type chime.overlap_policy as enum ('skip', 'allow');
comment on type chime.overlap_policy is 'What happens to a fire while an earlier run of the same schedule is not finished: it is skipped, or it runs beside it.';

create type chime.schedule_status as enum ('active', 'paused', 'completed', 'cancelled');
comment on type chime.schedule_status is 'active = fires; paused = does not, until resumed; completed = its rule has no more fires; cancelled = stopped for good.';

create type chime_private.rule_kind as enum ('cron', 'every', 'at');

-- A rule, compiled: all that the search for the next fire needs, in the form it needs it.
create type chime_private.rule as (
  kind chime_private.rule_kind,
  timezone text,
  dst_gap chime.dst_gap_policy,
  dst_fold chime.dst_fold_policy,
  real_time boolean,        -- follows real time: nothing in a gap, both passes of a fold
  cron bigint[],            -- see chime_private.parse_cron
  months integer,           -- interval: civil part, counted on the wall clock
  days integer,
  microseconds bigint,      -- interval: exact part, counted in elapsed time
  anchor timestamptz,       -- interval: what it counts from; at: the instant
  wall timestamp,           -- at: the wall-clock time, where the rule was given as one
  starts_at timestamptz,
  ends_at timestamptz
);

create table chime.schedules (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  key text check (length(key) between 1 and 200),
  name text not null check (length(name) between 1 and 200),
  description text check (length(description) <= 2000),
  task text not null check (task ~ '^[a-z][a-z0-9_]{0,62}$'),
  payload jsonb not null default '{}',

  cron text,
  every interval,
  at text,
  anchor timestamptz,
  timezone text not null references chime_private.timezones (name),
  dst_gap chime.dst_gap_policy not null,
  dst_fold chime.dst_fold_policy not null,
  starts_at timestamptz,
  ends_at timestamptz,
  max_runs integer check (max_runs > 0),
  jitter interval,
  catch_up chime.catch_up_policy not null,
  catch_up_window interval not null,
  overlap chime.overlap_policy not null,
  rule chime_private.rule not null,

  status chime.schedule_status not null,
  paused_at timestamptz,
  paused_until timestamptz,
  paused_by text,
  status_reason text,
  next_run_at timestamptz check (isfinite(next_run_at)),
  next_due_at timestamptz check (isfinite(next_due_at)),
  accounted_until timestamptz not null check (isfinite(accounted_until)),
  run_count integer not null default 0 check (run_count >= 0),
  last_run_id uuid,
  active_run_ids uuid[] not null default '{}',
  revision integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,

  unique (tenant_id, id),
  constraint schedules_one_rule check (num_nonnulls(cron, every, at) = 1),
  constraint schedules_anchor_of_interval check ((every is not null) = (anchor is not null)),
  constraint schedules_bounds check (starts_at <= ends_at),
  constraint schedules_active_has_next check ((status = 'active' and deleted_at is null) = (next_run_at is not null)),
  constraint schedules_due_after_nominal check ((next_due_at is null) = (next_run_at is null) and next_due_at >= next_run_at),
  constraint schedules_next_not_accounted check (next_run_at > accounted_until),
  constraint schedules_paused_shape check ((status = 'paused') = (paused_at is not null) and (paused_until is null or status = 'paused'))
) with (fillfactor = 85);

create unique index schedules_key on chime.schedules (tenant_id, key)
  where key is not null and deleted_at is null and status <> 'cancelled';
create index schedules_due on chime.schedules (next_due_at) where next_due_at is not null;
create index schedules_paused_until on chime.schedules (paused_until) where paused_until is not null;

comment on table chime.schedules is 'A rule, a task, a payload and policies. Written by functions alone: create_schedule, update_schedule, pause_schedule, ...';
comment on column chime.schedules.key is 'The name a program gives it: unique among the tenant''s live schedules; creating it again changes it.';
comment on column chime.schedules.task is 'The task handler that its runs execute.';
comment on column chime.schedules.payload is 'What the handler is given.';
comment on column chime.schedules.cron is 'The rule, where it is a cron expression of five or six fields.';
comment on column chime.schedules.every is 'The rule, where it is an interval, counted from anchor: hours and shorter in elapsed time, days and longer on the wall clock.';
comment on column chime.schedules.at is 'The rule, where it fires once: an ISO 8601 instant, or a wall-clock time in timezone.';
comment on column chime.schedules.anchor is 'What an interval counts from; also its first fire, if that is still to come.';
comment on column chime.schedules.timezone is 'IANA time zone in which the rule is read.';
comment on column chime.schedules.starts_at is 'No fire before this instant.';
comment on column chime.schedules.ends_at is 'No fire after this instant.';
comment on column chime.schedules.max_runs is 'Completed after this many runs; skipped fires do not count.';
comment on column chime.schedules.jitter is 'Each run starts up to this much after its nominal time: always the same delay for the same fire.';
comment on column chime.schedules.catch_up_window is 'How late a missed fire may still be run.';
comment on column chime.schedules.status_reason is 'Why it is paused, completed or cancelled.';
comment on column chime.schedules.paused_by is 'Who paused it; "pgchime" where its rule failed.';
comment on column chime.schedules.next_run_at is 'The nominal time of its next fire; null unless it is active.';
comment on column chime.schedules.next_due_at is 'When that fire is due: its nominal time plus jitter.';
comment on column chime.schedules.accounted_until is 'Every fire up to this instant has a run, or a skipped run that says why.';
comment on column chime.schedules.run_count is 'Runs so far, manual ones and skipped fires left out; what max_runs is held against.';
comment on column chime.schedules.last_run_id is 'Its latest run that was not skipped.';
comment on column chime.schedules.active_run_ids is 'Runs that may not be finished yet, for the overlap policy; those that are finished leave at the next fire.';
comment on column chime.schedules.revision is 'Counts the changes of its definition.';
comment on column chime.schedules.rule is 'The rule in compiled form.';
comment on column chime.schedules.deleted_at is 'When it was deleted; its runs stay readable.';
