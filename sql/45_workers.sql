-- Workers: what they can do, and whether they live. A worker renews one lease for all its runs. Leases are not enforced
-- while nobody could have renewed them: in the first moments of a database, and by a clock that has not ticked without
-- a gap for a whole lease.

create or replace function chime_private.lease() returns interval
language sql immutable parallel safe
as $$ select interval '15 seconds' $$;
comment on function chime_private.lease is 'How long a worker is taken to live after it last renewed its lease.';

create or replace function chime_private.register_worker(
  worker_id uuid, name text, pool_id text, tasks jsonb
) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
begin
  perform chime_private.check_steps(i.name, i.steps)
  from jsonb_to_recordset(tasks) i(name text, handler_type text, steps jsonb) where i.handler_type = 'workflow';
  insert into chime.tasks as t (name, description, payload_schema, handler_type, steps, registered_at, updated_at)
  select i.name, i.description, i.payload_schema, coalesce(i.handler_type, 'function'), i.steps, v_now, v_now
  from jsonb_to_recordset(tasks) i(name text, description text, payload_schema jsonb, handler_type chime.handler_type, steps jsonb)
  order by i.name
  on conflict on constraint tasks_pkey do update set
    description = excluded.description, payload_schema = excluded.payload_schema, handler_type = excluded.handler_type, steps = excluded.steps,
    updated_at = excluded.updated_at;
  insert into chime_private.workers as w (id, name, pool_id, task_names, started_at, lease_until)
  values (register_worker.worker_id, register_worker.name, register_worker.pool_id,
    array(select t ->> 'name' from jsonb_array_elements(tasks) t order by 1), v_now, v_now + chime_private.lease())
  on conflict (id) do update set pool_id = excluded.pool_id, task_names = excluded.task_names, lease_until = excluded.lease_until, stopped_at = null
  where w.stopped_at is null;
  return v_now + chime_private.lease();
end $$;
comment on function chime_private.register_worker is
  'Announces a worker and the tasks it has (an array of {name, description, payload_schema, handler_type, steps}); answers when its lease ends.';

create or replace function chime_private.renew_lease(worker_id uuid) returns timestamptz
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update chime_private.workers w set lease_until = chime.now() + chime_private.lease()
  where w.id = renew_lease.worker_id and w.stopped_at is null
  returning w.lease_until
$$;
comment on function chime_private.renew_lease is 'Renews the lease of a worker; null where it was taken for dead: it must stop then.';

create or replace function chime_private.stop_worker(worker_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
  v_attempts integer[];
begin
  -- A start of it that is still under way ends first.
  perform from chime_private.workers w where w.id = stop_worker.worker_id and w.stopped_at is null for update;
  if not found then return; end if;
  update chime_private.workers w set stopped_at = chime.now() where w.id = stop_worker.worker_id;
  -- Whatever it could not finish or give back by itself would have nobody to move it.
  select array_agg(r.id), array_agg(r.attempt) into v_ids, v_attempts
  from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
  where r.finished_at is null and r.worker_id = stop_worker.worker_id;
  perform chime_private.return_runs(v_ids, v_attempts);
end $$;
comment on function chime_private.stop_worker is 'Says that a worker has stopped by itself; runs that it still holds are queued again.';

create or replace function chime_private.server_age() returns interval
language sql volatile
as $$ select clock_timestamp() - pg_postmaster_start_time() $$;
comment on function chime_private.server_age is 'How long the server has been up.';

create or replace function chime_private.clock_is_steady(clock_id uuid, now timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  v_clock chime_private.clocks;
begin
  if chime_private.server_age() < chime_private.lease() then return false; end if;
  select * into v_clock from chime_private.clocks c where c.id = clock_id;
  -- One that is not known, or does not name itself, is not steady.
  return coalesce(v_clock.steady_since <= now - chime_private.lease() and v_clock.ticked_at > now - chime_private.lease() / 2, false);
end $$;
comment on function chime_private.clock_is_steady is
  'Whether a clock may take workers for dead: it, and the database, have been there long enough for all of them to renew.';

create or replace function chime_private.record_tick(clock_id uuid, name text, now timestamptz) returns void
language sql volatile
as $$
  -- Written once in a while, not at each of many ticks a second; and where another tick of this clock is just writing it,
  -- that will do. `on conflict do update` would lock the row in any case, and ticks of one clock would wait for each other.
  update chime_private.clocks c set
    steady_since = case when c.ticked_at < record_tick.now - chime_private.lease() / 2 then record_tick.now else c.steady_since end,
    ticked_at = record_tick.now
  where c.id in (
    select k.id from chime_private.clocks k
    where k.id = record_tick.clock_id and k.ticked_at < record_tick.now - interval '1 second'
    for no key update skip locked);
  insert into chime_private.clocks (id, name, steady_since, ticked_at)
  select record_tick.clock_id, coalesce(record_tick.name, 'clock'), record_tick.now, record_tick.now
  where not exists (select from chime_private.clocks c where c.id = record_tick.clock_id)
  on conflict do nothing
$$;
comment on function chime_private.record_tick is
  'Says that a clock is alive; after a gap of half a lease it counts as steady from now on only.';

create or replace function chime_private.stop_clock(clock_id uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ delete from chime_private.clocks c where c.id = stop_clock.clock_id $$;
comment on function chime_private.stop_clock is 'Says that a clock has stopped by itself.';
