-- Statistics as people read them: what is counted already (54_statistics.sql) and what came since, added up. Views run with the rights
-- of who reads them, and have the tenant of each row.

create or replace view chime_private.uncounted_ends with (security_invoker = true) as
select r.id, r.tenant_id, r.schedule_id, r.task, r.status, coalesce(r.covers_count, 0) as fires,
  chime_private.microseconds_between(r.started_at, r.finished_at) as duration_us,
  chime_private.lateness_us(r.attempt, r.due_at, r.started_at) as lateness_us, r.trigger
from chime.runs r
where r.id > (select p.counted_to from chime.statistics_progress p) and r.finished_at is not null
union all
select l.run_id, l.tenant_id, l.schedule_id, l.task, l.status, l.fires, l.duration_us, l.lateness_us, l.trigger
from chime.late_ends l
where l.run_id <= (select p.counted_to from chime.statistics_progress p);
comment on view chime_private.uncounted_ends is 'Finished runs that are not in schedule_totals, run_hours and task_totals yet.';

create or replace function chime_private.failures_in_a_row(schedule_id uuid, since timestamptz default '-infinity') returns integer
language sql stable
as $$
  with newest as materialized (
    select r.id, r.status, r.finished_at from chime.runs r where r.schedule_id = failures_in_a_row.schedule_id order by r.id desc limit 1000
  )
  select count(*)::integer
  from newest n
  where n.status in ('failed', 'timed_out') and n.finished_at >= since
    and not exists (select from newest w where w.status = 'succeeded' and w.id > n.id)
$$;
comment on function chime_private.failures_in_a_row is
  'How many of the newest runs of a schedule have failed, since an instant, with none that succeeded among or after them; looks at a '
  'thousand rows at most.';

create or replace view chime.schedule_health with (security_invoker = true) as
select s.id, s.tenant_id, s.key, s.name, s.task, s.status,
  case
    when s.paused_by = 'pgchime' and s.status_reason like 'Its rule failed:%' then 'set_aside'
    when s.status <> 'active' then s.status::text
    when s.next_due_at < chime.now() - interval '1 minute' then 'late'
    when f.failures > 0 then 'failing'
    when r.status = 'queued' and r.due_at < chime.now() - interval '1 minute' then 'waiting'
    else 'ok'
  end as health,
  s.status_reason, s.next_run_at, s.last_run_id, r.status as last_run_status, r.started_at as last_started_at, r.finished_at as last_finished_at,
  f.failures as failures_in_a_row,
  n.succeeded + n.failed + n.timed_out + n.cancelled as runs, n.succeeded, n.failed, n.timed_out, n.cancelled, n.skipped_fires,
  round(100.0 * n.succeeded / nullif(n.succeeded + n.failed + n.timed_out, 0), 2) as success_percent,
  round(n.duration_us / nullif(n.durations, 0) / 1000, 3)::double precision as average_duration_ms,
  chime_private.quantile_ms(chime_private.add_histograms(t.duration_histogram, chime_private.histogram_of(u.duration_buckets)), 0.95) as p95_duration_ms,
  round(n.lateness_us / nullif(n.latenesses, 0) / 1000, 3)::double precision as average_lateness_ms,
  chime_private.quantile_ms(chime_private.add_histograms(t.lateness_histogram, chime_private.histogram_of(u.lateness_buckets)), 0.95) as p95_lateness_ms
