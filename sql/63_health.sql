-- What is wrong with the installation as a whole, in one answer, for whoever watches it: a query, chime doctor, a monitor.

create or replace function chime_private.processes_alive(now timestamptz, out clocks bigint, out workers bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select (select count(*) from chime_private.clocks k where k.ticked_at > now - chime_private.lease()),
    (select count(*) from chime_private.workers w where w.stopped_at is null and w.lease_until > now)
$$;
comment on function chime_private.processes_alive is 'How many clocks and workers are alive, for a server that is asked whether it is ready.';

create or replace function chime_private.health_of_processes(now timestamptz) returns setof jsonb
language sql stable
as $$
  select jsonb_build_object('check', 'clocks', 'alive', c.alive, 'status', case when c.alive = 0 then 'problem' else 'ok' end,
    'problem', case when c.alive = 0 then 'No clock is alive: nothing fires.' end)
  from (select p.clocks as alive from chime_private.processes_alive(now) p) c
  union all
  select jsonb_build_object('check', 'workers', 'alive', w.alive, 'status', case when w.alive = 0 then 'problem' else 'ok' end,
    'problem', case when w.alive = 0 then 'No worker is alive: what is due waits in the queue.' end)
  from (select p.workers as alive from chime_private.processes_alive(now) p) w
$$;
comment on function chime_private.health_of_processes is 'Whether clocks and workers are there.';

create or replace function chime_private.health_of_work(now timestamptz) returns setof jsonb
language sql stable
as $$
  select jsonb_build_object('check', 'schedules', 'late', l.late, 'oldest_due_at', l.oldest, 'set_aside', a.aside, 'failing', f.failing,
    'status', case when l.late > 0 then 'problem' when a.aside + f.failing > 0 then 'warning' else 'ok' end,
    'problem', case when l.late > 0 then 'Schedules are more than a minute late: see chime.late.'
      when a.aside > 0 then 'Schedules are set aside because their rule fails: see chime.late.'
      when f.failing > 0 then 'Schedules fail that asked to be told of: see chime.failing.' end)
  from
    (select count(*) as late, min(d.next_due_at) as oldest
     from (select s.next_due_at from chime.schedules s where s.next_due_at < now - interval '1 minute' order by s.next_due_at limit 10000) d) l,
    (select count(*) as aside from chime.schedules s
     where s.status = 'paused' and s.paused_by = 'pgchime' and s.status_reason like 'Its rule failed:%' and s.deleted_at is null) a,
    (select count(*) as failing from chime_private.failing_schedules) f
  union all
  select jsonb_build_object('check', 'queue', 'queued', q.queued, 'running', q.running, 'retrying', q.retrying, 'oldest_due_at', q.oldest,
    'status', case when q.oldest < now - interval '1 minute' then 'warning' else 'ok' end,
    'problem', case when q.oldest < now - interval '1 minute' then 'Runs have waited for a worker for more than a minute: see chime.queue_depth.' end)
  from (
    select count(*) filter (where r.status = 'queued') as queued, count(*) filter (where r.status = 'running') as running,
      count(*) filter (where r.status = 'retrying') as retrying, min(r.due_at) filter (where r.status = 'queued') as oldest
    from (select r.* from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id where r.finished_at is null limit 100000) r) q
$$;
comment on function chime_private.health_of_work is
  'Whether schedules fire and runs start in time; ten thousand late schedules and a hundred thousand unfinished runs are looked at.';

create or replace function chime_private.health_of_history(now timestamptz) returns setof jsonb
language sql stable
as $$
  select jsonb_build_object('check', 'partitions', 'weeks_ahead', w.ahead, 'in_default', d.stray,
    'status', case when w.ahead < 1 then 'problem' when d.stray >= 20000 then 'warning' else 'ok' end,
    'problem', case when w.ahead < 1 then 'There is no partition of chime.runs for the next week: something holds a lock, or no clock ticks.'
      when d.stray >= 20000 then 'The default partition of chime.runs has very many rows.' end)
  from
    (select count(*) as ahead from chime_private.weeks_of('runs') p where p.from_id > chime_private.first_id(now) and p.from_id < chime_private.first_id(now + interval '5 weeks')) w,
    (select count(*) as stray from (select from chime_private.runs_default limit 20000) x) d
  union all
  -- Who writes for long, in whatever program, keeps runs from being counted, and what is not counted is not removed.
  select jsonb_build_object('check', 'history', 'counted_until', p.until, 'error', e.value,
    'status', case when e.value <> 'null' then 'problem' when p.held then 'warning' else 'ok' end,
    'problem', case when e.value <> 'null' then 'Counting runs or removing old ones fails: ' || (e.value #>> '{}')
      when p.held then 'A transaction that has been open for very long keeps runs from being counted and removed: see pg_stat_activity.' end)
  from chime_private.settings e, (
    select nullif(chime_private.id_time(s.counted_to), to_timestamp(0)) as until,
      s.next_until < now - interval '1 hour' and exists (
        select from unnest(s.next_waits_for) x(xid) where not pg_visible_in_snapshot(x.xid, pg_current_snapshot())) as held
    from chime.statistics_progress s) p
  where e.key = 'history_error'
$$;
comment on function chime_private.health_of_history is 'Whether partitions are ahead of time, and old history is dealt with.';

create or replace function chime_private.health_of_deliveries(now timestamptz) returns setof jsonb
language sql stable
as $$
  select jsonb_build_object('check', 'deliveries', 'waiting', w.waiting, 'oldest_at', w.oldest, 'failed', f.failed, 'unknown', f.unknown, 'blocked', b.blocked,
    'status', case when w.oldest < now - interval '5 minutes' and not s.alive then 'problem'
      when f.failed + f.unknown + b.blocked > 0 or w.oldest < now - interval '5 minutes' then 'warning' else 'ok' end,
    'problem', case when w.oldest < now - interval '5 minutes' and not s.alive then 'Nobody sends what is to be delivered: no sender has looked for it.'
      when w.oldest < now - interval '5 minutes' then 'Deliveries have waited for more than five minutes: see chime.undelivered.'
      when f.failed + f.unknown > 0 then 'Deliveries of the last day failed, or nobody knows whether they arrived: see chime.undelivered.'
      when b.blocked > 0 then 'Channels are blocked that schedules deliver to: see chime.channel_mappings.' end)
  from
    (select count(*) as waiting, min(d.created_at) as oldest
     from (select o.created_at from chime.deliveries o where o.status in ('pending', 'sending') and o.due_at is null limit 10000) d) w,
    (select count(*) filter (where d.status = 'failed') as failed, count(*) filter (where d.status = 'unknown') as unknown
     from (select o.status from chime.deliveries o where o.status in ('failed', 'unknown') and o.id > chime_private.first_id(now - interval '1 day') limit 10000) d) f,
    (select count(distinct m.id) as blocked from chime.channel_mappings m join chime.schedules s on s.channel_mapping_id = m.id and s.deleted_at is null
     where m.status = 'blocked') b,
    (select coalesce(max(c.seen_at) > now - interval '2 minutes', false) as alive from chime_private.channels c) s
$$;
comment on function chime_private.health_of_deliveries is 'Whether what was to be delivered arrives; ten thousand that wait and ten thousand of the last day are looked at.';

create or replace function chime.health() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with looked as (
    select chime_private.health_of_processes(n.now) as part from (select chime.now() as now) n
    union all
    select chime_private.health_of_work(n.now) from (select chime.now() as now) n
    union all
    select chime_private.health_of_deliveries(n.now) from (select chime.now() as now) n
    union all
    select chime_private.health_of_history(n.now) from (select chime.now() as now) n
  )
  select jsonb_build_object(
    'status', case when bool_or(l.part ->> 'status' = 'problem') then 'problem' when bool_or(l.part ->> 'status' = 'warning') then 'warning' else 'ok' end,
    'problems', coalesce(jsonb_agg(l.part -> 'problem') filter (where l.part ->> 'status' <> 'ok'), '[]'),
    'version', chime.schema_version(),
    'checks', jsonb_object_agg(l.part ->> 'check', l.part - 'check'))
  from looked l
$$;
comment on function chime.health is
  'What is wrong with the whole installation, of all tenants: status (ok, warning, problem), problems in words, and what each check found. '
  'Example: select jsonb_pretty(chime.health())';
