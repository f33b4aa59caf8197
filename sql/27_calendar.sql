-- Calendars: named sets of days, and what they leave of a schedule's time.

create or replace function chime_private.read_dates(dates text[]) returns datemultirange
language plpgsql immutable
as $$
declare
  c_most constant integer := 5000;
  v_text text;
  v_ends text[];
  v_first date;
  v_last date;
  v_ranges daterange[] := '{}';
begin
  if cardinality(dates) > c_most then
    perform chime_private.fail('CH007', format('The calendar has %s dates; %s are the most.', cardinality(dates), c_most),
      'Write days in a row as one range (2026-12-24/2027-01-01), and leave out those that are over.', '{"field": "dates"}');
  end if;
  foreach v_text in array coalesce(dates, '{}') loop
    v_ends := regexp_match(left(v_text, 100), '^\s*(\d{4}-\d\d-\d\d)(?:/(\d{4}-\d\d-\d\d))?\s*$');
    if v_ends is null then raise invalid_datetime_format; end if;
    v_first := v_ends[1];
    v_last := coalesce(v_ends[2], v_ends[1]);
    if v_last < v_first then
      perform chime_private.fail('CH007', format('The range of dates %s runs backwards.', btrim(v_text)), 'Write its first day first.', '{"field": "dates"}');
    end if;
    v_ranges := v_ranges || daterange(v_first, v_last, '[]');
  end loop;
  return coalesce((select range_agg(r) from unnest(v_ranges) r), '{}');
exception when datetime_field_overflow or invalid_datetime_format then
  perform chime_private.fail('CH007', format('"%s" is no date.', left(v_text, 40)),
    'Write a date (2026-12-25) or a first and a last one (2026-12-24/2027-01-01).', '{"field": "dates"}');
end $$;
comment on function chime_private.read_dates is 'Reads dates, and ranges of dates written as first/last. Raises CH007.';

create or replace function chime_private.calendar_time(tenant_id uuid, names text[], timezone text) returns tstzmultirange
language plpgsql stable
as $$
declare
  c_most constant integer := 20000;
  v_missing text;
  v_dates bigint;
begin
  select n.name into v_missing from unnest(names) n(name)
  where not exists (select from chime.calendars c where c.tenant_id = calendar_time.tenant_id and c.name = n.name);
  if v_missing is not null then
    perform chime_private.fail('CH007', format('There is no calendar "%s".', left(v_missing, 80)),
      coalesce((select 'Calendars: ' || string_agg(left(c.name, 80), ', ' order by c.name) || '.'
                from (select c.name from chime.calendars c where c.tenant_id = calendar_time.tenant_id order by c.name limit 10) c),
        'Make it with chime.set_calendar.'),
      jsonb_build_object('calendar', v_missing));
  end if;
  v_dates := (
    select sum((select count(*) from unnest(c.dates))) from chime.calendars c
    where c.tenant_id = calendar_time.tenant_id and c.name = any (names));
  if v_dates > c_most then
    perform chime_private.fail('CH007', format('The calendars have %s dates together; %s are the most.', v_dates, c_most),
      'Take dates that are over out of them, or say weekdays in the rule.');
  end if;
  return coalesce((
    select range_agg(tstzrange(
      lower(d.r)::timestamp at time zone coalesce(c.timezone, calendar_time.timezone),
      upper(d.r)::timestamp at time zone coalesce(c.timezone, calendar_time.timezone)))
    from chime.calendars c, unnest(c.dates) d(r)
    where c.tenant_id = calendar_time.tenant_id and c.name = any (names)), '{}');
end $$;
comment on function chime_private.calendar_time is 'The time that the days of these calendars take up, as read in a zone. Raises CH007 where one does not exist, or they have too many.';

create or replace function chime_private.check_calendar_names(field text, names text[]) returns void
language plpgsql immutable
as $$
begin
  if cardinality(names) not between 1 and 20 or array_ndims(names) > 1 then
    perform chime_private.fail('CH007', format('%s must be a list of 1 to 20 calendars.', field), 'Leave it out, or give null, for none.',
      jsonb_build_object('field', field));
  elsif exists (select from unnest(names) n where n is null or length(left(n, 201)) not between 1 and 200) then
    perform chime_private.fail('CH007', format('%s has a name that is no name of a calendar.', field), 'Names have 1 to 200 characters.',
      jsonb_build_object('field', field));
  end if;
end $$;
comment on function chime_private.check_calendar_names is 'Refuses what cannot be a list of calendars (CH007).';

create or replace function chime_private.excluded_time(s chime.schedules) returns tstzmultirange
language plpgsql stable
as $$
declare
  c_most constant integer := 500;
  v_excluded tstzmultirange := '{}';
  v_count integer;
