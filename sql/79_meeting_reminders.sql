-- Reminders of meetings: each is a schedule that fires once. Made, moved and removed with the meeting, by whoever has locked its row and
-- then those of the schedules. A clock leaves alone what is locked; what it has fired by then, and what is not sent yet, is withdrawn.
-- Just before it is sent the meeting is read once more.

create or replace function chime_private.check_reminders(reminders interval[]) returns interval[]
language plpgsql immutable
as $$
begin
  if reminders is null then
    return null;
  elsif cardinality(reminders) > 10 or array_ndims(reminders) > 1 then
    perform chime_private.fail('CH007', 'A meeting has 10 reminders at most.', null, '{"field": "reminders"}');
  elsif exists (select from unnest(reminders) b where b is null or not isfinite(b) or b < interval '1 minute' or b > interval '1 year') then
    perform chime_private.fail('CH007', 'Each of reminders must be between 1 minute and 1 year: how long before the meeting it comes.',
      'For example {24:00:00,01:00:00}.', '{"field": "reminders"}');
  end if;
  return array(select distinct on (b) b from unnest(reminders) b order by b desc);
end $$;
comment on function chime_private.check_reminders is 'How long before a meeting its reminders come, each once, the earliest first. Raises CH007.';

create or replace function chime_private.instant_before(at timestamptz, before interval, timezone text) returns timestamptz
language plpgsql stable strict
as $$
declare
  v_days constant interval := make_interval(years => extract(year from before)::integer, months => extract(month from before)::integer,
    days => extract(day from before)::integer);
  v_place record;
begin
  if v_days <> interval '0' then
    -- The same time of day there; in a gap, where that ends.
    v_place := chime_private.resolve_wall(extract(epoch from (at at time zone timezone) - v_days)::bigint, timezone);
    at := to_timestamp(coalesce(v_place.first, v_place.change));
  end if;
  return at - (before - v_days);
end $$;
comment on function chime_private.instant_before is
  'So long before an instant: hours and minutes are exact, days, months and years go by the calendar of the zone.';

create or replace function chime_private.reminder_schedule(m chime.meetings, remind_at timestamptz, s chime.schedules) returns chime.schedules
language plpgsql stable
as $$
begin
  s.tenant_id := m.tenant_id; s.owner_id := m.owner_id; s.purpose := 'meeting_reminder';
  s.task := 'remind'; s.payload := jsonb_build_object('text', m.title); s.name := m.title;
  s.at := chime_private.at_text(remind_at); s.timezone := m.timezone; s.channel_mapping_id := m.channel_mapping_id;
  s.cron := null; s.every := null; s.rrule := null; s.rules := null; s.anchor := null; s.starts_at := null; s.ends_at := null;
  -- Missed in an outage, it still comes as long as the meeting has not begun.
  s.catch_up_window := greatest(m.starts_at - remind_at, interval '10 seconds');
  s.overlap := 'allow';
  return chime_private.complete_schedule(s);
end $$;
comment on function chime_private.reminder_schedule is 'What the schedule of a reminder has to be, made of what it is.';

create or replace function chime_private.add_reminder(m chime.meetings, before interval, remind_at timestamptz, now timestamptz) returns void
language sql volatile
as $$
  insert into chime.meeting_reminders (id, tenant_id, owner_id, meeting_id, before, remind_at, schedule_id, created_at)
  values (chime_private.new_id(now), m.tenant_id, m.owner_id, m.id, before, remind_at,
    (chime_private.store_schedule(chime_private.reminder_schedule(m, remind_at, null), 'refuse', now)).id, now)
$$;
comment on function chime_private.add_reminder is 'Makes a reminder of a meeting.';

create or replace function chime_private.drop_reminder(s chime.schedules, reason text, deleted_at timestamptz, now timestamptz) returns void
language plpgsql volatile
as $$
begin
  perform chime_private.stop_schedule(s, reason, deleted_at, now) where s.status in ('active', 'paused');
  perform chime_private.withdraw_run(s.id, reason, now);
end $$;
comment on function chime_private.drop_reminder is 'Ends the schedule of a reminder, and withdraws what it has fired and what is not sent yet.';

create or replace function chime_private.change_reminder(
  m chime.meetings, reminder chime.meeting_reminders, before interval, remind_at timestamptz, revived boolean, now timestamptz
) returns void
language plpgsql volatile
as $$
declare
  c_reason constant text := 'The meeting was moved.';
  v_schedule chime.schedules := (select s from chime.schedules s where s.id = reminder.schedule_id);
  v_waits constant boolean := v_schedule.status in ('active', 'paused');
  v_kept constant boolean := remind_at = reminder.remind_at and not revived;
begin
  if before is null or not v_kept and remind_at <= now or remind_at >= m.starts_at then
    perform chime_private.drop_reminder(v_schedule, c_reason, now, now);
    delete from chime.meeting_reminders r where r.id = reminder.id;
  elsif v_waits then
    perform chime_private.change_schedule(v_schedule, chime_private.reminder_schedule(m, remind_at, v_schedule));
    update chime.meeting_reminders r set before = change_reminder.before, remind_at = change_reminder.remind_at where r.id = reminder.id;
  -- One that was said at that time already stays, and one that somebody has cancelled does, too.
  elsif not v_kept and (v_schedule.status <> 'cancelled' or revived) then
    perform chime_private.drop_reminder(v_schedule, c_reason, now, now);
    delete from chime.meeting_reminders r where r.id = reminder.id;
    perform chime_private.add_reminder(m, before, remind_at, now);
  end if;
