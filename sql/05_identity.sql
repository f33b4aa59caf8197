-- Who acts: settings of the transaction, made by whoever has verified a token (src/api/identity.ts), and the role of the caller. Inside
-- functions with the rights of their owner current_user is that owner; the setting `role` goes on saying what SET ROLE said.

create or replace function chime_private.read_id(setting text, value text) returns uuid
language plpgsql immutable strict parallel safe
as $$
declare
  c_digits constant text := '[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}';
begin
  -- All that the type uuid takes. Trying it would need a subtransaction, which a parallel query may not begin.
  if value !~ format('^(%s|\{%s\})$', c_digits, c_digits) then
    perform chime_private.fail('CH007', format('%s is %s, which is no UUID.', setting, to_json(left(value, 100))),
      case setting when 'chime.tenant_id' then 'Set it to the id of a row of chime.tenants; where there is one tenant, do not set it.'
        else 'Set it to the id of a row of chime.users, or do not set it.' end,
      jsonb_build_object('field', setting));
  end if;
  return value::uuid;
end $$;
comment on function chime_private.read_id is 'The id that a setting holds, however it is written. Raises CH007.';

create or replace function chime_private.read_tenant(setting text) returns uuid
language sql immutable strict parallel safe security definer set search_path = pg_catalog, pg_temp
as $$ select chime_private.read_id('chime.tenant_id', setting) $$;
comment on function chime_private.read_tenant is 'The setting chime.tenant_id, written in any way that is not the usual one. Raises CH007.';

create or replace function chime_private.read_user(setting text) returns uuid
language sql immutable strict parallel safe security definer set search_path = pg_catalog, pg_temp
as $$ select chime_private.read_id('chime.user_id', setting) $$;
comment on function chime_private.read_user is 'The setting chime.user_id, written in any way that is not the usual one. Raises CH007.';

-- The usual way to write a UUID is recognised here, so that the planner can put this in the place of each call. The body is
-- parsed once, now: those who may call it need no rights on chime_private.
create or replace function chime.current_tenant() returns uuid
language sql stable parallel safe
return case
  when coalesce(current_setting('chime.tenant_id', true), '') = '' then '00000000-0000-0000-0000-000000000001'::uuid
  when current_setting('chime.tenant_id', true) ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
    then current_setting('chime.tenant_id', true)::uuid
  else chime_private.read_tenant(current_setting('chime.tenant_id', true))
end;
comment on function chime.current_tenant is 'The tenant that this session acts for; the default tenant where none is set.';

create or replace function chime.current_user_id() returns uuid
language sql stable parallel safe
return case
  when coalesce(current_setting('chime.user_id', true), '') = '' then null
  when current_setting('chime.user_id', true) ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
    then current_setting('chime.user_id', true)::uuid
  else chime_private.read_user(current_setting('chime.user_id', true))
end;
comment on function chime.current_user_id is 'The user that this session acts for; null where none is set.';

create or replace function chime_private.current_actor() returns text
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('chime.actor', true), ''), session_user) $$;
comment on function chime_private.current_actor is 'Who acts in this session, for the record.';

create or replace function chime_private.caller() returns name
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('role'), 'none'), session_user)::name $$;
comment on function chime_private.caller is 'The role that called, seen from inside functions with the rights of their owner.';

create or replace function chime_private.caller_is_admin() returns boolean
language sql stable parallel safe
as $$
  select pg_has_role(c.name, 'chime_admin', 'usage') or pg_has_role(c.name, 'chime_owner', 'usage') or pg_has_role(c.name, 'chime_worker', 'usage')
  from chime_private.caller() c(name)
$$;
comment on function chime_private.caller_is_admin is
  'Whether the caller may reach all of its tenant: administrators, workers, the owner, superusers. Others reach what their user owns.';

create or replace function chime_private.may_see(owner_id uuid) returns boolean
language sql stable parallel safe
as $$ select coalesce(owner_id = chime.current_user_id(), false) or chime_private.caller_is_admin() $$;
comment on function chime_private.may_see is 'Whether the caller may see what this user of its tenant owns, or the tenant itself where it is null.';

create or replace function chime_private.require_admin(what text) returns void
language plpgsql stable
as $$
begin
  if not chime_private.caller_is_admin() then
    perform chime_private.fail('CH042', format('Only administrators of the tenant may %s.', what), 'Ask one of them to do it.');
  end if;
end $$;
comment on function chime_private.require_admin is 'Refuses callers who are no administrators (CH042).';

create or replace function chime_private.require_operator(what text) returns void
language plpgsql stable
as $$
begin
  perform chime_private.require_admin(what);
  -- An administrator of another tenant than the default one, who is no owner of the database either.
  if chime.current_tenant() <> '00000000-0000-0000-0000-000000000001' and not pg_has_role(chime_private.caller(), 'chime_owner', 'usage') then
    perform chime_private.fail('CH042', format('Only administrators of the default tenant may %s: it concerns all tenants.', what), 'Ask one of them to do it.');
  end if;
end $$;
comment on function chime_private.require_operator is 'Refuses callers who do not administer the installation: the default tenant, or the database (CH042).';

create or replace function chime_private.new_owner() returns uuid
language plpgsql stable
as $$
begin
  if chime.current_user_id() is null and not chime_private.caller_is_admin() then
    perform chime_private.fail('CH041', 'Nobody is signed in: what this creates would be nobody''s.', 'Set chime.user_id to the id of a row of chime.users.');
  end if;
  return chime.current_user_id();
end $$;
comment on function chime_private.new_owner is 'Who owns what the caller creates: the current user; where none is set, the tenant, if the caller administers it. Raises CH041.';
