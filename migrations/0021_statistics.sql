-- Up Migration

-- How far the runs are counted. Runs up to counted_to, in the order of their ids, are in the tables below; readers count the others.
create table chime.statistics_progress (
  only_row boolean primary key default true check (only_row),
  counted_to uuid not null,
  next_until timestamptz,
  next_waits_for xid8[]
);
comment on table chime.statistics_progress is 'One row: how far the runs are counted in schedule_totals and run_hours.';
comment on column chime.statistics_progress.counted_to is 'Runs with ids up to this one are counted, if they are finished and not in late_ends.';
comment on column chime.statistics_progress.next_until is 'Runs up to this instant may be counted next, once the transactions of next_waits_for have ended.';

-- Runs that finish when their time is counted already, or nearly. In the way of inserts alone, so that no two of them meet.
create table chime.late_ends (
  run_id uuid primary key,
  tenant_id uuid not null,
  schedule_id uuid,
  task text not null,
  status chime.run_status not null,
  fires integer not null,
  duration_us bigint,
  lateness_us bigint,
  finished_at timestamptz not null
);
create index late_ends_of_schedule on chime.late_ends (schedule_id);
comment on table chime.late_ends is 'Runs that finished long after their time and are not in schedule_totals and run_hours yet.';

create table chime.schedule_totals (
  schedule_id uuid primary key,
  tenant_id uuid not null,
  succeeded bigint not null default 0,
  failed bigint not null default 0,
  timed_out bigint not null default 0,
  cancelled bigint not null default 0,
  skipped_fires bigint not null default 0,
  durations bigint not null default 0,
  duration_us numeric not null default 0,
  duration_histogram bigint[],
  latenesses bigint not null default 0,
  lateness_us numeric not null default 0,
  lateness_histogram bigint[]
) with (fillfactor = 70);
comment on table chime.schedule_totals is 'What became of the runs of each schedule since it was created, up to statistics_progress; schedule_health and chime.schedule_stats add the newest. Histograms: see chime_private.histogram_bucket.';

create table chime.run_hours (
  hour timestamptz not null,
  tenant_id uuid not null,
  task text not null,
  succeeded bigint not null default 0,
  failed bigint not null default 0,
  timed_out bigint not null default 0,
  cancelled bigint not null default 0,
  skipped_fires bigint not null default 0,
  durations bigint not null default 0,
  duration_us numeric not null default 0,
  duration_histogram bigint[],
  latenesses bigint not null default 0,
  lateness_us numeric not null default 0,
  lateness_histogram bigint[],
  primary key (hour, tenant_id, task)
);
comment on table chime.run_hours is 'What became of the runs of each task, by the hour of their nominal times, up to statistics_progress; the view run_stats adds the newest.';

create table chime_private.late_weeks (
  week timestamptz primary key,
  finished_at timestamptz not null
);
comment on table chime_private.late_weeks is 'When the last of the runs finished that belong to a week and finished long after their time: their week is kept so much longer.';

-- None of its columns changes while a run goes from queued to succeeded, so that it costs such a run nothing.
create index runs_with_error on chime.runs (schedule_id, id) where error is not null;
