-- How many runs with the same concurrency key may run at once.

create or replace function chime_private.check_concurrency_key(key text) returns void
language plpgsql stable
as $$
begin
  if key is null or length(key) not between 1 and 200 then
    perform chime_private.fail('CH007', 'key must have 1 to 200 characters.', null, jsonb_build_object('field', 'key'));
  end if;
end $$;
comment on function chime_private.check_concurrency_key is 'Refuses what is no concurrency key (CH007).';

create or replace function chime.set_concurrency_limit(key text, max_running integer) returns chime.concurrency_limits
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit chime.concurrency_limits;
begin
  perform chime_private.require_admin('change concurrency limits'), chime_private.check_concurrency_key(key);
  if max_running is null or max_running not between 0 and 10000 then
    perform chime_private.fail('CH007', 'max_running must be between 0 and 10000.', '0 lets none start.',
      jsonb_build_object('field', 'max_running'));
  end if;
  insert into chime.concurrency_limits as l (tenant_id, key, max_running, updated_at)
  values (chime.current_tenant(), set_concurrency_limit.key, set_concurrency_limit.max_running, chime.now())
  on conflict on constraint concurrency_limits_pkey do update set max_running = excluded.max_running, updated_at = excluded.updated_at
  returning * into v_limit;
  perform chime_private.free_slots(array[v_limit.slot]);
  return v_limit;
end $$;
comment on function chime.set_concurrency_limit is
  'Lets so many runs with this concurrency key run at once; 0 lets none start. What runs already goes on. For administrators. Errors: CH007, CH042.';

create or replace function chime.delete_concurrency_limit(key text) returns chime.concurrency_limits
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit chime.concurrency_limits;
begin
  perform chime_private.require_admin('change concurrency limits'), chime_private.check_concurrency_key(key);
  delete from chime.concurrency_limits l
  where l.tenant_id = chime.current_tenant() and l.key = delete_concurrency_limit.key
  returning * into v_limit;
  if v_limit.key is null then
    perform chime_private.fail('CH007', format('There is no limit for the key "%s".', left(key, 80)), null, jsonb_build_object('key', key));
  end if;
  perform chime_private.free_slots(array[v_limit.slot]);
  return v_limit;
end $$;
comment on function chime.delete_concurrency_limit is 'Lets one run with this concurrency key run at a time, as for any key without a limit. For administrators. Errors: CH007, CH042.';
