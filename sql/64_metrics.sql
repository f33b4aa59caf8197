-- The installation in numbers, for a monitor that asks every few seconds and remembers: samples by the names and units of Prometheus, all of
-- one instant. Counters never go back: what is counted for ever (task_totals, delivery_totals), and what came since, added up.

create or replace function chime_private.metric_tasks() returns table (task text, label text)
language sql stable
as $$
  -- Those that were there first, for a task that changed its label would take what was counted along.
  select t.name, case when row_number() over (order by t.registered_at, t.name) <= 100 then t.name else 'other' end from chime.tasks t
$$;
comment on function chime_private.metric_tasks is
  'By which label the runs of each task are counted: its name, for the hundred tasks that were registered first; else, and where it is not known, `other`.';

create or replace function chime_private.metric_histogram(name text, label text, octaves integer[], runs bigint[], us numeric)
returns table (name text, labels jsonb, value double precision)
language sql immutable
as $$
  -- From a millisecond to two hours and a half. A time that is a bound to the microsecond counts above it.
  select metric_histogram.name || '_bucket', jsonb_build_object('task', label, 'le', trim_scale(power(2::numeric, k) / 1000000)::text),
    coalesce((select sum(o.runs) from unnest(metric_histogram.octaves, metric_histogram.runs) o(octave, runs) where o.octave < k), 0)::double precision
  from generate_series(10, 33) k
  union all
  select metric_histogram.name || s.suffix, jsonb_build_object('task', label) || s.le, s.value::double precision
  from (select sum(o.runs) as total from unnest(metric_histogram.runs) o(runs)) o
  cross join lateral (values ('_bucket', '{"le": "+Inf"}'::jsonb, o.total), ('_sum', '{}', us / 1000000), ('_count', '{}', o.total)) s(suffix, le, value)
$$;
comment on function chime_private.metric_histogram is
  'A histogram of Prometheus: how many times were below each bound, and their sum. The n-th octave holds times from 2^n microseconds to twice that.';

create or replace function chime_private.metrics_of_runs(now timestamptz) returns table (name text, labels jsonb, value double precision)
language sql stable
as $$
  with tasks as materialized (
    select m.task, m.label from chime_private.metric_tasks() m
  ), unfinished as materialized (
    select coalesce(k.label, 'other') as label, r.status, count(*) as runs, count(*) filter (where r.trigger = 'schedule') as fired,
      min(r.due_at) as oldest_due_at
    from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id left join tasks k on k.task = r.task
    where r.finished_at is null
    group by 1, 2
  ), recent as materialized (
    -- The buckets of a monitor are eight of ours: the n-th holds from 2^n microseconds to twice that.
    select coalesce(k.label, 'other') as label, e.status, e.trigger = 'schedule' as by_schedule,
      chime_private.histogram_bucket(e.duration_us) / 8 as duration, chime_private.histogram_bucket(e.lateness_us) / 8 as lateness,
      count(*) as runs, sum(e.fires) as fires, sum(e.duration_us) as duration_us, sum(e.lateness_us) as lateness_us
    from (
      -- Each time is worked out once, though it is asked for twice.
      select u.task, u.status, u.trigger, u.fires, u.duration_us, u.lateness_us from chime_private.uncounted_ends u offset 0
    ) e left join tasks k on k.task = e.task
    group by 1, 2, 3, 4, 5
  ), totals as materialized (
    select coalesce(k.label, 'other') as label, t.* from chime_private.task_totals t left join tasks k on k.task = t.task
  ), counts (name, label, part, value) as (
    -- A counter is there, at zero, before the first time: otherwise a monitor does not see it move.
    select s.name, k.label, s.part, 0
    from tasks k cross join (values
      ('chime_runs_finished_total', 'succeeded'), ('chime_runs_finished_total', 'failed'), ('chime_runs_finished_total', 'timed_out'),
      ('chime_runs_finished_total', 'cancelled'), ('chime_fires_total', 'fired'), ('chime_fires_total', 'skipped'),
      ('chime_queue_runs', 'queued'), ('chime_queue_runs', 'running'), ('chime_queue_runs', 'retrying')) s(name, part)
    union all
    select s.name, t.label, s.part, s.value
    from totals t cross join lateral (values
      ('chime_runs_finished_total', 'succeeded', t.succeeded), ('chime_runs_finished_total', 'failed', t.failed),
      ('chime_runs_finished_total', 'timed_out', t.timed_out), ('chime_runs_finished_total', 'cancelled', t.cancelled),
      ('chime_fires_total', 'fired', t.fired), ('chime_fires_total', 'skipped', t.skipped_fires)) s(name, part, value)
    union all
    select 'chime_runs_finished_total', e.label, e.status::text, e.runs from recent e where e.status <> 'skipped'
    union all
    select 'chime_fires_total', e.label, case e.status when 'skipped' then 'skipped' else 'fired' end, case e.status when 'skipped' then e.fires else e.runs end
    from recent e where e.by_schedule
    union all
    select 'chime_fires_total', u.label, 'fired', u.fired from unfinished u
    union all
    select 'chime_queue_runs', u.label, u.status::text, u.runs from unfinished u
  ), times (name, label, octave, runs, us) as (
    select 'chime_run_duration_seconds', e.label, e.duration, e.runs, e.duration_us from recent e where e.duration is not null
    union all
    select 'chime_run_lateness_seconds', e.label, e.lateness, e.runs, e.lateness_us from recent e where e.lateness is not null
    union all
    select 'chime_run_duration_seconds', t.label, b.n / 8, t.duration_histogram[b.n], 0 from totals t cross join generate_subscripts(t.duration_histogram, 1) b(n)
    union all
    select 'chime_run_lateness_seconds', t.label, b.n / 8, t.lateness_histogram[b.n], 0 from totals t cross join generate_subscripts(t.lateness_histogram, 1) b(n)
    union all
    select s.name, t.label, 0, 0, s.us
    from totals t cross join lateral (values
      ('chime_run_duration_seconds', t.duration_histogram, t.duration_us), ('chime_run_lateness_seconds', t.lateness_histogram, t.lateness_us)) s(name, histogram, us)
    where s.histogram is not null
  )
  select c.name, jsonb_build_object('task', c.label, case c.name when 'chime_fires_total' then 'outcome' else 'status' end, c.part), sum(c.value)::double precision
  from counts c group by c.name, c.label, c.part
  union all
  select 'chime_queue_oldest_seconds', jsonb_build_object('task', u.label), greatest(0, extract(epoch from now - u.oldest_due_at))::double precision
  from unfinished u where u.status = 'queued'
  union all
  select h.name, h.labels, h.value
  from (
    select t.name, t.label, array_agg(t.octave) as octaves, array_agg(t.runs) as runs, sum(t.us) as us
    from (select t.name, t.label, t.octave, sum(t.runs)::bigint as runs, sum(t.us) as us from times t group by 1, 2, 3) t
    group by 1, 2
  ) g cross join lateral chime_private.metric_histogram(g.name, g.label, g.octaves, g.runs, g.us) h
