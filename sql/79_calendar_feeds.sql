-- Calendars to subscribe to: who has one, and what is in it. A secret has 256 random bits, so that a hash without salt is enough.

create or replace function chime.create_calendar_feed(name text default null, user_id uuid default null, out id uuid, out secret text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_most constant integer := 20;
  v_now timestamptz := chime.now();
  v_user uuid := chime_private.whose_settings(user_id);
begin
  if length(left(name, 201)) not between 1 and 200 then
    perform chime_private.fail('CH007', 'name must have 1 to 200 characters.', 'Leave it out for a name in the language of the person.', '{"field": "name"}');
  end if;
  -- Of two at once, one waits for the other, and counts it.
  perform chime_private.lock_key(chime.current_tenant(), 'calendar_feed:' || v_user);
  if (select count(*) >= c_most from chime.calendar_feeds f where f.user_id = v_user and f.revoked_at is null) then
    perform chime_private.fail('CH013', format('There are %s calendar feeds already.', c_most), 'Revoke those that nobody reads.');
  end if;
  id := chime_private.new_id(v_now);
  -- Three random UUIDs have 366 random bits, from the source that keys are made from.
  secret := 'feed_' || rtrim(translate(encode(
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'), '+/', '-_'), '=');
  insert into chime.calendar_feeds (id, tenant_id, user_id, name, prefix, hash, created_at)
  values (create_calendar_feed.id, chime.current_tenant(), v_user, create_calendar_feed.name, left(secret, 11), sha256(convert_to(secret, 'UTF8')), v_now);
end $$;
comment on function chime.create_calendar_feed is
  'Makes a calendar to subscribe to, of what is ahead of a person (the current user, if none is given): meetings, reminders, and the fires of schedules. Answers its secret, which is '
  'shown this once: whoever has the address /calendar/<secret>.ics may read it, and nothing else. A person has 20 at most. Errors: CH007, CH013, CH015.';

create or replace function chime.revoke_calendar_feed(feed_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update chime.calendar_feeds f set revoked_at = coalesce(f.revoked_at, chime.now())
  where f.id = feed_id and f.tenant_id = chime.current_tenant() and chime_private.may_see(f.user_id);
  if not found then
    perform chime_private.fail('CH024', format('There is no calendar feed %s.', coalesce(feed_id::text, 'without an id')), 'See chime.calendar_feeds.');
  end if;
end $$;
comment on function chime.revoke_calendar_feed is 'Ends a calendar feed: there is nothing at its address from now on. Errors: CH024.';

create or replace function chime_private.feed_fires(s chime.schedules, now timestamptz, until timestamptz, most integer, out fires timestamptz[], out is_daily boolean)
language plpgsql stable
as $$
declare
  -- More fires than these within a day would fill a calendar, and nobody would look at it.
  c_often constant integer := 6;
  c_moment constant interval := '1 microsecond';
  v_fire timestamptz := case when s.next_run_at > now then s.next_run_at else chime_private.timetable_next(s, greatest(now, s.accounted_until)) end;
  v_later timestamptz := v_fire;
begin
  fires := '{}';
  for v_index in 1..c_often loop
    v_later := chime_private.timetable_next(s, v_later);
    exit when v_later is null or v_later >= v_fire + interval '1 day';
  end loop;
  is_daily := coalesce(v_later < v_fire + interval '1 day', false);
  if is_daily then
    -- That of today too, though it is over: else the first one would be another at each look.
    v_fire := chime_private.timetable_next(s, greatest((now at time zone s.timezone)::date::timestamp at time zone s.timezone - c_moment, s.created_at));
  end if;
  while v_fire <= until and cardinality(fires) < least(most, s.max_runs - s.run_count) loop
    fires := fires || v_fire;
    v_fire := chime_private.timetable_next(s,
      case when is_daily then ((v_fire at time zone s.timezone)::date + 1)::timestamp at time zone s.timezone - c_moment else v_fire end);
  end loop;
end $$;
comment on function chime_private.feed_fires is
  'The fires ahead of an active schedule, as a calendar shows them: up to until, so many at most; of one that fires more than six times a day, the first of each day (is_daily).';

create or replace function chime_private.feed_meetings(feed chime.calendar_feeds, now timestamptz) returns setof jsonb
language sql stable
as $$
  select jsonb_build_object('uid', m.id, 'summary', m.title, 'description', m.description, 'location', m.location, 'isBusy', true,
      'status', case m.status when 'cancelled' then 'CANCELLED' else 'CONFIRMED' end, 'sequence', m.revision, 'updatedAt', m.updated_at)
    || case when w.starts::time = '00:00' and w.ends::time = '00:00' and w.ends > w.starts
      then jsonb_build_object('startsOn', w.starts::date, 'endsOn', w.ends::date)
      else jsonb_build_object('startsAt', m.starts_at, 'endsAt', m.ends_at) end
  from chime.meetings m, lateral (select m.starts_at at time zone m.timezone as starts, m.ends_at at time zone m.timezone as ends) w
  where m.owner_id = feed.user_id and m.ends_at > now
  order by m.starts_at, m.id
  limit 500
$$;
comment on function chime_private.feed_meetings is 'The next 500 meetings of a feed that are not over, cancelled ones too, whose programs would keep them; whole days as days.';

create or replace function chime_private.feed_schedules(feed chime.calendar_feeds, locale text, now timestamptz, most integer) returns setof jsonb
language plpgsql stable
as $$
declare
  c_each constant integer := 50;
  c_reach constant interval := '60 days';
  v_schedules chime.schedules[] := array(
    select s from chime.schedules s
    where s.owner_id = feed.user_id and s.status = 'active' and s.deleted_at is null and s.next_run_at <= now + c_reach
      -- Meetings are in it themselves, and whether somebody is asked how they are is not known before.
      and (s.purpose is null or s.purpose = 'follow_up')
    order by s.next_run_at, s.id
    limit most);
  v_schedule chime.schedules;
  v_words text;
  v_found record;
begin
  foreach v_schedule in array v_schedules loop
    v_found := chime_private.feed_fires(v_schedule, now, now + c_reach, least(c_each, greatest(1, most / cardinality(v_schedules))));
    v_words := concat_ws(E'\n',
      nullif(left(v_schedule.payload ->> 'text', 2000), v_schedule.name),
      v_schedule.description,
      chime_private.schedule_words(v_schedule, locale),
      case when v_found.is_daily then case locale when 'ru' then 'Здесь – только первый раз за день.' else 'Here is the first time of each day alone.' end end,
      case locale when 'ru' then 'Задача: ' else 'Task: ' end || v_schedule.task);
    -- A fire has the id of its run. A quarter of an hour is the least that all programs show with its text.
    return query select jsonb_build_object('uid', chime_private.run_id(v_schedule.id, f), 'summary', v_schedule.name, 'description', v_words, 'isBusy', false,
        'startsAt', f, 'endsAt', f + interval '15 minutes', 'updatedAt', v_schedule.updated_at)
      from unnest(v_found.fires) f;
  end loop;
end $$;
comment on function chime_private.feed_schedules is
  'The fires ahead of the schedules of a feed: within 60 days, 50 of each, and where that would be more than most in all, as many fewer of each.';

create or replace function chime_private.calendar_feed(hash bytea, out title text, out locale text, out timezone text, out events jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_coarse constant interval := '5 minutes';
  c_most constant integer := 1000;
  v_now timestamptz := chime.now();
  v_feed chime.calendar_feeds;
  v_meetings jsonb[];
begin
  select * into v_feed from chime.calendar_feeds f where f.hash = calendar_feed.hash and f.revoked_at is null;
  select case when u.locale ~* '^ru' then 'ru' else 'en' end, coalesce(u.timezone, t.timezone) into locale, timezone
  from chime.users u, chime_private.tenant_settings_of(u.tenant_id) t
  where u.id = v_feed.user_id and u.status = 'active';
  -- For whoever has no right to it, it is as if it had never been.
  if locale is null then return; end if;
  if v_feed.last_used_at is null or v_feed.last_used_at < v_now - c_coarse then
    -- Nobody waits for another who notes the same.
    update chime.calendar_feeds f set last_used_at = v_now
    where f.id = (select o.id from chime.calendar_feeds o where o.id = v_feed.id for no key update skip locked);
  end if;
  title := coalesce(v_feed.name, case locale when 'ru' then 'Встречи и напоминания' else 'Meetings and reminders' end);
  v_meetings := array(select chime_private.feed_meetings(v_feed, v_now));
  events := to_jsonb(v_meetings || array(select chime_private.feed_schedules(v_feed, locale, v_now, c_most - cardinality(v_meetings))));
end $$;
comment on function chime_private.calendar_feed is
  'What a calendar feed has, by the SHA-256 of its secret: at most 1,000 events, as src/ical/feed.ts takes them. events is null where there is no such feed, it is revoked, or its '
  'person may not sign in. Notes at most every five minutes that it was read.';
