-- Statistics without counting all runs each time, and without a row that runs which finish at once would fight for. Runs are counted
-- some minutes after their nominal time, all at once, in the order of their ids, by one tick at a time; who reads adds those that
-- came after. A run that finishes later than that leaves a row of its own in late_ends, which is counted in its place.

create or replace function chime_private.counted_after() returns interval
language sql immutable parallel safe
as $$ select interval '10 minutes' $$;
comment on function chime_private.counted_after is 'How long after its nominal time a run that finishes leaves word of it in late_ends.';

create or replace function chime_private.note_late_end() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into chime.late_ends (run_id, tenant_id, owner_id, schedule_id, task, trigger, status, fires, duration_us, lateness_us, finished_at)
  values (new.id, new.tenant_id, new.owner_id, new.schedule_id, new.task, new.trigger, new.status, coalesce(new.covers_count, 0),
    chime_private.microseconds_between(new.started_at, new.finished_at), chime_private.lateness_us(new.attempt, new.due_at, new.started_at),
    new.finished_at)
  on conflict do nothing;
  return null;
end $$;
comment on function chime_private.note_late_end is 'Leaves word of a run that finishes when its time may be counted already.';

create or replace function chime_private.microseconds_between(since timestamptz, until timestamptz) returns bigint
language sql immutable parallel safe
as $$ select case when until >= since then round(extract(epoch from until - since) * 1000000)::bigint when until < since then 0 end $$;
comment on function chime_private.microseconds_between is 'From one instant to another; 0 where the other comes first.';

create or replace function chime_private.lateness_us(attempt integer, due_at timestamptz, started_at timestamptz) returns bigint
language sql immutable parallel safe
as $$ select case when attempt = 1 then round(extract(epoch from greatest(started_at - due_at, interval '0')) * 1000000)::bigint end $$;
comment on function chime_private.lateness_us is
  'How late a run started, in microseconds. Null for one that was tried again: when its last attempt started says more of its retries.';

-- The clock is read when the row is written: whoever writes it before some instant has a transaction that began before it.
create or replace trigger runs_late_skip
  after insert on chime.runs
  for each row
  when (new.finished_at is not null and chime.now() > least(new.scheduled_for, new.created_at) + chime_private.counted_after())
  execute function chime_private.note_late_end();

create or replace trigger runs_late_end
  after update of finished_at on chime.runs
  for each row
  when (new.finished_at is not null and old.finished_at is null
    and chime.now() > least(new.scheduled_for, new.created_at) + chime_private.counted_after())
  execute function chime_private.note_late_end();

create or replace function chime_private.open_transactions() returns xid8[]
language sql volatile
as $$
  select array(
    select x.xid
    from pg_snapshot_xip(pg_current_snapshot()) x(xid)
    -- Those of other databases do not matter. One that has just begun may not be known to either view yet: it counts as ours.
    where not exists (
        select from pg_locks l join pg_stat_activity a on a.pid = l.pid join pg_database d on d.oid = a.datid
        where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.transactionid = x.xid::xid
          and d.datname <> current_database())
      and not exists (select from pg_prepared_xacts p where p.transaction = x.xid::xid and p.database <> current_database()))
$$;
comment on function chime_private.open_transactions is 'The transactions that write to this database at the moment.';

create or replace function chime_private.count_until(now timestamptz) returns timestamptz
language plpgsql volatile
as $$
declare
  -- In which the host's clock may have been set back.
  c_margin constant interval := '1 minute';
  v_progress chime.statistics_progress;
  v_safe timestamptz;
begin
  select * into v_progress from chime.statistics_progress p for update skip locked;
  if not found then return null; end if;
  -- Who began to write before an instant and has not ended yet may still bring a run that finished in time: all of them are waited for.
  if not exists (select from unnest(v_progress.next_waits_for) x(xid) where not pg_visible_in_snapshot(x.xid, pg_current_snapshot())) then
    v_safe := v_progress.next_until;
    update chime.statistics_progress p set
      next_until = date_trunc('second', count_until.now) - chime_private.counted_after() - c_margin,
      next_waits_for = chime_private.open_transactions();
  end if;
  return v_safe;
end $$;
comment on function chime_private.count_until is
  'The instant up to which runs may be counted now, and null where it has not moved; asks for the next one. The row of '
  'statistics_progress is locked then, so that one tick counts at a time.';

create or replace function chime_private.count_runs(now timestamptz, most integer default 1000) returns boolean
language plpgsql volatile
as $$
declare
  v_from uuid;
  v_to uuid;
  v_until timestamptz := chime_private.count_until(now);
  v_seen integer;
  v_late integer;
begin
  if v_until is null then return false; end if;
  select p.counted_to into v_from from chime.statistics_progress p;
  with seen as materialized (
    select r.id from chime.runs r where r.id > v_from and r.id < chime_private.first_id(v_until) order by r.id limit most
  )
  select (select count(*) from seen), (select s.id from seen s order by s.id desc limit 1) into v_seen, v_to;
  if v_seen < most then v_to := greatest(v_from, chime_private.first_id(v_until)); end if;
  v_late := chime_private.count_ends(v_from, v_to, most);
  -- A stretch that was not done in one bite is gone on with at once.
  update chime.statistics_progress p set
    counted_to = v_to,
    next_until = case when v_seen < most and v_late < most then p.next_until else v_until end,
    next_waits_for = case when v_seen < most and v_late < most then p.next_waits_for end;
  return v_seen >= most or v_late >= most;
end $$;
comment on function chime_private.count_runs is
  'Counts finished runs, `most` of them and as many late ones at most, in schedule_totals, run_hours and task_totals; answers whether there are more.';

