-- Up Migration

-- What counters of a monitor are made of: they must never go back, and run_hours go after 400 days, schedule_totals with the schedule.
create table chime_private.task_totals (
  task text primary key,
  succeeded bigint not null default 0,
  failed bigint not null default 0,
  timed_out bigint not null default 0,
  cancelled bigint not null default 0,
  fired bigint not null default 0,
  skipped_fires bigint not null default 0,
  duration_us numeric not null default 0,
  duration_histogram bigint[],
  lateness_us numeric not null default 0,
  lateness_histogram bigint[]
) with (fillfactor = 70);
comment on table chime_private.task_totals is 'What became of the runs of each task in all tenants, up to statistics_progress, for ever; chime.metrics adds the newest. Counted from the version on that brought it.';
comment on column chime_private.task_totals.fired is 'Fires of schedules that became runs.';
comment on column chime_private.task_totals.skipped_fires is 'Fires of schedules that became none.';

-- The default is for what an older version writes while it is replaced.
alter table chime.late_ends add column trigger chime.run_trigger not null default 'manual';
update chime.late_ends l set trigger = r.trigger from chime.runs r where r.id = l.run_id;
