-- Taking back that a schedule was deleted.

create or replace function chime.restore_schedule(schedule_id uuid) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_schedule chime.schedules;
  v_record chime.schedule_revisions;
begin
  select * into v_schedule from chime.schedules s
  where s.id = restore_schedule.schedule_id and s.tenant_id = chime.current_tenant() and chime_private.may_see(s.owner_id)
  for no key update;
  if v_schedule.id is null then
    perform chime_private.fail('CH010', format('There is no schedule %s.', coalesce(schedule_id::text, 'without an id')),
      'What was deleted can be restored as long as its history is kept.');
  elsif v_schedule.deleted_at is null then
    return v_schedule;
  end if;
  perform chime_private.lock_key(v_schedule.tenant_id, v_schedule.key);
  if exists (
    select from chime.schedules s
    where s.tenant_id = v_schedule.tenant_id and s.key = v_schedule.key and s.deleted_at is null and s.status <> 'cancelled') then
    perform chime_private.refuse_key(v_schedule.key, 'schedule');
  end if;
  -- What it was when it was deleted is on record. One that was cancelled before stays so.
  select * into v_record from chime.schedule_revisions r
  where r.schedule_id = v_schedule.id and r.action = 'deleted' order by r.id desc limit 1;
  v_schedule.deleted_at := null;
  v_schedule.status := coalesce(v_record.before ->> 'status', v_schedule.status::text)::chime.schedule_status;
  if v_record.after ? 'status_reason' then v_schedule.status_reason := v_record.before ->> 'status_reason'; end if;
  if v_schedule.status = 'paused' then
    v_schedule.paused_at := v_now;
    v_schedule.paused_until := (v_record.before ->> 'paused_until')::timestamptz;
    v_schedule.paused_by := v_record.before ->> 'paused_by';
  elsif v_schedule.status = 'active' then
    v_schedule := chime_private.aim(v_schedule, greatest(v_now, v_schedule.accounted_until));
  end if;
  update chime.schedules s set deleted_at = null, status = v_schedule.status, status_reason = v_schedule.status_reason,
    paused_at = v_schedule.paused_at, paused_until = v_schedule.paused_until, paused_by = v_schedule.paused_by,
    next_run_at = v_schedule.next_run_at, next_due_at = v_schedule.next_due_at, accounted_until = v_schedule.accounted_until, updated_at = v_now
  where s.id = v_schedule.id
  returning * into v_schedule;
  perform chime_private.wake_clock(coalesce(v_schedule.next_due_at, v_schedule.paused_until));
  return v_schedule;
end $$;
comment on function chime.restore_schedule is
  'Takes back that a schedule was deleted: it is again what it was, and fires from now on; what it would have fired meanwhile, and what was cancelled with it, '
  'stays undone. A one-off whose time has passed is completed. Errors: CH007, CH010.';