create or replace function chime_private.count_ends(from_id uuid, to_id uuid, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_late integer;
begin
  -- In one statement, and so at one instant: a run is either not finished, or counted where it is, or by its row in late_ends.
  with late as (
    delete from chime.late_ends l
    where l.run_id in (select f.run_id from chime.late_ends f where f.run_id <= count_ends.to_id order by f.run_id limit most)
    returning l.*
  ), ends as materialized (
    select r.id, r.tenant_id, r.schedule_id, r.task, r.trigger, r.status, coalesce(r.covers_count, 0) as fires,
      chime_private.microseconds_between(r.started_at, r.finished_at) as duration_us,
      chime_private.lateness_us(r.attempt, r.due_at, r.started_at) as lateness_us
    from chime.runs r
    where r.id > count_ends.from_id and r.id <= count_ends.to_id and r.finished_at is not null
      and not exists (select from chime.late_ends l where l.run_id = r.id)
    union all
    select l.run_id, l.tenant_id, l.schedule_id, l.task, l.trigger, l.status, l.fires, l.duration_us, l.lateness_us from late l
  ), weeks as (
    insert into chime_private.late_weeks as w (week, finished_at)
    select chime_private.week_of(chime_private.id_time(l.run_id)), max(l.finished_at) from late l group by 1 order by 1
    on conflict on constraint late_weeks_pkey do update set finished_at = greatest(w.finished_at, excluded.finished_at)
  ), schedules as (
    insert into chime.schedule_totals as t
    select e.schedule_id, e.tenant_id,
      count(*) filter (where e.status = 'succeeded'), count(*) filter (where e.status = 'failed'),
      count(*) filter (where e.status = 'timed_out'), count(*) filter (where e.status = 'cancelled'), sum(e.fires),
      count(e.duration_us), coalesce(sum(e.duration_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.duration_us))),
      count(e.lateness_us), coalesce(sum(e.lateness_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.lateness_us)))
    from ends e where e.schedule_id is not null
    group by e.schedule_id, e.tenant_id
    on conflict on constraint schedule_totals_pkey do update set
      succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed, timed_out = t.timed_out + excluded.timed_out,
      cancelled = t.cancelled + excluded.cancelled, skipped_fires = t.skipped_fires + excluded.skipped_fires,
      durations = t.durations + excluded.durations, duration_us = t.duration_us + excluded.duration_us,
      duration_histogram = chime_private.add_histograms(t.duration_histogram, excluded.duration_histogram),
      latenesses = t.latenesses + excluded.latenesses, lateness_us = t.lateness_us + excluded.lateness_us,
      lateness_histogram = chime_private.add_histograms(t.lateness_histogram, excluded.lateness_histogram)
  ), hours as (
    insert into chime.run_hours as h
    select date_trunc('hour', chime_private.id_time(e.id), 'UTC'), e.tenant_id, e.task,
      count(*) filter (where e.status = 'succeeded'), count(*) filter (where e.status = 'failed'),
      count(*) filter (where e.status = 'timed_out'), count(*) filter (where e.status = 'cancelled'), sum(e.fires),
      count(e.duration_us), coalesce(sum(e.duration_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.duration_us))),
      count(e.lateness_us), coalesce(sum(e.lateness_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.lateness_us)))
    from ends e
    group by 1, e.tenant_id, e.task
    on conflict on constraint run_hours_pkey do update set
      succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed, timed_out = h.timed_out + excluded.timed_out,
      cancelled = h.cancelled + excluded.cancelled, skipped_fires = h.skipped_fires + excluded.skipped_fires,
      durations = h.durations + excluded.durations, duration_us = h.duration_us + excluded.duration_us,
      duration_histogram = chime_private.add_histograms(h.duration_histogram, excluded.duration_histogram),
      latenesses = h.latenesses + excluded.latenesses, lateness_us = h.lateness_us + excluded.lateness_us,
      lateness_histogram = chime_private.add_histograms(h.lateness_histogram, excluded.lateness_histogram)
  ), tasks as (
    insert into chime_private.task_totals as t
    select e.task,
      count(*) filter (where e.status = 'succeeded'), count(*) filter (where e.status = 'failed'),
      count(*) filter (where e.status = 'timed_out'), count(*) filter (where e.status = 'cancelled'),
      count(*) filter (where e.trigger = 'schedule' and e.status <> 'skipped'), coalesce(sum(e.fires) filter (where e.trigger = 'schedule'), 0),
      coalesce(sum(e.duration_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.duration_us))),
      coalesce(sum(e.lateness_us), 0), chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.lateness_us)))
    from ends e
    group by e.task
    on conflict on constraint task_totals_pkey do update set
      succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed, timed_out = t.timed_out + excluded.timed_out,
      cancelled = t.cancelled + excluded.cancelled, fired = t.fired + excluded.fired, skipped_fires = t.skipped_fires + excluded.skipped_fires,
      duration_us = t.duration_us + excluded.duration_us,
      duration_histogram = chime_private.add_histograms(t.duration_histogram, excluded.duration_histogram),
      lateness_us = t.lateness_us + excluded.lateness_us,
      lateness_histogram = chime_private.add_histograms(t.lateness_histogram, excluded.lateness_histogram)
  )
  select count(*) into v_late from late;
  return v_late;
end $$;
comment on function chime_private.count_ends is
  'Counts the finished runs of a stretch of ids, and of late_ends up to its end, `most` of them at most; answers how many those were.';

insert into chime.statistics_progress (counted_to) values ('00000000-0000-0000-0000-000000000000') on conflict do nothing;
