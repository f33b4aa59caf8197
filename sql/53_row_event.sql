-- Rows of somebody's table that raise events: a trigger function for their triggers.

create or replace function chime_private.row_as_json(r record) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$ begin return to_jsonb(r); end $$;
comment on function chime_private.row_as_json is
  'A row as JSON. Types may bring a conversion to JSON that somebody wrote: it runs as chime_reporter, and not with the rights of the owner.';

create or replace function chime.raise_row_event() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_most_bytes constant integer := 260000;
  v_payload jsonb := jsonb_build_object('schema', tg_table_schema, 'table', tg_table_name, 'operation', lower(tg_op));
  v_rows jsonb := '{}';
  v_tenant uuid := chime.current_tenant();
begin
  if tg_when <> 'AFTER' or tg_level <> 'ROW' or tg_nargs > 2 then
    perform chime_private.fail('CH007', format('The trigger %s cannot raise events.', tg_name),
      'Make it so: after insert or update or delete on a_table for each row execute function chime.raise_row_event(''a_name'').');
  end if;
  if tg_op <> 'DELETE' then v_rows := jsonb_build_object('new', chime_private.row_as_json(new)); end if;
  if tg_op <> 'INSERT' then v_rows := v_rows || jsonb_build_object('old', chime_private.row_as_json(old)); end if;
  -- Whoever writes a large row must not be refused it because of an event.
  if octet_length(v_rows::text) > c_most_bytes then v_rows := '{"too_large": true}'; end if;
  if tg_argv[0] ~ '^chime(\.|$)' then
    perform chime_private.fail('CH007', 'Names that begin with "chime." are those of pgchime''s own events.', null, '{"field": "name"}');
  end if;
  if tg_nargs > 1 then v_tenant := chime_private.read_tenant(tg_argv[1]); end if;
  perform chime_private.raise_event(v_tenant,
    -- A user is one of the session's tenant, which need not be that of the table.
    case when v_tenant = chime.current_tenant() then chime.current_user_id() end,
    coalesce(tg_argv[0], tg_table_name) || case tg_op when 'INSERT' then '.inserted' when 'UPDATE' then '.updated' else '.deleted' end,
    v_payload || v_rows);
  return null;
end $$;
comment on function chime.raise_row_event is
  'For triggers, after insert, update or delete, for each row: raises the event name.inserted, name.updated or name.deleted, with the payload '
  '{schema, table, operation, new, old}, in the transaction that writes the row. Its arguments are the name (by default that of the table) and the '
  'tenant (by default that of the session that writes). Whoever may call trigger_event may make such a trigger; '
  'whoever may then write the table raises its events. A row of more than 256 KB comes as too_large instead of new and old.';
