-- Steering schedules: pause, resume, cancel, delete, run now. States and their transitions are drawn in README.md.

create or replace function chime.find_schedule(reference text) returns chime.schedules
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_admin constant boolean := chime_private.caller_is_admin();
  v_user constant uuid := chime.current_user_id();
  v_found chime.schedules[];
begin
  reference := left(reference, 201);  -- longer than any of them
  select array_agg(s order by (s.status in ('active', 'paused')) desc, s.created_at desc) into v_found
  from chime.schedules s
  where s.tenant_id = chime.current_tenant() and s.deleted_at is null and (v_admin or s.owner_id = v_user)
    and (s.id::text = lower(reference) or s.key = reference or s.name = reference);
  -- A key says more than a name, an id more than both; a cancelled one is only meant if no other is.
  select coalesce(
      array_agg(f order by f.created_at desc) filter (where f.id::text = lower(reference)),
      array_agg(f order by f.created_at desc) filter (where f.key = reference and f.status <> 'cancelled'),
      array_agg(f order by f.created_at desc) filter (where f.status in ('active', 'paused')),
      array_agg(f order by f.created_at desc))
    into v_found
  from unnest(v_found) f;
  if v_found is null then
    perform chime_private.fail('CH010', format('There is no schedule "%s".', left(reference, 80)), 'Name it by its id, its key or its name.');
  elsif cardinality(v_found) > 1 then
    perform chime_private.fail('CH010', format('%s schedules are called "%s".', cardinality(v_found), left(reference, 80)),
      'Use an id: ' || (select string_agg(f.id::text, ', ') from (select f.id from unnest(v_found) f limit 5) f) || '.');
  end if;
  return v_found[1];
end $$;
comment on function chime.find_schedule is
  'The schedule with this id, key or name. Raises CH010 where there is none, or where several share the name.';

create or replace function chime_private.pause(s chime.schedules, reason text, until timestamptz, by text, now timestamptz)
returns chime.schedules
language plpgsql volatile
as $$
begin
  if s.status = 'active' then
    perform chime_private.settle(s, now, 'paused');
  end if;
  update chime.schedules u set
    status = 'paused', paused_at = coalesce(u.paused_at, pause.now), paused_until = pause.until, paused_by = pause.by, status_reason = pause.reason,
    next_run_at = null, next_due_at = null, updated_at = pause.now,
    accounted_until = case u.status when 'active' then greatest(pause.now, u.accounted_until) else u.accounted_until end
  where u.id = s.id
  returning * into s;
  return s;
end $$;
comment on function chime_private.pause is 'Pauses a schedule, active or paused already, whose row the caller has locked.';

create or replace function chime.pause_schedule(
  schedule_id uuid,
  reason text default null,
  until timestamptz default null
) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
begin
  if v_schedule.status not in ('active', 'paused') then
    perform chime_private.fail('CH013', format('The schedule "%s" is %s and cannot be paused.', v_schedule.name, v_schedule.status));
  elsif until <= v_now or not isfinite(until) then
    perform chime_private.fail('CH007', 'until must be in the future.', 'Leave it out to pause until it is resumed.');
  end if;
  v_schedule := chime_private.pause(v_schedule, reason, until, chime_private.current_actor(), v_now);
  perform chime_private.wake_clock(until);
  return v_schedule;
end $$;
comment on function chime.pause_schedule is
  'Stops a schedule from firing, until it is resumed or until an instant. Fires in the meantime are recorded as skipped '
  'and never made up for. Runs that exist go on. Errors: CH007, CH010, CH013.';

create or replace function chime_private.resume(s chime.schedules, now timestamptz) returns chime.schedules
language plpgsql volatile
as $$
begin
  perform chime_private.settle(s, now, 'paused');
  s.status := 'active';
  s.status_reason := null; s.paused_at := null; s.paused_until := null; s.paused_by := null;
  s := chime_private.aim(s, greatest(now, s.accounted_until));
  if s.run_count >= s.max_runs then
    s.status := 'completed'; s.status_reason := 'It has run max_runs times.';
    s.next_run_at := null; s.next_due_at := null;
  end if;
  update chime.schedules set
    status = s.status, status_reason = s.status_reason, paused_at = null, paused_until = null, paused_by = null,
    next_run_at = s.next_run_at, next_due_at = s.next_due_at, accounted_until = s.accounted_until, updated_at = now
  where id = s.id;
  return s;
end $$;
comment on function chime_private.resume is 'Makes a paused schedule, whose row the caller has locked, fire again from now on.';

create or replace function chime.resume_schedule(schedule_id uuid) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
begin
  if v_schedule.status in ('completed', 'cancelled') then
    perform chime_private.fail('CH013', format('The schedule "%s" is %s and cannot be resumed.', v_schedule.name, v_schedule.status));
  elsif v_schedule.status = 'paused' then
    v_schedule := chime_private.resume(v_schedule, chime.now());
    perform chime_private.wake_clock(v_schedule.next_due_at);
  end if;
  return v_schedule;
end $$;
comment on function chime.resume_schedule is
  'Lets a paused schedule fire again, from its next fire on; the pause itself is never fired. Errors: CH010, CH013.';

create or replace function chime_private.stop_schedule(s chime.schedules, reason text, deleted_at timestamptz, now timestamptz)
returns chime.schedules
language plpgsql volatile
as $$
begin
  perform chime_private.settle_before_change(s, now, 'cancelled');
  update chime.runs r set status = 'cancelled', finished_at = now, retry_at = null, waits_for = null, cancel_requested_at = now,
    cancel_reason = case when deleted_at is null then left('Its schedule was cancelled' || coalesce(': ' || reason, '.'), 2000)
      else 'Its schedule was deleted.' end
  where r.schedule_id = s.id and r.finished_at is null and r.status in ('queued', 'retrying');
  update chime.schedules u set
    status = 'cancelled', status_reason = reason, paused_at = null, paused_until = null, paused_by = null,
    next_run_at = null, next_due_at = null, accounted_until = greatest(now, u.accounted_until),
    updated_at = now, deleted_at = stop_schedule.deleted_at
  where u.id = s.id
  returning * into s;
  return s;
end $$;
comment on function chime_private.stop_schedule is 'Ends a schedule for good and cancels what it has queued; a run that is being executed goes on.';

create or replace function chime.cancel_schedule(schedule_id uuid, reason text default null) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
begin
  if v_schedule.status = 'cancelled' then return v_schedule; end if;
  return chime_private.stop_schedule(v_schedule, reason, null, chime.now());
end $$;
comment on function chime.cancel_schedule is
  'Stops a schedule for good; it stays to be read, and its key is free again. What it has queued is cancelled. Error: CH010.';

create or replace function chime.delete_schedule(schedule_id uuid) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
begin
  return chime_private.stop_schedule(v_schedule, coalesce(v_schedule.status_reason, 'Deleted.'), chime.now(), chime.now());
end $$;
comment on function chime.delete_schedule is
  'Removes a schedule from view and stops it; what it has queued is cancelled, its history stays readable. Error: CH010.';
