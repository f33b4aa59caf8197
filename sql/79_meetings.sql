-- Meetings, each with its reminders in the same transaction.

create or replace function chime_private.meeting_text_field(name text, value text, most integer) returns text
language plpgsql immutable
as $$
declare
  v_value constant text := nullif(btrim(left(value, most + 100), E' \t\r\n'), '');
begin
  if length(v_value) > most then
    perform chime_private.fail('CH007', format('%s must have at most %s characters.', name, most), null, jsonb_build_object('field', name));
  end if;
  return v_value;
end $$;
comment on function chime_private.meeting_text_field is 'A text of a meeting, without what surrounds it; null where it is empty. Raises CH007.';

create or replace function chime_private.meeting_instant(name text, at text, timezone text, after timestamptz default null) returns timestamptz
language plpgsql stable
as $$
declare
  v_at timestamptz;
begin
  if at is null then return null; end if;
  v_at := date_trunc('second', (chime_private.read_at(at, timezone, 'next', 'first')).instant);
  -- From 02:50 until 02:10, where the clock is set back in between.
  if v_at < after then v_at := date_trunc('second', (chime_private.read_at(at, timezone, 'next', 'last')).instant); end if;
  perform chime_private.check_instant(name, v_at);
  return v_at;
end $$;
comment on function chime_private.meeting_instant is
  'Reads when a meeting begins or ends, as `at` of a schedule is read; after is when it begins, where that is known. Raises CH001, CH002, CH007.';

create or replace function chime_private.set_meeting_time(
  m chime.meetings, starts_at text, ends_at text, duration interval, timezone text, now timestamptz
) returns chime.meetings
language plpgsql stable
as $$
begin
  if starts_at is null then
    perform chime_private.fail('CH007', 'starts_at is missing: when does the meeting begin?', null, '{"field": "starts_at"}');
  elsif ends_at is not null and duration is not null then
    perform chime_private.fail('CH007', 'A meeting has ends_at or duration: give one of them.', null, '{"field": "duration"}');
  elsif not isfinite(duration) or duration < interval '0' or duration > interval '1 year' then
    perform chime_private.fail('CH007', 'duration must be between 0 and 1 year.', null, '{"field": "duration"}');
  end if;
  m.timezone := chime_private.check_timezone(timezone);
  m.starts_at := chime_private.meeting_instant('starts_at', starts_at, m.timezone);
  -- A day is a day of that zone, an hour an hour: the same as a reminder so long before, the other way round.
  m.ends_at := coalesce(chime_private.meeting_instant('ends_at', ends_at, m.timezone, m.starts_at),
    chime_private.instant_before(m.starts_at, -duration, m.timezone));
  if m.ends_at < m.starts_at then
    perform chime_private.fail('CH007', 'The meeting would end before it begins.', 'Choose a later end.', '{"field": "ends_at"}');
  elsif m.ends_at <= now then
    perform chime_private.fail('CH004', format('The meeting would be over: it is %s in %s.', to_char(now at time zone m.timezone, 'YYYY-MM-DD HH24:MI'), m.timezone),
      'Choose a later time.');
  end if;
  return m;
end $$;
comment on function chime_private.set_meeting_time is 'A meeting at another time, which must not be over. Raises CH001, CH002, CH003, CH004, CH007.';

create or replace function chime_private.same_meeting(old chime.meetings, new chime.meetings) returns boolean
language sql immutable
as $$
  -- Intervals as text: to Postgres, 1 day equals 24 hours.
  select row(old.title, old.location, old.description, old.starts_at, old.ends_at, old.timezone, old.channel_mapping_id, old.reminders::text, old.status)
    is not distinct from
    row(new.title, new.location, new.description, new.starts_at, new.ends_at, new.timezone, new.channel_mapping_id, new.reminders::text, new.status)
$$;
comment on function chime_private.same_meeting is 'Whether nothing of a meeting has changed.';

