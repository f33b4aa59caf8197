-- Up Migration

-- Beside each tenant_id that history has: copied when the row is written, so that a wall is a comparison and no look-up.
alter table chime.run_attempts add column owner_id uuid;
comment on column chime.run_attempts.owner_id is 'The user whose run it is; null = the tenant''s own.';
alter table chime.run_logs add column owner_id uuid;
comment on column chime.run_logs.owner_id is 'The user whose run it is; null = the tenant''s own.';
alter table chime.late_ends add column owner_id uuid;
comment on column chime.late_ends.owner_id is 'The user whose run it is; null = the tenant''s own.';
alter table chime.schedule_revisions add column owner_id uuid;
comment on column chime.schedule_revisions.owner_id is 'The user whose schedule it was after the change; null = the tenant''s own.';
create index schedule_revisions_of_owner on chime.schedule_revisions (owner_id, id) where owner_id is not null;

-- Tokens may name a tenant by its name. Names that are there twice get the id behind them, all but the oldest.
update chime.tenants t set name = left(t.name, 160) || ' ' || t.id
where exists (select from chime.tenants o where o.name = t.name and (o.created_at, o.id) < (t.created_at, t.id));
alter table chime.tenants add unique (name);

create table chime_private.reporter_logins (
  login name primary key,
  tenant_id uuid not null references chime.tenants (id),
  created_at timestamptz not null
);
comment on table chime_private.reporter_logins is 'Which tenant a login reads that may become chime_reporter: what it cannot change by a setting.';
