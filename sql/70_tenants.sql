-- Tenants, and the people in them: who may sign in. Tokens are verified outside (src/api); what they claim is looked up here.

create or replace function chime_private.tenant_id(reference text) returns uuid
language sql stable
as $$
  -- An id says more than a name; no tenant is called like one (create_tenant).
  select t.id from chime.tenants t
  where t.name = reference or t.id = case when reference ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' then reference::uuid end
$$;
comment on function chime_private.tenant_id is 'The id of the tenant with this id or name; null where there is none.';

create or replace function chime_private.find_tenant(reference text) returns uuid
language plpgsql stable
as $$
declare
  v_id uuid := chime_private.tenant_id(reference);
begin
  if v_id is null then
    perform chime_private.fail('CH016', format('There is no tenant "%s".', left(reference, 80)), 'Name it by its id or its name; chime tenant list.');
  end if;
  return v_id;
end $$;
comment on function chime_private.find_tenant is 'The id of the tenant with this id or name. Raises CH016.';

create or replace function chime.create_tenant(name text) returns chime.tenants
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant chime.tenants;
begin
  perform chime_private.require_operator('create tenants');
  if name is null or length(left(name, 201)) not between 1 and 200 or name ~ '^[0-9a-fA-F]{8}-' then
    perform chime_private.fail('CH007', 'name must have 1 to 200 characters, and must not look like an id.', null, '{"field": "name"}');
  end if;
  insert into chime.tenants (id, name) values (gen_random_uuid(), create_tenant.name)
  on conflict on constraint tenants_name_key do nothing
  returning * into v_tenant;
  if v_tenant.id is null then
    perform chime_private.fail('CH007', format('Another tenant has the name "%s".', name), null, '{"field": "name"}');
  end if;
  return v_tenant;
end $$;
comment on function chime.create_tenant is
  'Makes a tenant; tokens may name it by its id or its name. For who administers the installation. Errors: CH007, CH042.';