end $$;
comment on function chime_private.change_reminder is 'Lets a reminder follow its meeting, whose time or text has changed; before is null where it has none of that kind any more.';

create or replace function chime_private.lock_reminders(meeting_id uuid) returns void
language plpgsql volatile
as $$
begin
  perform from chime.schedules s
  where s.id in (select r.schedule_id from chime.meeting_reminders r where r.meeting_id = lock_reminders.meeting_id)
  order by s.id
  for no key update;
end $$;
comment on function chime_private.lock_reminders is 'Locks the schedules of the reminders of a meeting, whose row the caller has locked.';

create or replace function chime_private.keep_reminders(m chime.meetings, revived boolean, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_reminder chime.meeting_reminders;
  v_before interval;
  v_at timestamptz;
begin
  perform chime_private.lock_reminders(m.id);
  for v_reminder in select * from chime.meeting_reminders r where r.meeting_id = m.id order by r.id loop
    v_before := (select b from unnest(m.reminders) b where b = v_reminder.before);
    perform chime_private.change_reminder(m, v_reminder, v_before, chime_private.instant_before(m.starts_at, v_before, m.timezone), revived, now);
  end loop;
  for v_before in
    select b from unnest(m.reminders) b
    where not exists (select from chime.meeting_reminders r where r.meeting_id = m.id and r.before = b)
  loop
    v_at := chime_private.instant_before(m.starts_at, v_before, m.timezone);
    perform chime_private.add_reminder(m, v_before, v_at, now) where v_at > now and v_at < m.starts_at;
  end loop;
end $$;
comment on function chime_private.keep_reminders is
  'Keeps the reminders of a meeting as the meeting is: makes, moves and removes them; none for a time that is over. revived says that it was cancelled before.';

create or replace function chime_private.reminder_obstacle(m chime.meetings, reminder chime.meeting_reminders, now timestamptz) returns text
language sql stable
as $$
  select case
    when m.status = 'cancelled' then 'cancelled'
    when m.starts_at <= now then 'begun'
    -- After an outage, or at the end of quiet hours, one of them is enough.
    when exists (
      select from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id
      where r.meeting_id = m.id and r.remind_at > reminder.remind_at and r.remind_at <= reminder_obstacle.now and s.status in ('active', 'completed'))
      then 'overtaken' end
$$;
comment on function chime_private.reminder_obstacle is 'Why a reminder is not wanted at this instant, as chime.meeting_reminders says it; null where it is.';

create or replace function chime_private.judge_meeting_reminder(r chime.runs) returns chime.runs
language plpgsql volatile
as $$
declare
  v_reminder chime.meeting_reminders;
  v_meeting chime.meetings;
  v_reason text;
begin
  -- Nothing is locked: who changes the meeting has locked it first, and then waits for the schedule of this run.
  select * into v_reminder from chime.meeting_reminders b where b.schedule_id = r.schedule_id;
  if v_reminder.id is null then
    return case r.status when 'queued' then chime_private.unwanted(r) else r end;
  end if;
  select * into v_meeting from chime.meetings m where m.id = v_reminder.meeting_id;
  v_reason := case when r.trigger <> 'schedule' then null when r.status = 'queued' then chime_private.reminder_obstacle(v_meeting, v_reminder, r.created_at)
    when r.skip_reason = 'missed' then 'missed' end;
  update chime.meeting_reminders b set skip_reason = v_reason where b.id = v_reminder.id and v_reason is not null;
  if r.status <> 'queued' then
    return r;
  elsif v_reason is not null then
    return chime_private.unwanted(r);
  end if;
  r.payload := r.payload || jsonb_build_object('text', chime_private.meeting_text(v_meeting, r.created_at));
  r.channel_mapping_id := coalesce(v_meeting.channel_mapping_id,
    (select p.id from chime_private.places_of(v_meeting.owner_id) p where p.status <> 'blocked' limit 1));
  return r;
end $$;
comment on function chime_private.judge_meeting_reminder is
  'Decides whether somebody is reminded of a meeting, says of what and where, or puts on record why not. Run by hand, it comes whatever there was.';

create or replace function chime_private.meeting_reminder_unwanted(d chime.deliveries, now timestamptz) returns text
language plpgsql volatile
as $$
declare
  v_reminder chime.meeting_reminders;
  v_meeting chime.meetings;
  v_run chime.runs;
  v_reason text;
begin
  select * into v_reminder from chime.meeting_reminders r where r.schedule_id = d.schedule_id;
  if v_reminder.id is null then return 'The meeting was moved.'; end if;
  select * into v_meeting from chime.meetings m where m.id = v_reminder.meeting_id;
  select * into v_run from chime.runs r where r.id = d.run_id;
  v_reason := case v_run.trigger when 'schedule' then chime_private.reminder_obstacle(v_meeting, v_reminder, now) end;
  if v_reason is null and v_run.task = 'remind' and v_run.output = v_run.payload ->> 'text' then
    -- Held over night, "tomorrow" is today; and the place may be another one by now.
    update chime.runs r set output = t.text, output_summary = left(t.text, 500), payload = r.payload || jsonb_build_object('text', t.text)
    from chime_private.meeting_text(v_meeting, now) t(text)
    where r.id = v_run.id and r.output <> t.text;
  end if;
  return case v_reason when 'cancelled' then 'The meeting was cancelled.' when 'begun' then 'The meeting has begun.'
    when 'overtaken' then 'A later reminder of it is due as well.' end;
end $$;
comment on function chime_private.meeting_reminder_unwanted is
  'Why a reminder that is about to be sent is not wanted any more; null where it is: then it says what is so by now.';
