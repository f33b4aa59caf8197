-- What the bot remembers of the people whom it talks to: who they are, where they are, and what it was about to do for them. A group is
-- a user of its own: what it owns all of its members see, and row-level security keeps it from others.

create or replace function chime_private.bot_user(channel_id text, name_in_channel text, name text) returns uuid
language sql volatile
as $$
  select s.user_id from chime_private.sign_in(chime.current_tenant()::text, channel_id || ':' || name_in_channel, 'user', name) s
$$;
comment on function chime_private.bot_user is 'The user whom a channel calls by this name, seen for the first time or known. Raises CH041.';

create or replace function chime_private.require_active(user_id uuid) returns void
language plpgsql stable
as $$
begin
  if not exists (select from chime.users u where u.id = require_active.user_id and u.status = 'active') then
    perform chime_private.refuse_identity('This user may not sign in.');
  end if;
end $$;
comment on function chime_private.require_active is 'Refuses users who are blocked or forgotten (CH041).';

create or replace function chime_private.hear(
  channel_id text, channel_context_id text, is_group boolean, speaker text, speaker_name text, language text,
  out now timestamptz, out tenant_id uuid, out mapping_id uuid, out mapping_status chime.mapping_status, out user_id uuid, out person_id uuid,
  out locale text, out timezone text, out morning_at text, out evening_at text, out admins_create boolean,
  out conversation_id uuid, out draft jsonb, out revision integer, out is_expired boolean
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_mapping chime.channel_mappings;
  v_conversation chime_private.conversations;
begin
  now := chime.now();
  tenant_id := chime.current_tenant();
  select * into v_mapping from chime.channel_mappings m
  where m.tenant_id = hear.tenant_id and m.channel_id = hear.channel_id and m.channel_context_id = hear.channel_context_id;
  -- Where an operator has said whose place it is, that is who speaks there.
  user_id := coalesce(v_mapping.user_id,
    case when is_group then chime_private.bot_user(channel_id, split_part(channel_context_id, ':', 1), null)
      else chime_private.bot_user(channel_id, speaker, speaker_name) end);
  person_id := case when is_group then chime_private.bot_user(channel_id, speaker, speaker_name) else user_id end;
  perform chime_private.require_active(user_id);
  if v_mapping.id is null then v_mapping := chime_private.ensure_mapping(tenant_id, channel_id, channel_context_id, user_id); end if;
  update chime.channel_mappings m set user_id = hear.user_id, heard_at = hear.now, updated_at = hear.now where m.id = v_mapping.id;
  mapping_id := v_mapping.id;
  mapping_status := v_mapping.status;
  -- What people choose for themselves is not overwritten by what their program says of them.
  update chime.users u set locale = left(language, 35), updated_at = hear.now where u.id = hear.user_id and u.locale is null and language <> '';
  select u.locale, u.timezone, to_char(u.morning_at, 'HH24:MI'), to_char(u.evening_at, 'HH24:MI') into locale, timezone, morning_at, evening_at
  from chime.users u where u.id = hear.user_id;
  admins_create := coalesce((select g.admins_create from chime_private.groups g where g.user_id = hear.user_id), false);
  insert into chime_private.conversations (id, tenant_id, channel_mapping_id, person_id, updated_at)
  values (chime_private.new_id(now), hear.tenant_id, v_mapping.id, hear.person_id, now)
  on conflict on constraint conversations_channel_mapping_id_person_id_key do nothing;
  select * into v_conversation from chime_private.conversations c
  where c.channel_mapping_id = v_mapping.id and c.person_id = hear.person_id
  for no key update;
  conversation_id := v_conversation.id;
  draft := v_conversation.draft;
  revision := v_conversation.revision;
  is_expired := coalesce(v_conversation.expires_at <= now, false);
  perform chime_private.heard_follow_ups(v_mapping.id, person_id, user_id, now);
end $$;
comment on function chime_private.hear is
  'Somebody has said something at a context of a channel: answers who that is, as whom the bot acts for them (in a group, the group), and what the two were '
  'talking about. Person, place and conversation are made where they are new. Follow-ups that waited for a word of the person are cancelled. The conversation is locked until the transaction ends. Raises CH041.';

create or replace function chime_private.keep_draft(conversation_id uuid, draft jsonb) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update chime_private.conversations c set draft = keep_draft.draft, revision = c.revision + 1, updated_at = chime.now(),
    expires_at = case when keep_draft.draft is not null then chime.now() + interval '15 minutes' end
  where c.id = conversation_id
  returning c.revision
$$;
comment on function chime_private.keep_draft is
  'Remembers what the bot is about to do in a conversation, for fifteen minutes, or with null that it is about to do nothing; answers the revision that buttons carry.';

create or replace function chime_private.note_author(schedule_id uuid, person_id uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into chime_private.schedule_authors (schedule_id, person_id) values (note_author.schedule_id, note_author.person_id)
  on conflict on constraint schedule_authors_pkey do nothing
$$;
comment on function chime_private.note_author is 'Puts on record who of a group has asked for a schedule.';

create or replace function chime_private.is_author(schedule_id uuid, person_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from chime_private.schedule_authors a where a.schedule_id = is_author.schedule_id and a.person_id = is_author.person_id)
$$;
comment on function chime_private.is_author is 'Whether this person of a group has asked for a schedule.';

create or replace function chime_private.set_admins_create(user_id uuid, admins_create boolean) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into chime_private.groups as g (user_id, admins_create) values (set_admins_create.user_id, set_admins_create.admins_create)
  on conflict on constraint groups_pkey do update set admins_create = excluded.admins_create
$$;
comment on function chime_private.set_admins_create is 'Says whether only the administrators of a group may create schedules there.';

create or replace function chime_private.forget_preferences(user_id uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update chime_private.conversations c set draft = null, expires_at = null, revision = c.revision + 1
  where c.person_id = forget_preferences.user_id;
  delete from chime_private.groups g where g.user_id = forget_preferences.user_id;
  delete from chime.calendar_feeds f where f.user_id = forget_preferences.user_id;
  update chime.users u set name = null, locale = null, timezone = null, quiet_from = null, quiet_until = null, morning_at = default, evening_at = default,
    updated_at = chime.now()
  where u.id = forget_preferences.user_id;
$$;
comment on function chime_private.forget_preferences is 'Forgets what a person has told the bot of themselves.';
