-- The next fires of a schedule: one that is stored, or one that need not be.

create or replace function chime_private.preview_overdue(s chime.schedules, overdue chime.overdue_policy, after timestamptz, now timestamptz)
returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable
as $$
begin
  scheduled_for := chime_private.overdue_fire(s, overdue, now);
  if scheduled_for is null or scheduled_for <= after then return; end if;
  local_time := scheduled_for at time zone s.timezone;
  note := concat_ws('; ', chime_private.fire_note(s.rule, scheduled_for), 'overdue: runs at once');
  return next;
end $$;
comment on function chime_private.preview_overdue is 'The fire of a one-off that would run at once if it were written now; none where there is no such fire.';

create or replace function chime.preview(
  cron text default null,
  every interval default null,
  at text default null,
  rrule text default null,
  timezone text default null,
  after timestamptz default null,
  count integer default 10,
  anchor timestamptz default null,
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  dst_gap chime.dst_gap_policy default null,
  dst_fold chime.dst_fold_policy default 'first',
  rules jsonb default null,
  only_on text[] default null,
  never_on text[] default null,
  on_excluded chime.excluded_policy default 'skip',
  repeat_interval text default null,
  overdue chime.overdue_policy default 'refuse'
) returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_after timestamptz := coalesce(after, v_now);
  v_schedule chime.schedules;
begin
  perform chime_private.check_preview(v_after, count);
  v_schedule.tenant_id := chime.current_tenant();
  v_schedule := chime_private.set_rules(v_schedule, cron, every, at, rrule, rules, repeat_interval, chime_private.zone_or_default(timezone), dst_gap, dst_fold,
    anchor, starts_at, ends_at, only_on, never_on, on_excluded);
  v_schedule := chime_private.define_rules(v_schedule, v_after);
  perform chime_private.check_overdue(v_schedule, overdue);
  if overdue = 'run_now' then
    return query select * from chime_private.preview_overdue(v_schedule, overdue, after, v_now);
    if found then return; end if;
  end if;
  if v_schedule.more_rules is null and v_schedule.excluded is null then
    return query select * from chime_private.preview_rule(v_schedule.rule, v_after, count);
  else
    return query select * from chime_private.preview_timetable(v_schedule, v_after, count);
  end if;
end $$;
comment on function chime.preview(text, interval, text, text, text, timestamptz, integer, timestamptz, timestamptz, timestamptz, chime.dst_gap_policy, chime.dst_fold_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy) is
  'The next fires of a rule, without storing anything. Rules, calendars, repeat_interval and overdue are given as to create_schedule; '
  'timezone is where they are read (default that of the tenant); after is where to start (default now, never included); count is how many (1 to 1000, '
  'default 10). An interval counts from anchor (default starts_at, else after), and so does a recurrence rule without DTSTART. dst_gap is '
  'next by default, skip for a recurrence rule. note says what a clock change did to a fire, and of a one-off in the past that it '
  'runs at once. Errors: CH001, CH002, CH003, CH007.';

-- An overload, so that `at` also takes an expression such as now() + interval '1 hour'. A plain literal is text.
create or replace function chime.preview(
  at timestamptz,
  timezone text default null,
  after timestamptz default null,
  count integer default 10,
  overdue chime.overdue_policy default 'refuse'
) returns table (scheduled_for timestamptz, local_time timestamp, note text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select * from chime.preview(at => chime_private.at_text(at), timezone => timezone, after => after, count => count, overdue => overdue)
$$;
comment on function chime.preview(timestamptz, text, timestamptz, integer, chime.overdue_policy) is
  'The fire of a one-off given as an instant, without storing anything.';

create or replace function chime.preview(
  schedule_id uuid,
  count integer default 10,
  after timestamptz default null
) returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules := chime_private.visible_schedule(schedule_id);
  -- What is accounted for ahead of its time was skipped by hand.
  v_after timestamptz := coalesce(after, greatest(chime.now(), v_schedule.accounted_until));
begin
  perform chime_private.check_preview(v_after, count);
  return query select * from chime_private.preview_timetable(v_schedule, v_after, count);
end $$;
comment on function chime.preview(uuid, integer, timestamptz) is
  'The next fires of a stored schedule by its rules and calendars, whatever its status: after is where to start (default now, never '
  'included), count is how many (1 to 1000, default 10). See simulate for what would become of them. Errors: CH007, CH010.';
