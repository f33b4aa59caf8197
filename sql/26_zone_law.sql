-- When a state changes its clocks, the server's time zone data follow in an update, and fires that were computed before it
-- may be wrong by then. The wall-clock times that people chose are what holds.

create or replace function chime_private.recompile(s chime.schedules) returns chime.schedules
language plpgsql stable
as $$
begin
  -- Instants are compiled in where a one-off has a wall-clock time and where days have an end; all else is read at every fire.
  if s.at is not null or s.rules is not null or s.excluded is not null then
    return chime_private.compile_schedule(s);
  end if;
  return s;
exception when sqlstate 'CH002' then
  -- The new law left the wall-clock time out, and the schedule's policy is not to make up for it.
  s.rule.anchor := '-infinity';
  return s;
end $$;
comment on function chime_private.recompile is 'A stored schedule, compiled by the time zone data that the server has now.';

create or replace function chime.realign_schedules(dry_run boolean default true)
returns table (schedule_id uuid, name text, timezone text, stored_for timestamptz, corrected_for timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules;
  v_first timestamptz;
begin
  perform chime_private.require_operator('realign schedules');
  for v_schedule in
    select * from chime.schedules s
    where s.status = 'active' and (s.timezone <> 'UTC' or s.excluded is not null)
      and s.next_run_at is distinct from chime_private.timetable_next(chime_private.recompile(s), s.accounted_until)
    order by s.next_due_at
    for no key update skip locked
  loop
    schedule_id := v_schedule.id;
    name := v_schedule.name;
    timezone := v_schedule.timezone;
    stored_for := v_schedule.next_run_at;
    v_schedule := chime_private.recompile(v_schedule);
    v_schedule := chime_private.aim(v_schedule, v_schedule.accounted_until);
    corrected_for := v_schedule.next_run_at;
    if not dry_run then
      update chime.schedules s set
        rule = v_schedule.rule, more_rules = v_schedule.more_rules, excluded = v_schedule.excluded, status = v_schedule.status, status_reason = v_schedule.status_reason,
        next_run_at = v_schedule.next_run_at, next_due_at = v_schedule.next_due_at, updated_at = chime.now()
      where s.id = v_schedule.id;
      v_first := least(v_first, v_schedule.next_due_at);
    end if;
    return next;
  end loop;
  perform chime_private.wake_clock(v_first);
end $$;
comment on function chime.realign_schedules is
  'Finds the active schedules, of all tenants, whose stored next fire does not agree with the server''s time zone data, and with '
  'dry_run => false moves them; for after an update of that data. A next fire that is then in the past is caught up like any '
  'late one. Those that somebody else is changing at the moment are left out. For administrators of the default tenant. Error: CH042.';