create or replace function chime_private.store_meeting(old chime.meetings, new chime.meetings, now timestamptz) returns chime.meetings
language plpgsql volatile
as $$
begin
  if old.id is null then
    new.id := chime_private.new_id(now); new.revision := 1; new.created_at := now; new.updated_at := now;
    insert into chime.meetings select new.*;
  elsif chime_private.same_meeting(old, new) then
    return old;
  else
    new.revision := old.revision + 1; new.updated_at := now;
    update chime.meetings m set title = new.title, location = new.location, description = new.description, starts_at = new.starts_at,
      ends_at = new.ends_at, timezone = new.timezone, channel_mapping_id = new.channel_mapping_id, reminders = new.reminders, status = new.status,
      cancelled_at = new.cancelled_at, cancel_reason = new.cancel_reason, revision = new.revision, updated_at = new.updated_at
    where m.id = old.id;
  end if;
  perform chime_private.keep_reminders(new, coalesce(old.status = 'cancelled', false), now);
  return new;
end $$;
comment on function chime_private.store_meeting is 'Stores a meeting that is new or has changed, with its reminders; of one that is there the caller has locked the row.';

create or replace function chime.book_meeting(
  title text,
  starts_at text,
  ends_at text default null,
  duration interval default null,
  timezone text default null,
  location text default null,
  description text default null,
  key text default null,
  reminders interval[] default null,
  channel_mapping_id uuid default null,
  user_id uuid default null
) returns chime.meetings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_owner uuid := chime_private.whose_settings(user_id);
  v_settings chime.tenant_settings := chime_private.tenant_settings_of(chime.current_tenant());
  v_old chime.meetings;
  v_new chime.meetings;
begin
  key := chime_private.meeting_text_field('key', key, 500);
  if key is not null then
    perform chime_private.lock_key(chime.current_tenant(), format('meeting:%s:%s', v_owner, key));
    select * into v_old from chime.meetings m
    where m.tenant_id = chime.current_tenant() and m.owner_id = v_owner and m.key = book_meeting.key
    for no key update;
  end if;
  v_new := v_old;
  v_new.tenant_id := chime.current_tenant(); v_new.owner_id := v_owner; v_new.key := key;
  v_new.status := 'scheduled'; v_new.cancelled_at := null; v_new.cancel_reason := null;
  v_new.title := chime_private.meeting_text_field('title', regexp_replace(left(title, 300), '\s+', ' ', 'g'), 200);
  if v_new.title is null then
    perform chime_private.fail('CH007', 'title must have 1 to 200 characters.', null, '{"field": "title"}');
  end if;
  v_new.location := chime_private.meeting_text_field('location', location, 500);
  v_new.description := chime_private.meeting_text_field('description', description, 4000);
  v_new := chime_private.set_meeting_time(v_new, starts_at, ends_at, coalesce(duration, case when ends_at is null then interval '1 hour' end),
    coalesce(timezone, (select u.timezone from chime.users u where u.id = v_owner), v_settings.timezone), v_now);
  v_new.reminders := coalesce(chime_private.check_reminders(reminders), v_old.reminders, chime_private.check_reminders(v_settings.meeting_reminders));
  perform chime_private.check_destination(channel_mapping_id);
  v_new.channel_mapping_id := coalesce(channel_mapping_id, v_old.channel_mapping_id);
  return chime_private.store_meeting(v_old, v_new, v_now);
end $$;
comment on function chime.book_meeting is
  'Books a meeting, and its reminders in the same transaction. starts_at and ends_at are instants, or wall-clock times in timezone (by default that of the '
  'person, else of the tenant); in place of ends_at, duration says how long it is, 1 hour by default. reminders says how long before it they come, {24:00:00,01:00:00} '
  'if neither the call nor the tenant says otherwise (meeting_reminders, see set_tenant_settings; a later change of that concerns only meetings that are booked afterwards); 24 hours are 24 hours, 1 day is '
  'the same time of day the day before in timezone. Times that are over make none. They go to channel_mapping_id, else to where the person is best reached, else the inbox, in their language '
  'and on their clock. It is the meeting of user_id, by default the current user. With a key that one of their meetings has, that one is changed to what is given '
  'here, also if it was cancelled; its reminders and their place stay where none are given. Errors: CH001, CH002, CH003, CH004, CH007, CH015, CH018.';

create or replace function chime_private.live_meeting(meeting_id uuid) returns chime.meetings
language plpgsql volatile
as $$
declare
  v_meeting chime.meetings;
begin
  select * into v_meeting from chime.meetings m
  where m.id = live_meeting.meeting_id and m.tenant_id = chime.current_tenant() and chime_private.may_see(m.owner_id)
  for no key update;
  if v_meeting.id is null then
    perform chime_private.fail('CH023', format('There is no meeting %s.', coalesce(meeting_id::text, 'without an id')), 'See chime.meetings.');
  end if;
  return v_meeting;
