-- Which rows a reader in the role chime_reporter sees: what its policies ask (91_policies.sql). Three ways lead to that role.
--
-- A report (60_report.sql) is executed for a run, and sees what the owner of that run may. It may set any setting from within its
-- statement, so a setting alone says nothing: the scope is signed, with a key that the role cannot read, for this backend and this
-- transaction. Without a signature that fits, a report sees nothing.
-- A login of its own that was mapped to a tenant (chime.map_reporter) sees that one, whatever it sets.
-- Anybody else is let in by a server that speaks for somebody, or by an operator, and sees the tenant of the setting chime.tenant_id.

insert into chime_private.settings (key, value)
values ('report_key', to_jsonb(gen_random_uuid()::text || gen_random_uuid()::text))
on conflict do nothing;

create or replace function chime_private.sign_report(tenant_id uuid, owner_id uuid) returns text
language sql stable
as $$
  select encode(sha256(convert_to(concat_ws('|', k.value, sign_report.tenant_id, coalesce(sign_report.owner_id::text, '-'),
    pg_backend_pid(), extract(epoch from transaction_timestamp()), k.value), 'UTF8')), 'hex')
  from chime_private.settings k where k.key = 'report_key'
$$;
comment on function chime_private.sign_report is 'The signature of a scope, for this backend and this transaction alone.';

create or replace function chime_private.report_for(run_id uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select set_config('chime.report_scope',
    concat_ws('|', r.tenant_id, coalesce(r.owner_id::text, '-'), chime_private.sign_report(r.tenant_id, r.owner_id)), true) is not null
  from chime.runs r where r.id = report_for.run_id
$$;
comment on function chime_private.report_for is
  'From here to the end of this transaction, reports see what the owner of this run may; all of its tenant, if it is the tenant''s own.';

create or replace function chime_private.report_scope(out tenant_id uuid, out owner_id uuid)
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
begin
  -- Inside a report the setting `role` is that of the worker, and cannot be changed: Postgres refuses it there.
  if not chime_private.caller_is_admin() then
    tenant_id := coalesce((select l.tenant_id from chime_private.reporter_logins l where l.login = session_user), chime.current_tenant());
    return;
  end if;
  v_parts := regexp_match(current_setting('chime.report_scope', true), '^([0-9a-f-]{36})\|([0-9a-f-]{36}|-)\|([0-9a-f]{64})$');
  if v_parts[3] = chime_private.sign_report(v_parts[1]::uuid, nullif(v_parts[2], '-')::uuid) then
    tenant_id := v_parts[1];
    owner_id := nullif(v_parts[2], '-');
  end if;
end $$;
comment on function chime_private.report_scope is 'Which tenant a reporter reads, and of it only what this user owns, where there is one. No tenant: nothing.';

create or replace function chime_private.report_tenant() returns uuid
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$ select s.tenant_id from chime_private.report_scope() s $$;
comment on function chime_private.report_tenant is 'The tenant that a reporter reads; none where it may read nothing.';

create or replace function chime_private.report_owner() returns uuid
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp
as $$ select s.owner_id from chime_private.report_scope() s $$;
comment on function chime_private.report_owner is 'The user of whose rows alone a reporter reads; null = of all of the tenant.';

create or replace function chime.map_reporter(login text, tenant text) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant uuid;
begin
  perform chime_private.require_operator('give logins to tenants');
  v_tenant := chime_private.find_tenant(tenant);
  if not exists (select from pg_roles r where r.rolname = login and pg_has_role(r.oid, 'chime_reporter', 'member')) then
    perform chime_private.fail('CH007', format('There is no login "%s" that may read reports.', left(login, 80)),
      'Make it first: create role ... login; grant chime_reporter to ...', '{"field": "login"}');
  elsif pg_has_role(login::name, 'chime_admin', 'member') or pg_has_role(login::name, 'chime_user', 'member')
    or pg_has_role(login::name, 'chime_owner', 'member') or pg_has_role(login::name, 'chime_worker', 'member') then
    perform chime_private.fail('CH007', format('The login "%s" may do more than read reports: it would not be held to a tenant.', left(login, 80)),
      'Give it no other role of pgchime than chime_reporter.', '{"field": "login"}');
  end if;
  insert into chime_private.reporter_logins as l (login, tenant_id, created_at)
  values (map_reporter.login, v_tenant, chime.now())
  on conflict on constraint reporter_logins_pkey do update set tenant_id = excluded.tenant_id, created_at = excluded.created_at;
  return v_tenant;
end $$;
comment on function chime.map_reporter is
  'Holds a login that may become chime_reporter to a tenant, by its id or name, whatever it sets; answers the tenant''s id. For who '
  'administers the installation. Errors: CH007, CH016, CH042.';

create or replace function chime.unmap_reporter(login text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform chime_private.require_operator('take logins from tenants');
  delete from chime_private.reporter_logins l where l.login = unmap_reporter.login;
  return found;
end $$;
comment on function chime.unmap_reporter is
  'Lets a login that was held to a tenant read that of its setting again; answers whether it was. For who administers the installation. Error: CH042.';
