-- Events: somebody says that something happened, and the runs of all event handlers that it concerns are made, in the transaction of
-- whoever says it. Which events led to which is followed through runs, so that a loop ends.

create or replace function chime_private.check_event_name(name text) returns void
language plpgsql immutable
as $$
begin
  if name is null or length(name) > 200 or name !~ '^[A-Za-z0-9_:-]+(\.[A-Za-z0-9_:-]+){0,9}$' then
    perform chime_private.fail('CH007', format('%s is not the name of an event.', coalesce('"' || left(name, 80) || '"', 'null')),
      'Names are like order.created: one to ten parts of letters, digits, _, : and -, with dots between them, 200 characters at most.',
      '{"field": "name"}');
  end if;
end $$;
comment on function chime_private.check_event_name is 'Refuses what is not the name of an event (CH007).';

create or replace function chime_private.event_patterns(name text) returns text[]
language sql immutable strict parallel safe
as $$
  select array['*', name] || array(
    select array_to_string(p.parts[:n], '.') || '.*' from string_to_array(name, '.') p(parts), generate_series(1, cardinality(p.parts) - 1) n)
$$;
comment on function chime_private.event_patterns is
  'What an event handler may name to mean an event of this name: all that the index has to be asked for.';

create or replace function chime_private.event_run_id(handler_id uuid, event_id uuid, scheduled_for timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
  select (chime_private.id_prefix(scheduled_for) || '8' || substr(h.hash, 1, 3) || '8' || substr(h.hash, 4, 15))::uuid
  from md5('event ' || handler_id || ' ' || event_id) h(hash)
$$;
comment on function chime_private.event_run_id is 'The id of the run by which a handler answers an event: always the same, so that it answers once.';

create or replace function chime_private.event_scope(e chime.events) returns jsonb
language sql immutable parallel safe
as $$
  select jsonb_build_object('payload', e.payload,
    'event', jsonb_build_object('id', e.id, 'name', e.name, 'time', chime_private.instant_text(e.created_at)))
$$;
comment on function chime_private.event_scope is 'What the payload of an event handler may be filled from.';

create or replace function chime_private.run_handlers(
  e chime.events, handlers chime.event_handlers[], scheduled_for timestamptz, now timestamptz
) returns integer
language plpgsql volatile
as $$
declare
  v_scope jsonb := chime_private.event_scope(e);
  v_pattern text := chime_private.placeholder('payload|event');
  v_ids uuid[];
  v_tasks text[];
begin
  with made as (
    insert into chime.runs (id, tenant_id, owner_id, task, payload, trigger, event_id, event_handler_id, traceparent, scheduled_for, due_at,
      status, finished_at, error, created_at)
    select chime_private.event_run_id(h.id, e.id, run_handlers.scheduled_for), e.tenant_id, h.owner_id, h.task, p.payload, 'event', e.id, h.id, e.traceparent,
      run_handlers.scheduled_for, run_handlers.scheduled_for, case when p.problem is null then 'queued' else 'failed' end::chime.run_status,
      case when p.problem is not null then run_handlers.now end, p.problem, run_handlers.now
    from unnest(handlers) h, lateral chime_private.template_payload(h.payload, v_scope, v_pattern) p
    on conflict do nothing
    returning id, task, status
  )
  select array_agg(m.id), array_agg(m.task) into v_ids, v_tasks from made m where m.status = 'queued';
  perform chime_private.enqueue(v_ids, v_tasks);
  return coalesce(cardinality(v_ids), 0);
end $$;
comment on function chime_private.run_handlers is 'Makes the runs by which handlers answer an event, and their jobs; answers how many are queued.';

create or replace function chime_private.wait_for_handlers(e chime.events, handlers chime.event_handlers[]) returns void
language plpgsql volatile
as $$
declare
  v_scope jsonb := chime_private.event_scope(e);
  v_due timestamptz;
begin
  with waiting as (
    insert into chime_private.event_waits (handler_id, event_id, slot, due_at)
    select h.id, e.id,
      -- Of any length, and an index holds it.
      case when h.debounce is not null then md5(coalesce(v_scope #> string_to_array(h.debounce_by, '.'), 'null')::text) end,
      e.created_at + coalesce(h.delay, h.debounce)
    from unnest(handlers) h
    returning due_at
  )
  select min(w.due_at) into v_due from waiting w;
  perform chime_private.wake_clock(v_due);
end $$;
comment on function chime_private.wait_for_handlers is 'Keeps an event for handlers whose runs come later.';

create or replace function chime_private.raise_event(tenant_id uuid, owner_id uuid, name text, payload jsonb) returns chime.events
language plpgsql volatile
as $$
declare
  c_deepest constant integer := 10;
  c_most_bytes constant integer := 262144;
  v_cause chime.runs := chime_private.current_run();
  v_event chime.events;
  v_pattern text;
  v_handlers chime.event_handlers[] := '{}';
  v_part chime.event_handlers[];
begin
  perform chime_private.check_event_name(name);
  if jsonb_typeof(payload) is distinct from 'object' or octet_length(payload::text) > c_most_bytes then
    perform chime_private.fail('CH006', 'The payload of an event must be a JSON object of at most 256 KB.', null, '{"path": "payload"}');
  end if;
  v_event.created_at := chime.now();
  v_event.id := chime_private.new_id(v_event.created_at);
  v_event.tenant_id := raise_event.tenant_id;
  v_event.name := name;
  v_event.payload := payload;
  v_event.actor := chime_private.current_actor();
  v_event.cause_run_id := case when v_cause.tenant_id = raise_event.tenant_id then v_cause.id end;
  v_event.owner_id := coalesce(raise_event.owner_id, case when v_event.cause_run_id is not null then v_cause.owner_id end);
  v_event.traceparent := chime_private.current_traceparent();
  v_event.depth := 0;
  if v_event.cause_run_id is not null and v_cause.event_id is not null then
    v_event.depth := 1 + coalesce((select e.depth from chime.events e where e.id = v_cause.event_id), 0);
  end if;
  if v_event.depth <= c_deepest then
    -- One look-up for each pattern, so plain that it is planned once and not again for each event.
    foreach v_pattern in array chime_private.event_patterns(name) loop
      v_handlers := v_handlers || array(
        select h from chime.event_handlers h
        where h.tenant_id = raise_event.tenant_id and h.event = v_pattern and h.enabled and h.deleted_at is null
          and (h.owner_id is null or h.owner_id = v_event.owner_id) and (h.filter is null or raise_event.payload @> h.filter));
    end loop;
  end if;
  v_event.handler_count := cardinality(v_handlers);
  insert into chime.events select v_event.*;
  if v_event.handler_count = 0 then return v_event; end if;
  v_part := array(select h from unnest(v_handlers) h where num_nonnulls(h.delay, h.debounce) = 0);
  if v_part <> '{}' then
    perform chime_private.run_handlers(v_event, v_part, v_event.created_at, v_event.created_at);
  end if;
  v_part := array(select h from unnest(v_handlers) h where num_nonnulls(h.delay, h.debounce) = 1);
  if v_part <> '{}' then
    perform chime_private.wait_for_handlers(v_event, v_part);
  end if;
  return v_event;
end $$;
comment on function chime_private.raise_event is
  'Raises an event of a tenant, or of one of its users: trigger_event, for callers who may raise any. Handlers of other users are not told. '
  'One insert and one index look-up where nothing answers it. '
  'Raises CH006, CH007.';

create or replace function chime.trigger_event(name text, payload jsonb default '{}') returns chime.events
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if name ~ '^chime(\.|$)' then
    perform chime_private.fail('CH007', format('"%s" is a name that only pgchime itself gives to events.', left(name, 80)),
      'Names that begin with "chime." are those of its own events.', '{"field": "name"}');
  end if;
  return chime_private.raise_event(chime.current_tenant(), chime.current_user_id(), name, coalesce(payload, '{}'));
end $$;
comment on function chime.trigger_event is
  'Says that something happened: in the caller''s transaction, makes the runs of all enabled event handlers that name the event and whose '
  'filter its payload contains, but for those of other users; those with a delay or debounce come later. The payload is an object of at most 256 KB. Where '
  'the setting chime.run_id names the run that acts, the event counts as led to by that of the run; one that ten events '
  'led to is the last that makes runs. Errors: CH006, CH007.';

create or replace function chime_private.forget_events(before timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_count integer;
begin
  delete from chime.events e
  where e.id in (
    select o.id from chime.events o
    where o.id < chime_private.first_id(forget_events.before)
      and not exists (select from chime_private.event_waits w where w.event_id = o.id)
    order by o.id
    limit most);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function chime_private.forget_events is
  'Removes events of before an instant that nothing waits for, `most` of them at most, the oldest first; answers how many.';
