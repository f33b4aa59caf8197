-- People: seen first when a verified token names them, kept out when an administrator blocks them.

create or replace function chime_private.refuse_identity(problem text) returns void
language plpgsql immutable
as $$
begin
  perform chime_private.fail('CH041', problem, 'Sign in again, or ask an administrator of the tenant.');
end $$;
comment on function chime_private.refuse_identity is 'Raises CH041: somebody may not sign in.';

create or replace function chime_private.sign_in(
  tenant text, subject text, role text, name text default null, locale text default null, timezone text default null,
  out tenant_id uuid, out user_id uuid
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_user chime.users;
begin
  -- Claims may be anything that somebody else's system writes into them: what is no use is left out, what is needed is refused.
  name := nullif(left(name, 200), '');
  locale := nullif(left(locale, 35), '');
  timezone := (select z.name from chime_private.timezones z where z.name = sign_in.timezone);
  tenant_id := chime_private.tenant_id(tenant);
  if tenant_id is null then
    perform chime_private.refuse_identity('The token names a tenant that does not exist.');
  elsif subject is null or length(left(subject, 256)) not between 1 and 255 then
    perform chime_private.refuse_identity('The token names nobody: its subject must have 1 to 255 characters.');
  elsif role is null or role not in ('user', 'admin', 'reporter') then
    perform chime_private.refuse_identity('The token names no role that there is: user, admin or reporter.');
  end if;
  select * into v_user from chime.users u where u.tenant_id = sign_in.tenant_id and u.subject = sign_in.subject;
  if v_user.id is null then
    insert into chime.users (id, tenant_id, subject, name, locale, timezone, created_at, updated_at)
    values (chime_private.new_id(v_now), sign_in.tenant_id, sign_in.subject, sign_in.name, sign_in.locale, sign_in.timezone, v_now, v_now)
    on conflict on constraint users_tenant_id_subject_key do nothing;
    -- Perhaps by another request at the same moment.
    select * into v_user from chime.users u where u.tenant_id = sign_in.tenant_id and u.subject = sign_in.subject;
  end if;
  if v_user.status <> 'active' then
    perform chime_private.refuse_identity('This user may not sign in.');
  elsif (coalesce(name, v_user.name), coalesce(locale, v_user.locale), coalesce(timezone, v_user.timezone))
      is distinct from (v_user.name, v_user.locale, v_user.timezone) then
    update chime.users u set name = coalesce(sign_in.name, u.name), locale = coalesce(sign_in.locale, u.locale),
      timezone = coalesce(sign_in.timezone, u.timezone), updated_at = v_now
    where u.id = v_user.id;
  end if;
  user_id := v_user.id;
end $$;
comment on function chime_private.sign_in is
  'Who a verified token is of: tenant (its id or name), subject and role as it claims them. Makes the user where it is seen for the first time, '
  'and takes over name, locale and timezone where they are given; writes nothing where nothing changed. Raises CH041.';

create or replace function chime_private.set_user_status(user_id uuid, status chime.user_status) returns chime.users
language plpgsql volatile
as $$
declare
  v_user chime.users;
begin
  perform chime_private.require_admin('block users');
  select * into v_user from chime.users u
  where u.id = set_user_status.user_id and u.tenant_id = chime.current_tenant()
  for no key update;
  if v_user.id is null then
    perform chime_private.fail('CH015', format('There is no user %s.', coalesce(user_id::text, 'without an id')), 'See chime.users.');
  elsif v_user.status = 'forgotten' then
    perform chime_private.fail('CH013', 'The user is forgotten and stays so.');
  elsif v_user.status <> status then
    update chime.users u set status = set_user_status.status, updated_at = chime.now() where u.id = v_user.id returning * into v_user;
  end if;
  return v_user;
end $$;
comment on function chime_private.set_user_status is 'Blocks a user, or lets them sign in again.';

create or replace function chime.block_user(user_id uuid) returns chime.users
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from chime_private.set_user_status(user_id, 'blocked') $$;
comment on function chime.block_user is
  'Keeps a user from signing in, with any token. What they own goes on: cancel or pause it if it should not. For administrators. Errors: CH013, CH015, CH042.';

create or replace function chime.unblock_user(user_id uuid) returns chime.users
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from chime_private.set_user_status(user_id, 'active') $$;
comment on function chime.unblock_user is 'Lets a user who was blocked sign in again. For administrators. Errors: CH013, CH015, CH042.';
