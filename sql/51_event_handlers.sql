-- Event handlers: which events run which tasks. Written as schedules are: in the caller's transaction, answering what was done.

create or replace function chime_private.check_event_handler(h chime.event_handlers) returns void
language plpgsql stable
as $$
declare
  c_most constant integer := 1000;
  v_wrong text;
begin
  v_wrong := case
    when length(h.key) not between 1 and 200 then 'key must have 1 to 200 characters.'
    when h.name is null or length(h.name) not between 1 and 200 then 'name must have 1 to 200 characters.'
    when length(h.description) > 2000 then 'description must have at most 2000 characters.'
    when h.event is null or length(h.event) > 200 or h.event !~ '^(\*|[A-Za-z0-9_:-]+(\.[A-Za-z0-9_:-]+){0,9}(\.\*)?)$'
      then 'event must be the name of an event (order.created), the beginning of some (order.*), or * for all.'
    when jsonb_typeof(h.filter) <> 'object' or octet_length(h.filter::text) > 65536 then 'filter must be a JSON object of at most 64 KB.'
    when num_nonnulls(h.delay, h.debounce) > 1 then 'debounce excludes delay: it is a delay that begins anew with each event.'
    when not isfinite(h.delay) or h.delay <= interval '0' or h.delay > interval '365 days' then 'delay must be more than 0 and at most 365 days.'
    when not isfinite(h.debounce) or h.debounce <= interval '0' or h.debounce > interval '365 days'
      then 'debounce must be more than 0 and at most 365 days.'
    when h.debounce_by is not null and h.debounce is null then 'debounce_by needs debounce.'
    when length(h.debounce_by) > 200 or h.debounce_by !~ '^(payload|event)(\.[^\s.{}]+)+$' then 'debounce_by must be a path such as payload.order.id.'
  end;
  if v_wrong is not null then
    perform chime_private.fail('CH007', v_wrong, null, jsonb_build_object('field', split_part(v_wrong, ' ', 1)));
  elsif (
    select count(*) from chime.event_handlers o
    where o.tenant_id = h.tenant_id and o.event = h.event and o.enabled and o.deleted_at is null and o.id is distinct from h.id) >= c_most then
    -- All of them run in the transaction of whoever raises the event.
    perform chime_private.fail('CH007', format('event "%s" has %s handlers already, which are the most.', h.event, c_most), null,
      '{"field": "event"}');
  end if;
  perform chime_private.check_template(h.payload, 'payload');
  if h.payload::text ~ '\{\{' then
    perform chime_private.check_task_name(h.task);
  else
    perform chime_private.check_task(h.task, h.payload);
  end if;
end $$;
comment on function chime_private.check_event_handler is
  'Refuses a definition that is wrong. A payload with placeholders is held against its task only when it is filled in, by the worker. '
  'Raises CH005, CH006, CH007.';

create or replace function chime_private.event_handler_changed(old chime.event_handlers, new chime.event_handlers) returns boolean
language sql immutable
as $$
  select row(old.key, old.name, old.description, old.event, old.filter, old.task, old.payload, old.delay::text, old.debounce::text, old.debounce_by)
    is distinct from
    row(new.key, new.name, new.description, new.event, new.filter, new.task, new.payload, new.delay::text, new.debounce::text, new.debounce_by)
$$;
comment on function chime_private.event_handler_changed is 'Whether two definitions differ.';

create or replace function chime_private.change_event_handler(old chime.event_handlers, new chime.event_handlers) returns chime.event_handlers
language plpgsql volatile
as $$
begin
  if not chime_private.event_handler_changed(old, new) then return old; end if;
  update chime.event_handlers h set
    key = new.key, name = new.name, description = new.description, event = new.event, filter = new.filter, task = new.task,
    payload = new.payload, delay = new.delay, debounce = new.debounce, debounce_by = new.debounce_by,
    revision = h.revision + 1, updated_at = chime.now()
  where h.id = old.id
  returning * into new;
  return new;
end $$;
comment on function chime_private.change_event_handler is 'Stores a changed definition of an event handler whose row the caller has locked.';

create or replace function chime_private.live_event_handler(handler_id uuid) returns chime.event_handlers
language plpgsql volatile
as $$
declare
  v_handler chime.event_handlers;
begin
  select * into v_handler from chime.event_handlers h
  where h.id = live_event_handler.handler_id and h.tenant_id = chime.current_tenant() and h.deleted_at is null
    and chime_private.may_see(h.owner_id)
  for no key update;
  if v_handler.id is null then
    perform chime_private.fail('CH014', format('There is no event handler %s.', coalesce(handler_id::text, 'without an id')),
      'chime.find_event_handler finds one by id, key or name.');
  end if;
  return v_handler;
end $$;
comment on function chime_private.live_event_handler is 'An event handler that the caller may see, its row locked against other changes. Raises CH014.';

