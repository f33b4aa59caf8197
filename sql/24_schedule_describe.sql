-- A stored schedule: in words, and its next fires.

create or replace function chime_private.visible_schedule(schedule_id uuid) returns chime.schedules
language plpgsql stable
as $$
declare
  v_schedule chime.schedules;
begin
  select * into v_schedule from chime.schedules s
  where s.id = visible_schedule.schedule_id and s.tenant_id = chime.current_tenant() and s.deleted_at is null;
  if v_schedule.id is null then
    perform chime_private.fail('CH010', format('There is no schedule %s.', coalesce(schedule_id::text, 'without an id')),
      'chime.find_schedule finds one by id, key or name.');
  end if;
  return v_schedule;
end $$;
comment on function chime_private.visible_schedule is 'A schedule of the current tenant, to be read: its row is not locked. Raises CH010.';

create or replace function chime_private.calendar_words(s chime.schedules, locale text) returns text
language sql stable
as $$
  select coalesce(case locale when 'en' then ', only on days of ' else ', только по дням из ' end
      || chime_private.list_words(array(select '"' || n || '"' from unnest(s.only_on) n), locale, 'or'), '')
    || coalesce(case locale when 'en' then ', never on days of ' else ', никогда по дням из ' end
      || chime_private.list_words(array(select '"' || n || '"' from unnest(s.never_on) n), locale, 'or'), '')
    || case when s.excluded is null or s.on_excluded <> 'next_day' then ''
      when locale = 'en' then ', made up for on the next other day' else ', с переносом на следующий другой день' end
$$;
comment on function chime_private.calendar_words is 'What calendars do to a schedule, in words; empty where it has none.';

create or replace function chime.describe(schedule_id uuid, locale text default 'en') returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_locale text := chime_private.check_locale(locale);
  v_schedule chime.schedules := chime_private.visible_schedule(schedule_id);
  v_rule chime_private.rule;
  v_words text[] := '{}';
begin
  foreach v_rule in array v_schedule.rule || coalesce(v_schedule.more_rules, '{}') loop
    v_words := v_words || chime_private.rule_words(v_rule, v_locale);
  end loop;
  return array_to_string(v_words, case v_locale when 'en' then '; and ' else '; а также ' end)
    || chime_private.calendar_words(v_schedule, v_locale);
end $$;
comment on function chime.describe(uuid, text) is
  'The rules and calendars of a stored schedule in words; locale is en or ru. Errors: CH007, CH010.';

create or replace function chime.preview(
  schedule_id uuid,
  count integer default 10,
  after timestamptz default null
) returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz := coalesce(after, chime.now());
  v_schedule chime.schedules := chime_private.visible_schedule(schedule_id);
begin
  perform chime_private.check_preview(v_after, count);
  return query select * from chime_private.preview_timetable(v_schedule, v_after, count);
end $$;
comment on function chime.preview(uuid, integer, timestamptz) is
  'The next fires of a stored schedule by its rules and calendars, whatever its status: after is where to start (default now, never '
  'included), count is how many (1 to 1000, default 10). See simulate for what would become of them. Errors: CH007, CH010.';
