-- The ground under the numbered migrations: roles, schemas, who may become whom.
-- Runs before them on every `chime migrate`, so every statement can be repeated.

do $$
declare
  v_role text;
begin
  -- Roles belong to the whole cluster: another database of it may create them at the same moment.
  foreach v_role in array array[
    'chime_owner',     -- owns schemas, tables and functions; migrations run as it
    'chime_queue',     -- owns graphile-worker's schema, whose tables only their owner may touch
    'chime_worker',    -- runs ticks and tasks
    'chime_api',       -- serves requests and the bot; by itself it may do little but become one of the three below
    'chime_user',
    'chime_admin',
    'chime_reporter'   -- reads; `run_query` runs as it
  ] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin %s', v_role, case v_role when 'chime_api' then 'noinherit' else 'inherit' end);
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
  end loop;
end $$;

do $$
declare
  v_grant record;
  c_has_options constant boolean := pg_catalog.current_setting('server_version_num')::integer >= 160000;
begin
  -- Only what is missing is granted: a repeated GRANT would write the shared catalog again, and two
  -- databases migrating at once would trip over each other there.
  -- Since Postgres 16 whoever creates a role is a member of it that may only hand it on: neither become it nor use its
  -- rights. Such a membership does not count. Older servers have no such columns, hence the look through to_jsonb.
  for v_grant in
    select g.granted, g.member, g.inherits
    from (values
      ('chime_queue', 'chime_owner', true), ('chime_queue', 'chime_worker', true), ('chime_reporter', 'chime_owner', true),
      ('chime_user', 'chime_api', false), ('chime_user', 'chime_worker', false), ('chime_admin', 'chime_api', false), ('chime_reporter', 'chime_api', false),
      ('chime_owner', current_user::text, true), ('chime_queue', current_user::text, true)
    ) g(granted, member, inherits)
    where g.granted <> g.member
      and not exists (
        select
        from pg_catalog.pg_auth_members m
        join pg_catalog.pg_roles r on r.oid = m.roleid
        join pg_catalog.pg_roles b on b.oid = m.member
        cross join pg_catalog.to_jsonb(m) o
        where r.rolname = g.granted and b.rolname = g.member
          and coalesce((o ->> 'set_option')::boolean, true)
          and (not g.inherits or coalesce((o ->> 'inherit_option')::boolean, true)))
      and not (g.member = current_user and (select rolsuper from pg_catalog.pg_roles where rolname = current_user))
  loop
    execute pg_catalog.format('grant %I to %I', v_grant.granted, v_grant.member)
      || case when c_has_options then pg_catalog.format(' with set true, inherit %s', v_grant.inherits::text) else '' end;
  end loop;
  if not pg_catalog.has_database_privilege('chime_owner', pg_catalog.current_database(), 'create') then
    execute format('grant create on database %I to chime_owner', pg_catalog.current_database());
  end if;
  if not pg_catalog.has_database_privilege('chime_queue', pg_catalog.current_database(), 'create') then
    execute format('grant create on database %I to chime_queue', pg_catalog.current_database());
  end if;
end $$;

set local role chime_owner;

create schema if not exists chime;
create schema if not exists chime_private;

comment on schema chime is 'The scheduler as people and programs see it: schedules, runs and the functions that change them.';
comment on schema chime_private is 'Internals of pgchime: partitions, worker registry, time search. Not an interface; may change in any version.';

-- Functions are closed to everybody until sql/90_security.sql opens them.
alter default privileges for role chime_owner revoke execute on functions from public;
