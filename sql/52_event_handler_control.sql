-- Steering event handlers: find, enable, disable, delete.

create or replace function chime.find_event_handler(reference text) returns chime.event_handlers
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_admin constant boolean := chime_private.caller_is_admin();
  v_user constant uuid := chime.current_user_id();
  v_found chime.event_handlers[];
begin
  -- An id says more than a key, a key more than a name.
  select array_agg(r.handler) into v_found
  from (
    select h as handler, rank() over (order by h.id::text = lower(reference) desc, h.key is not distinct from reference desc) as place
    from chime.event_handlers h
    where h.tenant_id = chime.current_tenant() and h.deleted_at is null and (v_admin or h.owner_id = v_user)
      and (h.id::text = lower(reference) or h.key = reference or h.name = reference)) r
  where r.place = 1;
  if v_found is null then
    perform chime_private.fail('CH014', format('There is no event handler "%s".', left(reference, 80)), 'Name it by its id, its key or its name.');
  elsif cardinality(v_found) > 1 then
    perform chime_private.fail('CH014', format('%s event handlers are called "%s".', cardinality(v_found), left(reference, 80)),
      'Use an id: ' || (select string_agg(f.id::text, ', ') from (select f.id from unnest(v_found) f limit 5) f) || '.');
  end if;
  return v_found[1];
end $$;
comment on function chime.find_event_handler is
  'The event handler with this id, key or name. Raises CH014 where there is none, or where several share the name.';

create or replace function chime_private.set_event_handler(handler_id uuid, enabled boolean) returns chime.event_handlers
language plpgsql volatile
as $$
declare
  v_handler chime.event_handlers := chime_private.live_event_handler(handler_id);
begin
  if v_handler.enabled = enabled then return v_handler; end if;
  update chime.event_handlers h set enabled = set_event_handler.enabled, updated_at = chime.now()
  where h.id = v_handler.id
  returning * into v_handler;
  return v_handler;
end $$;
comment on function chime_private.set_event_handler is 'Enables or disables an event handler.';

create or replace function chime.enable_event_handler(handler_id uuid) returns chime.event_handlers
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from chime_private.set_event_handler(handler_id, true) $$;
comment on function chime.enable_event_handler is 'Lets an event handler answer events again, from now on. Error: CH014.';

create or replace function chime.disable_event_handler(handler_id uuid) returns chime.event_handlers
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from chime_private.set_event_handler(handler_id, false) $$;
comment on function chime.disable_event_handler is
  'Keeps an event handler from answering events, also those whose time comes while it is disabled. Runs that exist go on. Error: CH014.';

create or replace function chime.delete_event_handler(handler_id uuid) returns chime.event_handlers
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_handler chime.event_handlers := chime_private.live_event_handler(handler_id);
begin
  update chime.event_handlers h set deleted_at = chime.now(), updated_at = chime.now()
  where h.id = v_handler.id
  returning * into v_handler;
  return v_handler;
end $$;
comment on function chime.delete_event_handler is 'Removes an event handler from view: it answers nothing any more. Its runs stay readable. Error: CH014.';
