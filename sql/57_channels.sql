-- Where people can be reached: channel mappings. The bot and administrators map contexts of channels to users; users map what is
-- theirs by nature, as the terminal that they sit at. What a channel answers may change its mappings: 59_delivery_report.sql.

create or replace function chime_private.register_channels(channels jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into chime_private.channels as c (id, is_ordered, is_repeatable, is_open, limits, retry_waits, seen_at)
  select i.id, i.is_ordered, i.is_repeatable, i.is_open, i.limits, i.retry_waits, chime.now()
  from jsonb_to_recordset(channels) i(id text, is_ordered boolean, is_repeatable boolean, is_open boolean, limits jsonb, retry_waits interval[])
  order by i.id
  on conflict (id) do update set is_ordered = excluded.is_ordered, is_repeatable = excluded.is_repeatable, is_open = excluded.is_open,
    limits = excluded.limits, retry_waits = excluded.retry_waits, seen_at = excluded.seen_at
$$;
comment on function chime_private.register_channels is
  'Announces the channels of a sender: an array of {id, is_ordered, is_repeatable, is_open, limits: [{by, most, per_ms}], retry_waits}.';

create or replace function chime_private.visible_mapping(mapping_id uuid) returns chime.channel_mappings
language plpgsql volatile
as $$
declare
  v_mapping chime.channel_mappings;
begin
  select * into v_mapping from chime.channel_mappings m
  where m.id = visible_mapping.mapping_id and m.tenant_id = chime.current_tenant() and chime_private.may_see(m.user_id)
  for no key update;
  if v_mapping.id is null then
    perform chime_private.fail('CH018', format('There is no channel mapping %s.', coalesce(mapping_id::text, 'without an id')), 'See chime.channel_mappings.');
  end if;
  return v_mapping;
end $$;
comment on function chime_private.visible_mapping is 'A channel mapping that the caller may see, its row locked against other changes. Raises CH018.';

create or replace function chime_private.check_destination(mapping_id uuid) returns void
language plpgsql stable
as $$
begin
  if mapping_id is not null and not exists (
    select from chime.channel_mappings m
    where m.id = mapping_id and m.tenant_id = chime.current_tenant() and chime_private.may_see(m.user_id)) then
    perform chime_private.fail('CH018', format('There is no channel mapping %s to deliver to.', mapping_id), 'See chime.channel_mappings.');
  end if;
end $$;
comment on function chime_private.check_destination is 'Refuses a channel mapping that is not there, or that is somebody else''s (CH018). Null is none.';

create or replace function chime_private.blocked_at(task text, mapping_id uuid) returns timestamptz
language sql stable
as $$
  select m.status_changed_at
  from chime.channel_mappings m, chime.tasks t
  where m.id = mapping_id and m.status = 'blocked' and t.name = task and t.handler_type = 'agent'
$$;
comment on function chime_private.blocked_at is
  'Since when nobody could be told what a schedule of this task finds out, if that is an agent, whose work costs money; null where somebody can.';

create or replace function chime_private.ensure_mapping(tenant_id uuid, channel_id text, channel_context_id text, user_id uuid) returns chime.channel_mappings
language plpgsql volatile
as $$
declare
  v_now timestamptz := chime.now();
  v_mapping chime.channel_mappings;
begin
  insert into chime.channel_mappings as m (id, tenant_id, user_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
  values (chime_private.new_id(v_now), ensure_mapping.tenant_id, ensure_mapping.user_id, ensure_mapping.channel_id, ensure_mapping.channel_context_id, v_now, v_now, v_now)
  on conflict on constraint channel_mappings_tenant_id_channel_id_channel_context_id_key do nothing;
  select * into v_mapping from chime.channel_mappings m
  where m.tenant_id = ensure_mapping.tenant_id and m.channel_id = ensure_mapping.channel_id and m.channel_context_id = ensure_mapping.channel_context_id;
  return v_mapping;
end $$;
comment on function chime_private.ensure_mapping is 'The mapping of a context, made if it is not there yet.';

create or replace function chime.map_channel(channel_id text, channel_context_id text, user_id uuid default null) returns chime.channel_mappings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant constant uuid := chime.current_tenant();
  v_admin constant boolean := chime_private.caller_is_admin();
  v_user uuid := coalesce(user_id, chime.current_user_id());
  v_mapping chime.channel_mappings;
begin
  if channel_id is null or channel_id !~ '^[a-z][a-z0-9_]{0,31}$' then
    perform chime_private.fail('CH007', 'channel_id must be the name of a channel, such as telegram or terminal.', null, '{"field": "channel_id"}');
  elsif channel_context_id is null or length(left(channel_context_id, 201)) not between 1 and 200 then
    perform chime_private.fail('CH007', 'channel_context_id must have 1 to 200 characters.', null, '{"field": "channel_context_id"}');
  elsif not v_admin and (v_user is distinct from chime.current_user_id()
      or not coalesce((select c.is_open from chime_private.channels c where c.id = map_channel.channel_id), false)) then
    -- Or one would have strangers written to.
    perform chime_private.require_admin(format('map contexts of the channel %s', channel_id));
  elsif v_user is not null and not exists (select from chime.users u where u.id = v_user and u.tenant_id = v_tenant) then
    perform chime_private.fail('CH015', format('There is no user %s.', v_user), 'See chime.users.');
  end if;
  v_mapping := chime_private.ensure_mapping(v_tenant, channel_id, channel_context_id, v_user);
  if not v_admin and v_mapping.user_id is distinct from v_user then
    perform chime_private.fail('CH018', format('The context is somebody else''s: %s.', left(channel_context_id, 80)), 'Choose another one.');
  elsif v_user is not null and v_mapping.user_id is distinct from v_user then
    update chime.channel_mappings m set user_id = v_user, updated_at = chime.now() where m.id = v_mapping.id returning * into v_mapping;
  end if;
  return v_mapping;
end $$;
comment on function chime.map_channel is
  'Says that a user (the current one, if none is given) is reached at a context of a channel; answers the mapping, which keeps its id and with it the '
  'schedules that deliver there. Users may do that for terminals of their own, administrators and the bot for all. Errors: CH007, CH015, CH018, CH042.';

create or replace function chime_private.set_mapping_status(m chime.channel_mappings, status chime.mapping_status, reason text) returns chime.channel_mappings
language plpgsql volatile
as $$
declare
  v_now timestamptz := chime.now();
begin
  if m.status = status then return m; end if;
  update chime.channel_mappings u set status = set_mapping_status.status, status_reason = left(set_mapping_status.reason, 500),
    status_changed_at = v_now, updated_at = v_now
  where u.id = m.id
  returning * into m;
  update chime.schedules s set blocked_at = chime_private.blocked_at(s.task, m.id)
  where s.channel_mapping_id = m.id and s.deleted_at is null
    and s.blocked_at is distinct from chime_private.blocked_at(s.task, m.id);
  if status = 'blocked' then
    update chime.deliveries d set status = 'skipped', skip_reason = chime_private.blocked_words(m), due_at = null, finished_at = v_now
    where d.channel_id = m.channel_id and d.channel_mapping_id = m.id and d.status = 'pending';
    perform chime_private.tell(m.tenant_id, m.user_id, 'chime.channel.blocked',
      jsonb_build_object('channel_mapping_id', m.id, 'channel_id', m.channel_id, 'reason', m.status_reason));
  end if;
  return m;
end $$;
comment on function chime_private.set_mapping_status is
  'Gives a mapping another status. Of a blocked one what was still to be sent is skipped, and so are the fires of agents that deliver there; '
  'chime.channel.blocked is raised.';

create or replace function chime_private.blocked_words(m chime.channel_mappings) returns text
language sql stable
as $$ select 'The channel is blocked: ' || m.status_reason $$;
comment on function chime_private.blocked_words is 'Why nothing is sent to a blocked mapping.';

create or replace function chime.block_mapping(mapping_id uuid, reason text default null) returns chime.channel_mappings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return chime_private.set_mapping_status(chime_private.visible_mapping(mapping_id), 'blocked',
    coalesce(reason, format('%s has blocked it.', chime_private.current_actor())));
end $$;
comment on function chime.block_mapping is
  'Stops everything that is sent to a channel mapping, until it is resumed; its schedules stay. Errors: CH018.';

create or replace function chime.resume_mapping(mapping_id uuid) returns chime.channel_mappings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return chime_private.set_mapping_status(chime_private.visible_mapping(mapping_id), 'active', null);
end $$;
comment on function chime.resume_mapping is
  'Sends to a channel mapping again that was blocked or degraded. What was skipped meanwhile stays so: see chime.deliveries, or retry_delivery. Errors: CH018.';

create or replace function chime_private.heard_from(mapping_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_user uuid;
begin
  update chime.channel_mappings m set heard_at = v_now, updated_at = v_now where m.id = mapping_id returning m.user_id into v_user;
  perform chime_private.heard_follow_ups(mapping_id, v_user, v_user, v_now);
end $$;
comment on function chime_private.heard_from is 'Says that the person of a mapping has just written from there; follow-ups that waited for that are cancelled.';