$$;
comment on function chime_private.metrics_of_runs is 'Fires, runs and their times by task. All unfinished runs, and those that finished since the last count, are looked at.';

create or replace function chime_private.metrics_of_schedules(now timestamptz) returns table (name text, labels jsonb, value double precision)
language sql stable
as $$
  select s.name, '{}'::jsonb, s.value
  from (
    select count(*) as due, coalesce(extract(epoch from now - min(d.next_due_at)), 0) as oldest
    from (select c.next_due_at from chime.schedules c where c.next_due_at <= now order by c.next_due_at limit 100000) d
  ) d cross join lateral (values ('chime_due_schedules', d.due::double precision), ('chime_oldest_due_seconds', d.oldest::double precision)) s(name, value)
$$;
comment on function chime_private.metrics_of_schedules is 'What should have fired and has not; a hundred thousand schedules are looked at.';

create or replace function chime_private.metrics_of_processes(now timestamptz) returns table (name text, labels jsonb, value double precision)
language sql stable
as $$
  select 'chime_clocks', '{}'::jsonb, count(*) filter (where k.ticked_at > now - chime_private.lease())::double precision from chime_private.clocks k
  union all
  -- Absent where there is none: no number says that.
  select 'chime_clock_last_tick_seconds', '{}', greatest(0, extract(epoch from now - max(k.ticked_at)))::double precision
  from chime_private.clocks k having count(*) > 0
  union all
  select 'chime_workers', jsonb_build_object('state', s.state), count(w.id)::double precision
  from unnest(array['alive', 'lost', 'stopped']) s(state)
  left join (
    select k.id, case when k.stopped_at is not null then 'stopped' when k.lease_until <= now then 'lost' else 'alive' end as state
    from chime_private.workers k) w on w.state = s.state
  group by s.state
  union all
  select 'chime_worker_last_heartbeat_seconds', '{}', greatest(0, extract(epoch from now - max(w.lease_until) + chime_private.lease()))::double precision
  from chime_private.workers w where w.stopped_at is null having count(*) > 0
$$;
comment on function chime_private.metrics_of_processes is 'Clocks and workers, and when one of them was last heard of.';

create or replace function chime_private.metrics_of_deliveries() returns table (name text, labels jsonb, value double precision)
language sql stable
as $$
  select 'chime_deliveries_total', jsonb_build_object('channel', d.channel, 'status', d.status), sum(d.deliveries)::double precision
  from (
    select c.id as channel, s.status, 0 as deliveries
    from chime_private.channels c cross join unnest('{sent,failed,unknown,skipped}'::chime.delivery_status[]) s(status)
    union all
    select t.channel, t.status, t.deliveries from chime_private.delivery_totals t
    union all
    select e.channel, e.status, count(*) from chime_private.delivery_ends e group by 1, 2
  ) d
  group by d.channel, d.status
$$;
comment on function chime_private.metrics_of_deliveries is
  'Deliveries that reached a final status, by channel. Those since the last count are looked at. One that is sent again counts again when it ends again.';

create or replace function chime.metrics() returns table (name text, labels jsonb, value double precision)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := chime.now();
begin
  perform chime_private.require_operator('read metrics');
  return query
    select * from chime_private.metrics_of_runs(v_now)
    union all
    select * from chime_private.metrics_of_schedules(v_now)
    union all
    select * from chime_private.metrics_of_processes(v_now)
    union all
    select * from chime_private.metrics_of_deliveries();
end $$;
comment on function chime.metrics is
  'The whole installation, all tenants, in the numbers that GET /metrics shows: samples by the names and units of Prometheus. For administrators of the '
  'default tenant. Errors: CH042. Example: select * from chime.metrics() where name = ''chime_queue_runs'' order by value desc';
