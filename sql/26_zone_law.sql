-- When a state changes its clocks, the server's time zone data follow in an update, and fires that were computed before it
-- may be wrong by then. The wall-clock times that people chose are what holds.

create or replace function chime_private.reread_rule(s chime.schedules) returns chime_private.rule
language plpgsql stable
as $$
declare
  v_rule chime_private.rule := s.rule;
begin
  -- Only a one-off on the wall clock has an instant inside its rule; all others are read on the wall clock at every fire.
  if v_rule.kind = 'at' and v_rule.wall is not null then
    select a.instant into v_rule.anchor from chime_private.read_at(s.at, s.timezone, s.dst_gap, s.dst_fold) a;
  end if;
  return v_rule;
exception when sqlstate 'CH002' then
  -- The new law left the wall-clock time out, and the schedule's policy is not to make up for it.
  v_rule.anchor := '-infinity';
  return v_rule;
end $$;
comment on function chime_private.reread_rule is 'The rule of a stored schedule by the time zone data that the server has now.';

create or replace function chime.realign_schedules(dry_run boolean default true)
returns table (schedule_id uuid, name text, timezone text, stored_for timestamptz, corrected_for timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules;
  v_first timestamptz;
begin
  for v_schedule in
    select * from chime.schedules s
    where s.status = 'active' and s.timezone <> 'UTC' and coalesce((s.rule).microseconds, 0) = 0
      and s.next_run_at is distinct from chime_private.next_fire(chime_private.reread_rule(s), s.accounted_until)
    order by s.next_due_at
    for no key update skip locked
  loop
    schedule_id := v_schedule.id;
    name := v_schedule.name;
    timezone := v_schedule.timezone;
    stored_for := v_schedule.next_run_at;
    v_schedule.rule := chime_private.reread_rule(v_schedule);
    v_schedule := chime_private.aim(v_schedule, v_schedule.accounted_until);
    corrected_for := v_schedule.next_run_at;
    if not dry_run then
      update chime.schedules s set
        rule = v_schedule.rule, status = v_schedule.status, status_reason = v_schedule.status_reason,
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
  'late one. Those that somebody else is changing at the moment are left out.';
