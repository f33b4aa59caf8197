-- Up Migration

create type chime.retry_backoff as enum ('constant', 'linear', 'exponential');
comment on type chime.retry_backoff is 'How long the waits before retries are: always retry_delay; once, twice, three times as long; or each twice as long as the one before.';

create type chime_private.outcome as enum ('succeeded', 'failed', 'gave_up', 'timed_out', 'snoozed', 'cancelled');
comment on type chime_private.outcome is 'How an attempt ended, as its worker says it: gave_up = failed, and no retry can help; snoozed = wants to be run again later, and has not failed.';

alter table chime.schedules
  add column max_retries integer not null default 3 check (max_retries between 0 and 100),
  add column retry_delay interval not null default '1 minute',
  add column retry_backoff chime.retry_backoff not null default 'exponential',
  add column retry_max_delay interval not null default '1 hour';
comment on column chime.schedules.max_retries is 'How often a run is tried again after an attempt that failed or timed out.';
comment on column chime.schedules.retry_delay is 'How long a run waits before its first retry; up to a tenth is added, always the same for the same retry.';
comment on column chime.schedules.retry_backoff is 'How the wait grows with each retry.';
comment on column chime.schedules.retry_max_delay is 'The longest wait before a retry.';

alter table chime.runs
  add column retry_count integer not null default 0,
  add column retry_at timestamptz check (isfinite(retry_at)),
  add constraint runs_retrying_has_time check ((status = 'retrying') = (retry_at is not null)),
  add constraint runs_retries_counted check (retry_count between 0 and attempt);
comment on column chime.runs.retry_count is 'How many of the retries that its schedule allows it has spent.';
comment on column chime.runs.retry_at is 'Retrying: when its next attempt is due.';
comment on column chime.runs.error is 'Why it failed; of a run that waits for its next attempt, why the last one did.';
-- None of its columns changes while a run goes from queued to succeeded, so that it costs such a run nothing.
create index runs_retry on chime.runs (retry_at) where retry_at is not null;

alter table chime.run_attempts
  add column output text,
  drop constraint run_attempts_outcome_check,
  add constraint run_attempts_outcome_check check (outcome in ('failed', 'timed_out', 'lost'));
comment on table chime.run_attempts is 'Tries of a run that failed, timed out, or lost their worker; the last one too, where the run failed with it.';
comment on column chime.run_attempts.output is 'What it had written, where the run went on; what the last attempt wrote is the output of the run.';

-- With other arguments or answers they would be second functions of their names, or could not be replaced; sql/ creates them anew.
drop function if exists chime_private.finish_runs(uuid[], integer[], chime.run_status[], text[], jsonb[], text[], text[]);
drop function if exists chime_private.tick(integer, uuid, text);
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy);
