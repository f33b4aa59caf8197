-- One-offs whose time is over when they are written. They are refused (chime_private.require_future), unless asked to run at once:
-- then their fire becomes a run in the same transaction, however late it is, and is accounted for like any other.

create or replace function chime_private.read_overdue(overdue text) returns chime.overdue_policy
language plpgsql stable
as $$
begin
  if overdue not in ('refuse', 'run_now') then
    perform chime_private.fail('CH007', format('overdue cannot be "%s".', left(overdue, 80)), 'It is refuse or run_now.', '{"field": "overdue"}');
  end if;
  return overdue::chime.overdue_policy;
end $$;
comment on function chime_private.read_overdue is 'What a patch says of one-offs that are overdue. Raises CH007.';

create or replace function chime_private.check_overdue(s chime.schedules, overdue chime.overdue_policy) returns void
language plpgsql immutable
as $$
begin
  if overdue = 'run_now' and s.at is null then
    perform chime_private.fail('CH007', 'overdue is for schedules that fire once, at a time.',
      'Other rules never fire the past; chime.backfill runs it.', '{"field": "overdue"}');
  end if;
end $$;
comment on function chime_private.check_overdue is 'Refuses to run at once what is no one-off (CH007).';

create or replace function chime_private.overdue_fire(s chime.schedules, overdue chime.overdue_policy, now timestamptz) returns timestamptz
language sql stable
as $$
  select f.at from chime_private.timetable_next(s, '1970-01-01 00:00:00Z') f(at) where overdue = 'run_now' and f.at <= now
$$;
comment on function chime_private.overdue_fire is
  'The fire of a one-off that is to run although it is over; null where it is still to come, or where this was not asked for.';

create or replace function chime_private.aim_first(
  s chime.schedules, overdue chime.overdue_policy, after timestamptz, now timestamptz
) returns chime.schedules
language plpgsql stable
as $$
declare
  v_fire timestamptz := chime_private.overdue_fire(s, overdue, now);
begin
  if v_fire is null then
    return chime_private.aim(s, after);
  elsif s.status = 'paused' then
    perform chime_private.fail('CH013', format('The schedule "%s" is paused and runs nothing at once.', s.name), 'Resume it first.');
  elsif exists (select from chime.runs r where r.id = chime_private.run_id(s.id, v_fire)) then
    perform chime_private.fail('CH013', format('The schedule "%s" has a run for that time already.', s.name), 'chime.run_now runs it once more.');
  end if;
  return chime_private.aim(s, v_fire - interval '1 microsecond');
end $$;
comment on function chime_private.aim_first is
  'Points a new rule at its first fire after an instant, or at the one that is over and asked for. Raises CH013.';

create or replace function chime_private.fire_overdue(s chime.schedules, now timestamptz) returns chime.schedules
language plpgsql volatile
as $$
begin
  -- With jitter it may not be due yet; then a tick fires it.
  if s.next_due_at is null or s.next_due_at > now then return s; end if;
  s.catch_up := 'latest';
  s.catch_up_window := interval '1000 years';
  perform chime_private.fire_late(s, now);
  select * into s from chime.schedules u where u.id = s.id;
  return s;
end $$;
comment on function chime_private.fire_overdue is 'Runs the fire of a stored schedule, whose row the caller has locked, that was overdue when it was written.';
