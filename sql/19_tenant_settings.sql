-- How a tenant wants things to be where a schedule, a person or a meeting does not say: one row for each tenant.

create or replace function chime_private.tenant_settings_of(tenant_id uuid) returns chime.tenant_settings
language sql stable
as $$ select t from chime.tenant_settings t where t.tenant_id = coalesce(tenant_settings_of.tenant_id, chime.current_tenant()) $$;
comment on function chime_private.tenant_settings_of is 'The settings of a tenant: the current one, if none is given.';

create or replace function chime_private.zone_or_default(timezone text) returns text
language sql stable
as $$ select coalesce(timezone, (chime_private.tenant_settings_of(null)).timezone) $$;
comment on function chime_private.zone_or_default is 'A time zone; where none is given, that of the current tenant.';

create or replace function chime_private.give_settings() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into chime.tenant_settings (tenant_id) values (new.id) on conflict do nothing;
  return null;
end $$;
comment on function chime_private.give_settings is 'Gives a new tenant the default settings.';

create or replace trigger tenants_have_settings
  after insert on chime.tenants
  for each row execute function chime_private.give_settings();
