-- Whom a run works for, as its worker asks while it is running: on whose behalf its task may act, and whether there is another try.

create or replace function chime_private.act_for(run_id uuid, attempt integer)
returns table (user_id uuid, timezone text, locale text, channel_mapping_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_run chime.runs;
  v_user chime.users;
begin
  select * into v_run from chime.runs r where r.id = act_for.run_id and r.attempt = act_for.attempt and r.status = 'running';
  -- Blocked people sign in nowhere, and nobody signs in for them.
  select * into v_user from chime.users u where u.tenant_id = v_run.tenant_id and u.id = v_run.owner_id and u.status = 'active';
  if v_user.id is null then return; end if;
  perform set_config(s.name, s.value, true)
  from (values
    ('chime.tenant_id', v_user.tenant_id::text), ('chime.user_id', v_user.id::text), ('chime.actor', coalesce(v_user.name, v_user.subject)),
    ('chime.surface', 'agent'), ('chime.run_id', v_run.id::text), ('chime.traceparent', coalesce(v_run.traceparent, ''))
  ) s(name, value);
  return query select v_user.id, v_user.timezone, v_user.locale, v_run.channel_mapping_id;
end $$;
comment on function chime_private.act_for is
  'From here to the end of this transaction, the caller acts for the owner of a run that it is executing, and becomes chime_user next: who that is. '
  'No row, and no settings, where the run is the tenant''s own, is not running in this attempt any more, or its owner is blocked.';

create or replace function chime_private.retries_left(run_id uuid) returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select case when r.cancel_requested_at is null and s.status is distinct from 'cancelled'
    then greatest(0, coalesce((r.policy ->> 'max_retries')::integer, s.max_retries, (chime_private.tenant_settings_of(r.tenant_id)).max_retries) - r.retry_count) else 0 end
  from chime.runs r left join chime.schedules s on s.id = r.schedule_id
  where r.id = retries_left.run_id
$$;
comment on function chime_private.retries_left is
  'How many more times a run is tried if its attempt fails, by its policy as it is now: what end_attempts will find, unless that changes meanwhile.';
