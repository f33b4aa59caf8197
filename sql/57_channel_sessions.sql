-- Conversations and the places where they are held. A place keeps its mapping when a new conversation begins there, so what was
-- scheduled in an old one goes on being delivered.

create or replace function chime.set_session_channel(session_id text, channel_id text, channel_context_id text, user_id uuid default null)
returns chime.channel_mappings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_mapping chime.channel_mappings;
  v_known uuid;
begin
  if session_id is null or length(left(session_id, 201)) not between 1 and 200 then
    perform chime_private.fail('CH007', 'session_id must have 1 to 200 characters.', null, '{"field": "session_id"}');
  end if;
  v_mapping := chime.map_channel(channel_id, channel_context_id, user_id);
  insert into chime_private.channel_sessions as s (tenant_id, session_id, channel_mapping_id, created_at)
  values (v_mapping.tenant_id, set_session_channel.session_id, v_mapping.id, v_now)
  on conflict on constraint channel_sessions_pkey do nothing;
  select s.channel_mapping_id into v_known from chime_private.channel_sessions s
  where s.tenant_id = v_mapping.tenant_id and s.session_id = set_session_channel.session_id;
  if v_known <> v_mapping.id then
    -- Raises CH018 where it is not the caller's to move.
    perform chime_private.visible_mapping(v_known);
    update chime_private.channel_sessions s set channel_mapping_id = v_mapping.id
    where s.tenant_id = v_mapping.tenant_id and s.session_id = set_session_channel.session_id;
    update chime.channel_mappings m set session_id = null, updated_at = v_now where m.id = v_known and m.session_id = set_session_channel.session_id;
  end if;
  update chime.channel_mappings m set session_id = set_session_channel.session_id, updated_at = v_now where m.id = v_mapping.id returning * into v_mapping;
  return v_mapping;
end $$;
comment on function chime.set_session_channel is
  'Says that a session is held at a context of a channel from now on, as map_channel does; the mapping stays the same when another session '
  'begins there. Errors: CH007, CH015, CH018, CH042.';

create or replace function chime.get_session_channel(session_id text) returns chime.channel_mappings
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_mapping chime.channel_mappings;
begin
  select m.* into v_mapping
  from chime_private.channel_sessions s
  join chime.channel_mappings m on m.id = s.channel_mapping_id
  where s.tenant_id = chime.current_tenant() and s.session_id = get_session_channel.session_id and chime_private.may_see(m.user_id);
  if v_mapping.id is null then
    perform chime_private.fail('CH018', format('There is no channel of a session "%s".', left(session_id, 80)), 'chime.set_session_channel says where a session is held.');
  end if;
  return v_mapping;
end $$;
comment on function chime.get_session_channel is 'The channel mapping of a session: where it is held, or was, if another has begun there. Raises CH018.';

create or replace function chime.get_channel_session(channel_id text, channel_context_id text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select m.session_id from chime.channel_mappings m
  where m.tenant_id = chime.current_tenant() and m.channel_id = get_channel_session.channel_id
    and m.channel_context_id = get_channel_session.channel_context_id and chime_private.may_see(m.user_id)
$$;
comment on function chime.get_channel_session is 'The session that is held at a context of a channel at present; null where there is none.';

create or replace function chime_private.current_mapping() returns uuid
language sql stable
as $$
  select s.channel_mapping_id from chime_private.channel_sessions s join chime.channel_mappings m on m.id = s.channel_mapping_id
  where s.tenant_id = chime.current_tenant() and s.session_id = nullif(current_setting('chime.session_id', true), '') and chime_private.may_see(m.user_id)
$$;
comment on function chime_private.current_mapping is 'The channel mapping of the session that the setting chime.session_id names: where what is created now was asked for.';
