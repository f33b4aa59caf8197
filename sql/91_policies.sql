-- The walls: row-level security on every table of chime. A user sees what it owns, an administrator what its tenant has, a reporter
-- what chime_private.report_scope says. The owner of the tables, as whom all functions write, workers and ticks, has no walls.
--
-- What is asked of a row are comparisons of its own columns with values that are computed once for a statement: `(select ...)`. So
-- indexes serve them, and nothing else of a table is looked at. A policy is made anew only where it has changed: that takes a
-- lock, which somebody's long report would hold off.

do $$
declare
  c_tenant constant text := 'tenant_id = (select chime.current_tenant())';
  c_own constant text := ' and owner_id = (select chime.current_user_id())';
  c_reported constant text := 'tenant_id = (select chime_private.report_tenant())';
  c_of_owner constant text := ' and ((select chime_private.report_owner()) is null or %I = (select chime_private.report_owner()))';
  c_through_schedule constant text := ' and exists (select from chime.schedules s where s.id = schedule_id)';
  v_wanted jsonb;
  v_policy record;
  v_mark text;
begin
  select jsonb_agg(w) into v_wanted from (
    -- What somebody owns.
    select r.name, p.role, p.condition
    from unnest('{schedules,runs,run_attempts,run_logs,late_ends,schedule_revisions,events,event_handlers,deliveries,webhooks,follow_ups,meetings,meeting_reminders}'::text[]) r(name)
    cross join (values
      ('chime_user', c_tenant || c_own), ('chime_admin', c_tenant), ('chime_reporter', c_reported || format(c_of_owner, 'owner_id'))) p(role, condition)
    union all
    -- What all of a tenant may know.
    select r.name, p.role, p.condition
    from unnest('{calendars,concurrency_limits,tenant_settings}'::text[]) r(name)
    cross join (values ('chime_user', c_tenant), ('chime_admin', c_tenant), ('chime_reporter', c_reported)) p(role, condition)
    union all
    -- What is of no tenant.
    select r.name, p.role, 'true'
    from unnest('{tasks,statistics_progress}'::text[]) r(name), (values ('chime_user'), ('chime_admin'), ('chime_reporter')) p(role)
    union all
    values
      ('tenants', 'chime_user', replace(c_tenant, 'tenant_id', 'id')),
      ('tenants', 'chime_admin', replace(c_tenant, 'tenant_id', 'id')),
      ('tenants', 'chime_reporter', replace(c_reported, 'tenant_id', 'id')),
      ('users', 'chime_user', c_tenant || replace(c_own, 'owner_id', 'id')),
      ('users', 'chime_admin', c_tenant),
      ('users', 'chime_reporter', c_reported || format(c_of_owner, 'id')),
      ('check_ins', 'chime_user', c_tenant || replace(c_own, 'owner_id', 'user_id')),
      ('check_ins', 'chime_admin', c_tenant),
      ('check_ins', 'chime_reporter', c_reported || format(c_of_owner, 'user_id')),
      ('channel_mappings', 'chime_user', c_tenant || replace(c_own, 'owner_id', 'user_id')),
      ('channel_mappings', 'chime_admin', c_tenant),
      ('channel_mappings', 'chime_reporter', c_reported || format(c_of_owner, 'user_id')),
      ('api_tokens', 'chime_user', c_tenant || replace(c_own, 'owner_id', 'user_id')),
      ('api_tokens', 'chime_admin', c_tenant),
      ('calendar_feeds', 'chime_user', c_tenant || replace(c_own, 'owner_id', 'user_id')),
      ('calendar_feeds', 'chime_admin', c_tenant),
      ('schedule_totals', 'chime_user', c_tenant || c_through_schedule),
      ('schedule_totals', 'chime_admin', c_tenant),
      ('schedule_totals', 'chime_reporter', c_reported || c_through_schedule),
      -- Sums over all users of a tenant.
      ('run_hours', 'chime_admin', c_tenant),
      ('run_hours', 'chime_reporter', c_reported || ' and (select chime_private.report_owner()) is null')
  ) w(relation, role, condition);

  for v_policy in
    select p.polrelid::regclass as relation, p.polname as name
    from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'chime'::regnamespace
      and not exists (select from jsonb_to_recordset(v_wanted) w(relation text, role text) where w.relation = c.relname and w.role = p.polname)
  loop
    execute format('drop policy %I on %s', v_policy.name, v_policy.relation);
  end loop;
  for v_policy in
    select w.*, obj_description(p.oid, 'pg_policy') as mark
    from jsonb_to_recordset(v_wanted) w(relation text, role text, condition text)
    left join pg_catalog.pg_policy p on p.polrelid = format('chime.%I', w.relation)::regclass and p.polname = w.role
  loop
    v_mark := format('What %s sees (%s).', v_policy.role, md5(v_policy.condition));
    continue when v_policy.mark = v_mark;
    execute format('drop policy if exists %I on chime.%I', v_policy.role, v_policy.relation);
    execute format('create policy %1$I on chime.%2$I for select to %1$I using (%3$s)', v_policy.role, v_policy.relation, v_policy.condition);
    execute format('comment on policy %I on chime.%I is %L', v_policy.role, v_policy.relation, v_mark);
  end loop;
  for v_policy in
    select c.oid::regclass as relation from pg_catalog.pg_class c
    where c.relnamespace = 'chime'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
  loop
    execute format('alter table %s enable row level security', v_policy.relation);
  end loop;
end $$;