from chime.schedules s
left join chime.runs r on r.id = s.last_run_id
left join chime.schedule_totals t on t.schedule_id = s.id
left join (
  select e.schedule_id,
    count(*) filter (where e.status = 'succeeded') as succeeded, count(*) filter (where e.status = 'failed') as failed,
    count(*) filter (where e.status = 'timed_out') as timed_out, count(*) filter (where e.status = 'cancelled') as cancelled,
    sum(e.fires) as skipped_fires, count(e.duration_us) as durations, sum(e.duration_us) as duration_us,
    count(e.lateness_us) as latenesses, sum(e.lateness_us) as lateness_us,
    array_agg(chime_private.histogram_bucket(e.duration_us)) as duration_buckets,
    array_agg(chime_private.histogram_bucket(e.lateness_us)) as lateness_buckets
  from chime_private.uncounted_ends e
  group by e.schedule_id
) u on u.schedule_id = s.id
cross join lateral (
  select coalesce(t.succeeded, 0) + coalesce(u.succeeded, 0) as succeeded, coalesce(t.failed, 0) + coalesce(u.failed, 0) as failed,
    coalesce(t.timed_out, 0) + coalesce(u.timed_out, 0) as timed_out, coalesce(t.cancelled, 0) + coalesce(u.cancelled, 0) as cancelled,
    coalesce(t.skipped_fires, 0) + coalesce(u.skipped_fires, 0) as skipped_fires,
    coalesce(t.durations, 0) + coalesce(u.durations, 0) as durations, coalesce(t.duration_us, 0) + coalesce(u.duration_us, 0) as duration_us,
    coalesce(t.latenesses, 0) + coalesce(u.latenesses, 0) as latenesses, coalesce(t.lateness_us, 0) + coalesce(u.lateness_us, 0) as lateness_us
) n
cross join lateral (
  select case when r.status is distinct from 'succeeded' and s.last_run_id is not null then chime_private.failures_in_a_row(s.id) else 0 end as failures
) f
where s.deleted_at is null;
comment on view chime.schedule_health is
  'Each schedule: how it is (ok, failing, late, waiting, set_aside because its rule failed, or its status), its last run, and what became of '
  'all its runs since it was created, also those that are not kept any more. Quantiles are within 5 %. Example: '
  'select name, health, failures_in_a_row, success_percent, p95_duration_ms from chime.schedule_health order by health <> ''ok'' desc, name limit 50';

create or replace view chime.run_stats with (security_invoker = true) as
select h.hour, h.tenant_id, h.task,
  sum(h.succeeded + h.failed + h.timed_out + h.cancelled) as runs, sum(h.succeeded) as succeeded, sum(h.failed) as failed,
  sum(h.timed_out) as timed_out, sum(h.cancelled) as cancelled, sum(h.skipped_fires) as skipped_fires,
  round(sum(h.duration_us) / nullif(sum(h.durations), 0) / 1000, 3)::double precision as average_duration_ms,
  chime_private.quantile_ms(chime_private.sum_histograms(h.duration_histogram), 0.95) as p95_duration_ms,
  round(sum(h.lateness_us) / nullif(sum(h.latenesses), 0) / 1000, 3)::double precision as average_lateness_ms,
  chime_private.quantile_ms(chime_private.sum_histograms(h.lateness_histogram), 0.95) as p95_lateness_ms
from (
  select * from chime.run_hours
  union all
  select date_trunc('hour', chime_private.id_time(e.id), 'UTC'), e.tenant_id, e.task,
    count(*) filter (where e.status = 'succeeded'), count(*) filter (where e.status = 'failed'),
    count(*) filter (where e.status = 'timed_out'), count(*) filter (where e.status = 'cancelled'), sum(e.fires),
    count(e.duration_us), coalesce(sum(e.duration_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.duration_us))),
    count(e.lateness_us), coalesce(sum(e.lateness_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.lateness_us)))
  from chime_private.uncounted_ends e
  group by 1, e.tenant_id, e.task
) h
group by h.hour, h.tenant_id, h.task;
comment on view chime.run_stats is
  'What became of the runs of each task, by the hour (UTC) of their nominal times, for 400 days, also of those that are not kept any more. '
  'Quantiles are within 5 %. Example: '
  'select hour, task, runs, failed, p95_lateness_ms from chime.run_stats where hour > now() - interval ''1 day'' order by hour desc, runs desc';

create or replace function chime.schedule_stats(schedule_id uuid) returns setof chime.schedule_health
language sql stable
as $$
  -- Who has no walls acts for one tenant all the same.
  select h.* from chime.schedule_health h
  where h.id = schedule_stats.schedule_id and (row_security_active('chime.schedules') or h.tenant_id = chime.current_tenant())
$$;
comment on function chime.schedule_stats is 'The row of schedule_health of one schedule; none where there is no such schedule, or the caller may not see it.';
