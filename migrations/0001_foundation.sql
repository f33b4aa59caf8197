-- Up Migration

create table chime.tenants (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default clock_timestamp()
);
comment on table chime.tenants is 'Who owns rows. A single-tenant installation has one, named default.';

insert into chime.tenants (id, name) values ('00000000-0000-0000-0000-000000000001', 'default');

-- Zones are checked against this table and not by trying them: AT TIME ZONE also takes `+25` and `FOO+3`.
create table chime_private.timezones (
  name text primary key
);
comment on table chime_private.timezones is 'The IANA time zones this server knows; filled from its own data by every migrate.';

create table chime_private.settings (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null default clock_timestamp()
);
comment on table chime_private.settings is 'Facts about this installation, one per row.';
