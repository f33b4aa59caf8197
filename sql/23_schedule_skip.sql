-- Skipping one fire by hand.

create or replace function chime.skip_next(schedule_id uuid) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
  v_fire timestamptz := v_schedule.next_run_at;
begin
  if v_schedule.status <> 'active' then
    perform chime_private.fail('CH013', format('The schedule "%s" is %s: it has no next fire to skip.', v_schedule.name, v_schedule.status),
      case v_schedule.status when 'paused' then 'Resume it first; fires during the pause are skipped anyway.' end);
  end if;
  -- What clock changes and calendars left out before it is on record as that, as it would be if the fire were run.
  perform chime_private.skip_gaps(v_schedule, v_fire, v_now), chime_private.skip_excluded(v_schedule, v_fire, v_now);
  perform chime_private.skip_fires(v_schedule, v_fire, v_fire, 1, 'by_hand', v_now);
  v_schedule := chime_private.aim(v_schedule, v_fire);
  v_schedule.accounted_until := v_fire;
  update chime.schedules s set
    status = v_schedule.status, status_reason = v_schedule.status_reason, next_run_at = v_schedule.next_run_at,
    next_due_at = v_schedule.next_due_at, accounted_until = v_fire, updated_at = v_now
  where s.id = v_schedule.id
  returning * into v_schedule;
  perform chime_private.record_revision(v_schedule, 'skipped', '{}', jsonb_build_object('skipped', chime_private.instant_text(v_fire)), v_now);
  perform chime_private.wake_clock(v_schedule.next_due_at);
  return v_schedule;
end $$;
comment on function chime.skip_next is
  'Skips the next fire of an active schedule, which goes on with the one after it. The fire is recorded as a skipped run (by_hand) and does '
  'not count for max_runs; after the last fire of a rule the schedule is completed. Doing it twice skips two. Errors: CH010, CH013.';