create or replace function chime.create_event_handler(
  event text,
  task text,
  filter jsonb default null,
  payload jsonb default '"{{payload}}"',
  delay interval default null,
  debounce interval default null,
  debounce_by text default null,
  name text default null,
  key text default null,
  description text default null,
  out id uuid,
  out outcome text,
  out revision integer
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant uuid := chime.current_tenant();
  v_old chime.event_handlers;
  v_new chime.event_handlers;
begin
  if key is not null then
    perform chime_private.lock_key(v_tenant, 'event handler ' || key);
    select * into v_old from chime.event_handlers h
    where h.tenant_id = v_tenant and h.key = create_event_handler.key and h.deleted_at is null
    for no key update;
    if v_old.id is not null and not chime_private.may_see(v_old.owner_id) then perform chime_private.refuse_key(key, 'event handler'); end if;
  end if;
  v_new := v_old;
  v_new.tenant_id := v_tenant;
  v_new.event := event; v_new.filter := filter; v_new.task := task; v_new.payload := payload;
  v_new.delay := delay; v_new.debounce := debounce; v_new.debounce_by := debounce_by;
  v_new.name := coalesce(name, key, task); v_new.key := key; v_new.description := description;
  perform chime_private.check_event_handler(v_new);
  if v_old.id is not null then
    v_new := chime_private.change_event_handler(v_old, v_new);
    outcome := case v_new.revision when v_old.revision then 'unchanged' else 'changed' end;
  else
    v_new.created_at := chime.now();
    v_new.updated_at := v_new.created_at;
    v_new.id := chime_private.new_id(v_new.created_at);
    v_new.enabled := true;
    v_new.owner_id := chime_private.new_owner();
    v_new.revision := 1;
    insert into chime.event_handlers select v_new.*;
    outcome := 'created';
  end if;
  id := v_new.id;
  revision := v_new.revision;
end $$;
comment on function chime.create_event_handler is
  'Runs a task for each event of a name, or of all that begin so (order.*), whose payload contains filter. payload is what the task '
  'is given: {{payload.some.path}}, {{event.id}}, {{event.name}} and {{event.time}} are filled from the event; the event''s whole payload '
  'by default. delay: the run comes so much later. debounce: it comes when no further such event came for so long, and is given '
  'the latest; with debounce_by, a path such as payload.order.id, for each value there by itself. With a key that an event handler of '
  'the tenant has, it is changed to what is given here; outcome says created, changed or unchanged. Errors: CH005, CH006, CH007, CH041.';

create or replace function chime.update_event_handler(
  handler_id uuid,
  patch jsonb,
  expected_revision integer default null
) returns chime.event_handlers
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_fields constant text[] := '{event,task,filter,payload,delay,debounce,debounce_by,name,key,description}';
  v_old chime.event_handlers := chime_private.live_event_handler(handler_id);
  v_new chime.event_handlers := v_old;
  v_field text;
begin
  if jsonb_typeof(patch) is distinct from 'object' then
    perform chime_private.fail('CH007', 'The patch must be a JSON object.', 'Fields that are absent are kept, null clears.');
  elsif expected_revision <> v_old.revision then
    perform chime_private.fail('CH012',
      format('The event handler "%s" is at revision %s, not %s: somebody changed it.', v_old.name, v_old.revision, expected_revision),
      'Read it again, then change what is there now.', jsonb_build_object('revision', v_old.revision));
  end if;
  for v_field in select f from jsonb_object_keys(patch) f order by f loop
    if v_field <> all (c_fields) then
      perform chime_private.fail('CH007', format('An event handler has no field "%s" to change.', left(v_field, 80)),
        'Fields: ' || array_to_string(c_fields, ', ') || '.', jsonb_build_object('field', left(v_field, 80)));
    end if;
    begin
      v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, patch -> v_field));
    exception when data_exception or invalid_text_representation then
      perform chime_private.fail('CH007', format('%s: %s.', v_field, sqlerrm), null, jsonb_build_object('field', v_field));
    end;
  end loop;
  -- Null is JSON too, but none that fields take.
  if jsonb_typeof(patch -> 'filter') = 'null' then v_new.filter := null; end if;
  if jsonb_typeof(patch -> 'payload') = 'null' then v_new.payload := '"{{payload}}"'; end if;
  v_new.name := coalesce(v_new.name, v_new.key, v_new.task);
  if v_new.key is distinct from v_old.key then
    perform chime_private.lock_key(v_old.tenant_id, 'event handler ' || v_new.key);
    if exists (select from chime.event_handlers h where h.tenant_id = v_old.tenant_id and h.key = v_new.key and h.deleted_at is null) then
      perform chime_private.refuse_key(v_new.key, 'event handler');
    end if;
  end if;
  perform chime_private.check_event_handler(v_new);
  return chime_private.change_event_handler(v_old, v_new);
end $$;
comment on function chime.update_event_handler is
  'Changes fields of an event handler: those absent from the patch are kept, null clears. Events that wait for it already are answered as '
  'it is when their time comes. With expected_revision, refuses (CH012) if somebody else changed it meanwhile. Errors: CH005 to CH007, CH012, CH014.';
