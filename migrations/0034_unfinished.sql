-- Up Migration

-- Runs that are not finished, beside the history. An index of chime.runs that leaves out the finished ones would have to be told
-- of each end, and with it all other indexes of the run; so the end of a run is written in its row and nowhere else.
create table chime_private.unfinished_runs (
  run_id uuid primary key,
  schedule_id uuid,
  cancel_requested_at timestamptz
);
comment on table chime_private.unfinished_runs is 'The runs that are not finished. Kept by triggers of chime.runs and by finish_runs; whoever looks here looks at the run, too.';
comment on column chime_private.unfinished_runs.cancel_requested_at is 'As the run has it.';

create index unfinished_runs_of_schedule on chime_private.unfinished_runs (schedule_id) where schedule_id is not null;
create index unfinished_runs_cancelling on chime_private.unfinished_runs (cancel_requested_at) where cancel_requested_at is not null;

insert into chime_private.unfinished_runs (run_id, schedule_id, cancel_requested_at)
select r.id, r.schedule_id, r.cancel_requested_at from chime.runs r where r.finished_at is null;

drop index chime.runs_unfinished;
drop index chime.runs_cancelling;

-- And for lists of what did not go well, which is little of a long history, those that ended otherwise than by success.
create table chime_private.unsuccessful_runs (
  status chime.run_status,
  run_id uuid,
  primary key (status, run_id)
);
comment on table chime_private.unsuccessful_runs is 'The runs that failed, timed out, were cancelled or skipped. Kept by triggers of chime.runs; rows of runs that are no more go later.';

insert into chime_private.unsuccessful_runs (status, run_id)
select r.status, r.id from chime.runs r where r.status in ('failed', 'timed_out', 'cancelled', 'skipped');