end $$;
comment on function chime_private.live_meeting is 'A meeting that the caller may see, its row locked against other changes. Raises CH023.';

create or replace function chime.reschedule_meeting(
  meeting_id uuid, starts_at text, ends_at text default null, timezone text default null, expected_revision integer default null
) returns chime.meetings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_old chime.meetings := chime_private.live_meeting(meeting_id);
begin
  if v_old.status = 'cancelled' then
    perform chime_private.fail('CH013', format('The meeting "%s" is cancelled and cannot be moved.', v_old.title), 'Book it again.');
  elsif expected_revision <> v_old.revision then
    perform chime_private.fail('CH012', format('The meeting "%s" is at revision %s, not %s: somebody changed it.', v_old.title, v_old.revision, expected_revision),
      'Read it again, then change what is there now.', jsonb_build_object('revision', v_old.revision));
  end if;
  return chime_private.store_meeting(v_old,
    chime_private.set_meeting_time(v_old, starts_at, ends_at,
      case when ends_at is null then make_interval(secs => extract(epoch from v_old.ends_at - v_old.starts_at)::double precision) end,
      coalesce(timezone, v_old.timezone), v_now), v_now);
end $$;
comment on function chime.reschedule_meeting is
  'Moves a meeting, and its reminders in the same transaction: those that wait come at their new time, those that have come already come once more if their new '
  'time is ahead, and what was not sent yet is not sent. starts_at and ends_at are instants, or wall-clock times in timezone, by default that in which it '
  'was booked; without ends_at it is as long as before. With expected_revision, refuses (CH012) if somebody else changed it meanwhile. Errors: CH001, CH002, CH003, CH004, CH007, CH012, CH013, CH023.';

create or replace function chime.cancel_meeting(meeting_id uuid, reason text default null) returns chime.meetings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_meeting chime.meetings := chime_private.live_meeting(meeting_id);
begin
  reason := chime_private.meeting_text_field('reason', reason, 500);
  if v_meeting.status = 'cancelled' then return v_meeting; end if;
  update chime.meetings m set status = 'cancelled', cancelled_at = v_now, cancel_reason = reason, revision = m.revision + 1, updated_at = v_now
  where m.id = v_meeting.id
  returning * into v_meeting;
  perform chime_private.lock_reminders(v_meeting.id);
  perform chime_private.drop_reminder(s, 'The meeting was cancelled.', null, v_now)
  from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id where r.meeting_id = v_meeting.id;
  return v_meeting;
end $$;
comment on function chime.cancel_meeting is
  'Cancels a meeting, and its reminders in the same transaction, those included that are made and not sent yet. One that is cancelled already stays as it is. Errors: CH007, CH023.';

create or replace function chime.find_meeting(reference text) returns chime.meetings
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := chime.now();
  v_admin constant boolean := chime_private.caller_is_admin();
  v_user constant uuid := chime.current_user_id();
  v_found chime.meetings[];
begin
  reference := left(reference, 501);  -- longer than any of them
  select array_agg(m order by m.starts_at) into v_found
  from chime.meetings m
  where m.tenant_id = chime.current_tenant() and (v_admin or m.owner_id = v_user)
    and (m.id::text = lower(reference) or m.key = reference or lower(m.title) = lower(reference));
  -- A key says more than a title, an id more than both; one that is over or cancelled is only meant if no other is.
  select coalesce(
      array_agg(f) filter (where f.id::text = lower(reference)),
      array_agg(f) filter (where f.key = reference),
      array_agg(f) filter (where f.status = 'scheduled' and f.ends_at > v_now),
      array_agg(f))
    into v_found
  from unnest(v_found) f;
  if v_found is null then
    perform chime_private.fail('CH023', format('There is no meeting "%s".', left(reference, 80)), 'Name it by its id, its key or its title.');
  elsif cardinality(v_found) > 1 then
    perform chime_private.fail('CH023', format('%s meetings are called "%s".', cardinality(v_found), left(reference, 80)),
      'Use an id: ' || (select string_agg(f.id::text, ', ') from (select f.id from unnest(v_found) f limit 5) f) || '.');
  end if;
  return v_found[1];
end $$;
comment on function chime.find_meeting is
  'The meeting with this id, key or title. Raises CH023 where there is none, or where several that are to come share the title.';