begin
  if s.only_on is null and s.never_on is null then return null; end if;
  perform chime_private.check_calendar_names('only_on', s.only_on), chime_private.check_calendar_names('never_on', s.never_on);
  if s.only_on is not null then
    v_excluded := tstzmultirange(tstzrange(null, null)) - chime_private.calendar_time(s.tenant_id, s.only_on, s.timezone);
  end if;
  if s.never_on is not null then
    v_excluded := v_excluded + chime_private.calendar_time(s.tenant_id, s.never_on, s.timezone);
  end if;
  v_count := (select count(*) from unnest(v_excluded));
  if v_count > c_most then
    perform chime_private.fail('CH007', format('The calendars leave out %s separate stretches of time; %s are the most.', v_count, c_most),
      'Take dates that are over out of them, or say weekdays in the rule.');
  end if;
  return v_excluded;
end $$;
comment on function chime_private.excluded_time is 'When calendars keep a schedule from firing; null where it has none. Raises CH007.';

create or replace function chime_private.apply_calendar(s chime.schedules, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_new chime.schedules := s;
begin
  v_new.excluded := chime_private.excluded_time(s);
  if v_new.excluded = s.excluded then return; end if;
  -- As an edit of the rule: what it owed by the days of before is recorded, and the past is never fired.
  perform chime_private.settle_before_change(s, now, 'edited');
  if s.status = 'completed' and (v_new.max_runs is null or v_new.run_count < v_new.max_runs) then
    v_new.status := 'active'; v_new.status_reason := null;
  end if;
  v_new := chime_private.aim(v_new, greatest(now, s.accounted_until));
  update chime.schedules u set
    excluded = v_new.excluded, status = v_new.status, status_reason = v_new.status_reason, next_run_at = v_new.next_run_at,
    next_due_at = v_new.next_due_at, accounted_until = v_new.accounted_until, updated_at = now
  where u.id = s.id;
  perform chime_private.wake_clock(v_new.next_due_at);
end $$;
comment on function chime_private.apply_calendar is 'Points a schedule, whose row the caller has locked, at its next fire by what its calendars say now.';

create or replace function chime.set_calendar(
  name text,
  dates text[],
  timezone text default null
) returns chime.calendars
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_calendar chime.calendars;
  v_schedule chime.schedules;
begin
  perform chime_private.require_admin('change calendars');
  if name is null or length(left(name, 201)) not between 1 and 200 then
    perform chime_private.fail('CH007', 'name must have 1 to 200 characters.', null, jsonb_build_object('field', 'name'));
  end if;
  insert into chime.calendars as c (id, tenant_id, name, timezone, dates, created_at, updated_at)
  values (chime_private.new_id(v_now), chime.current_tenant(), set_calendar.name,
    case when timezone is not null then chime_private.check_timezone(timezone) end, chime_private.read_dates(dates), v_now, v_now)
  on conflict on constraint calendars_tenant_id_name_key do update set timezone = excluded.timezone, dates = excluded.dates, updated_at = v_now
  returning * into v_calendar;
  for v_schedule in
    select * from chime.schedules s
    where s.tenant_id = v_calendar.tenant_id and s.deleted_at is null and s.status <> 'cancelled'
      and (s.only_on is not null or s.never_on is not null)
      and coalesce(s.only_on, '{}') || coalesce(s.never_on, '{}') @> array[v_calendar.name]
    order by s.id
    for no key update
  loop
    perform chime_private.apply_calendar(v_schedule, v_now);
  end loop;
  return v_calendar;
end $$;
comment on function chime.set_calendar is
  'Makes a calendar, or gives one other dates: days (2026-12-25) and ranges of days, both ends included (2026-12-24/2027-01-01). They begin '
  'and end in timezone; without one, in the zone of each schedule. Schedules that name it follow at once. For administrators. Errors: CH003, CH007, CH042.';

create or replace function chime.delete_calendar(name text) returns chime.calendars
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_calendar chime.calendars;
  v_used_by text;
begin
  perform chime_private.require_admin('change calendars');
  name := left(name, 201);  -- no name is longer
  select * into v_calendar from chime.calendars c
  where c.tenant_id = chime.current_tenant() and c.name = delete_calendar.name
  for update;
  if v_calendar.id is null then
    perform chime_private.fail('CH007', format('There is no calendar "%s".', left(name, 80)), 'See chime.calendars.', jsonb_build_object('calendar', name));
  end if;
  select string_agg(s.name, ', ' order by s.name) into v_used_by
  from (
    select s.name from chime.schedules s
    where s.tenant_id = v_calendar.tenant_id and s.deleted_at is null and s.status <> 'cancelled'
      and (s.only_on is not null or s.never_on is not null)
      and coalesce(s.only_on, '{}') || coalesce(s.never_on, '{}') @> array[v_calendar.name]
    limit 5) s;
  if v_used_by is not null then
    perform chime_private.fail('CH013', format('The calendar "%s" is in use by: %s.', name, v_used_by),
      'Change those schedules first, or give the calendar no dates.');
  end if;
  delete from chime.calendars c where c.id = v_calendar.id;
  return v_calendar;
end $$;
comment on function chime.delete_calendar is 'Removes a calendar that no live schedule names. For administrators. Errors: CH007, CH013, CH042.';
