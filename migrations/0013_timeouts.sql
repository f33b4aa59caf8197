-- Up Migration

alter table chime.schedules add column timeout interval not null default '5 minutes';
comment on column chime.schedules.timeout is 'How long an attempt may take: then it is told to end, and timed out if it does not.';

alter table chime.runs
  add column deadline_at timestamptz check (isfinite(deadline_at)),
  add constraint runs_deadline_of_attempt check (deadline_at is null or (started_at is not null and deadline_at > started_at));
comment on column chime.runs.deadline_at is 'When its latest attempt has to be over.';

-- In the place of an index over the deadlines of runs, which would cost every run more than its worker's row costs all of them.
alter table chime_private.workers add column watch_at timestamptz;
comment on column chime_private.workers.watch_at is 'No run of its is to be written off before this instant; null = it has none with a deadline.';

drop function if exists chime_private.start_runs(uuid, uuid[], boolean);
drop function if exists chime_private.tick(integer, uuid, text);
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, integer, interval, chime.retry_backoff, interval);
