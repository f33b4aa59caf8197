-- The job locks of graphile-worker pools that have ended. They are freed at once, and again for some minutes: where a connection was
-- lost, the server may still be at a statement of that pool, which fetches jobs and locks them for nobody.

create or replace function chime_private.retire_pool(pool_id text, now timestamptz) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into chime_private.retired_pools values (retire_pool.pool_id, retire_pool.now)
  on conflict on constraint retired_pools_pkey do update set retired_at = excluded.retired_at;
  -- Jobs that it had fetched and not begun are free for others at once, instead of after hours.
  select graphile_worker.force_unlock_workers(array[retire_pool.pool_id]);
$$;
comment on function chime_private.retire_pool is 'Frees the job locks of a graphile-worker pool that has ended.';

create or replace function chime_private.free_retired_pools(now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_pools text[];
begin
  delete from chime_private.retired_pools p where p.retired_at < free_retired_pools.now - interval '5 minutes';
  v_pools := array(select p.pool_id from chime_private.retired_pools p);
  if v_pools <> '{}' and exists (select from graphile_worker._private_jobs j where j.locked_by = any (v_pools)) then
    perform graphile_worker.force_unlock_workers(v_pools);
  end if;
end $$;
comment on function chime_private.free_retired_pools is 'Frees what pools have locked that ended in the last five minutes, and forgets those that ended before.';
