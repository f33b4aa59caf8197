-- Up Migration

alter table chime.runs
  add column cancel_requested_at timestamptz check (isfinite(cancel_requested_at)),
  add column cancel_reason text check (length(cancel_reason) <= 2000),
  add column retry_of uuid,
  add column silent_reason text check (length(silent_reason) <= 2000),
  -- Whatever path a run takes, one that somebody wants cancelled is not run again.
  add constraint runs_cancelled_waits_not check (cancel_requested_at is null or status not in ('queued', 'retrying')),
  add constraint runs_cancel_has_reason check (cancel_reason is null or cancel_requested_at is not null or status = 'cancelled'),
  add constraint runs_silent_succeeded check (silent_reason is null or status = 'succeeded'),
  add constraint runs_retried_by_hand check (retry_of is null or trigger = 'manual');
comment on column chime.runs.cancel_requested_at is 'When somebody asked to cancel it; if it was running, it ends when its handler does.';
comment on column chime.runs.cancel_reason is 'Why it was cancelled, or is to be.';
comment on column chime.runs.retry_of is 'The run that this one repeats, by retry_run.';
comment on column chime.runs.silent_reason is 'Why nobody need be told of it, as its task says; null = there is something to tell.';
-- As runs_retry: they cost nothing to a run that goes from queued to succeeded.
create index runs_cancelling on chime.runs (cancel_requested_at) where cancel_requested_at is not null and finished_at is null;
create index runs_retry_of on chime.runs (retry_of) where retry_of is not null;

drop function if exists chime_private.finish_runs(uuid[], integer[], chime_private.outcome[], text[], jsonb[], text[], text[], interval[]);
drop function if exists chime_private.end_attempts(uuid[], integer[], chime_private.outcome[], text[], text[], text[], interval[], timestamptz);
drop function if exists chime_private.tick(integer, uuid, text);
