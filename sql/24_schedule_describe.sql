-- When a schedule fires, in words: one that is stored, or one that need not be.

create or replace function chime_private.visible_schedule(schedule_id uuid) returns chime.schedules
language plpgsql stable
as $$
declare
  v_schedule chime.schedules;
begin
  select * into v_schedule from chime.schedules s
  where s.id = visible_schedule.schedule_id and s.tenant_id = chime.current_tenant() and s.deleted_at is null
    and chime_private.may_see(s.owner_id);
  if v_schedule.id is null then
    perform chime_private.fail('CH010', format('There is no schedule %s.', coalesce(schedule_id::text, 'without an id')),
      'chime.find_schedule finds one by id, key or name.');
  end if;
  return v_schedule;
end $$;
comment on function chime_private.visible_schedule is 'A schedule that the caller may see, to be read: its row is not locked. Raises CH010.';

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

create or replace function chime_private.schedule_words(s chime.schedules, locale text) returns text
language plpgsql stable
as $$
declare
  v_rule chime_private.rule;
  v_words text[] := '{}';
begin
  foreach v_rule in array s.rule || coalesce(s.more_rules, '{}') loop
    v_words := v_words || chime_private.rule_words(v_rule, locale);
  end loop;
  return array_to_string(v_words, case locale when 'en' then '; and ' else '; а также ' end)
    || chime_private.calendar_words(s, locale);
end $$;
comment on function chime_private.schedule_words is 'The rules and calendars of a schedule in words; locale is en or ru.';

create or replace function chime.describe(
  cron text default null,
  every interval default null,
  at text default null,
  rrule text default null,
  timezone text default null,
  locale text default 'en',
  anchor timestamptz default null,
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  rules jsonb default null,
  only_on text[] default null,
  never_on text[] default null,
  on_excluded chime.excluded_policy default 'skip',
  repeat_interval text default null,
  dst_gap chime.dst_gap_policy default null,
  dst_fold chime.dst_fold_policy default 'first'
) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_locale text := chime_private.check_locale(locale);
  v_from_now boolean := not chime_private.rrule_has_start(rrule) and num_nonnulls(anchor, starts_at) = 0;
  v_schedule chime.schedules;
begin
  v_schedule.tenant_id := chime.current_tenant();
  v_schedule := chime_private.set_rules(v_schedule, cron, every, at, rrule, rules, repeat_interval, chime_private.zone_or_default(timezone), dst_gap, dst_fold,
    anchor, starts_at, ends_at, only_on, never_on, on_excluded);
  v_schedule := chime_private.define_rules(v_schedule, case when v_from_now then chime.now() end);
  if v_from_now then
    -- It would begin when it is created: that is not said.
    v_schedule.rule.rrule[16] := null;
    if (v_schedule.rule).real_time then v_schedule.rule.starts_at := null; end if;
  end if;
  return chime_private.schedule_words(v_schedule, v_locale);
end $$;
comment on function chime.describe(text, interval, text, text, text, text, timestamptz, timestamptz, timestamptz, jsonb, text[], text[], chime.excluded_policy, text, chime.dst_gap_policy, chime.dst_fold_policy) is
  'A rule in words, without storing anything: "at 09:00 on weekdays, Europe/Berlin time". Rules, calendars and repeat_interval are given '
  'as to create_schedule; locale is en or ru (also en-GB, ru_RU and the like). Instants are shown on the clock of timezone (default that of the tenant). An interval '
  'counts from anchor (default starts_at, else its creation), and so does a recurrence rule without DTSTART (else now). Errors: CH001, CH002, '
  'CH003, CH007.';

create or replace function chime.describe(schedule_id uuid, locale text default 'en') returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_locale text := chime_private.check_locale(locale);
begin
  return chime_private.schedule_words(chime_private.visible_schedule(schedule_id), v_locale);
end $$;
comment on function chime.describe(uuid, text) is
  'The rules and calendars of a stored schedule in words; locale is en or ru. Errors: CH007, CH010.';
