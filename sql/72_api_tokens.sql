-- Tokens for programs. Only the hash of a secret is kept; a secret has 256 random bits, so that a hash without salt is enough, and a
-- look-up of it takes as long whatever of a wrong secret is right.

create or replace function chime.create_api_token(
  name text,
  role chime.access_role,
  user_id uuid default null,
  expires_at timestamptz default null,
  out id uuid,
  out secret text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
begin
  perform chime_private.require_admin('make tokens');
  if name is null or length(left(name, 201)) not between 1 and 200 then
    perform chime_private.fail('CH007', 'name must have 1 to 200 characters.', null, '{"field": "name"}');
  elsif role is null then
    perform chime_private.fail('CH007', 'role must be user, admin or reporter.', null, '{"field": "role"}');
  elsif role = 'user' and user_id is null then
    perform chime_private.fail('CH007', 'user_id is missing: a token with the role user acts as somebody.',
      'Name the user as whom it acts: chime user list shows who there is.', '{"field": "user_id"}');
  elsif expires_at <= v_now or not isfinite(expires_at) then
    perform chime_private.fail('CH007', 'expires_at must be in the future.', 'Leave it out for a token that never expires.', '{"field": "expires_at"}');
  elsif user_id is not null and not exists (
      select from chime.users u where u.id = create_api_token.user_id and u.tenant_id = chime.current_tenant() and u.status = 'active') then
    perform chime_private.fail('CH015', format('There is no user %s who may sign in.', user_id), 'See chime.users.');
  end if;
  id := chime_private.new_id(v_now);
  -- Three random UUIDs have 366 random bits, from the source that keys are made from.
  secret := 'chime_' || rtrim(translate(encode(
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'), '+/', '-_'), '=');
  insert into chime.api_tokens (id, tenant_id, user_id, role, name, prefix, hash, created_by, created_at, expires_at)
  values (create_api_token.id, chime.current_tenant(), create_api_token.user_id, create_api_token.role, create_api_token.name, left(secret, 12),
    sha256(convert_to(secret, 'UTF8')), left(chime_private.current_actor(), 200), v_now, create_api_token.expires_at);
end $$;
comment on function chime.create_api_token is
  'Makes a token by which a program signs in, and answers its secret, which is shown this once. As user it acts as that user of the '
  'tenant, and is refused while they are blocked. For administrators. Errors: CH007, CH015, CH042.';

create or replace function chime.revoke_api_token(token_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform chime_private.require_admin('revoke tokens');
  update chime.api_tokens t set revoked_at = coalesce(t.revoked_at, chime.now())
  where t.id = token_id and t.tenant_id = chime.current_tenant();
  if not found then
    perform chime_private.fail('CH017', format('There is no token %s.', coalesce(token_id::text, 'without an id')), 'See chime.api_tokens.');
  end if;
end $$;
comment on function chime.revoke_api_token is
  'Ends a token: who signs in with it is refused from now on. For administrators. Errors: CH017, CH042.';

create or replace function chime_private.token_identity(
  hash bytea, out tenant_id uuid, out user_id uuid, out role chime.access_role, out name text, out expires_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_coarse constant interval := '5 minutes';
  v_now timestamptz := chime.now();
  v_token chime.api_tokens;
begin
  select * into v_token from chime.api_tokens t where t.hash = token_identity.hash;
  if v_token.id is null or v_token.revoked_at is not null or v_token.expires_at <= v_now
    or v_token.user_id is not null and not exists (select from chime.users u where u.id = v_token.user_id and u.status = 'active') then
    perform chime_private.refuse_identity('The token is not valid, or not any more.');
  end if;
  if v_token.last_used_at is null or v_token.last_used_at < v_now - c_coarse then
    -- Nobody waits for another who notes the same.
    update chime.api_tokens t set last_used_at = v_now
    where t.id = (select u.id from chime.api_tokens u where u.id = v_token.id for no key update skip locked);
  end if;
  tenant_id := v_token.tenant_id;
  user_id := v_token.user_id;
  role := v_token.role;
  name := v_token.name;
  expires_at := v_token.expires_at;
end $$;
comment on function chime_private.token_identity is
  'Who a token is of, by the SHA-256 of its secret; notes at most every five minutes that it was used. Raises CH041 for one that is unknown, '
  'over or revoked, or whose user may not sign in.';
