-- Intervals and one-offs in words: instants as the clock of the rule's zone shows them.

create or replace function chime_private.local_time_words(local timestamp) returns text
language sql immutable strict parallel safe
as $$
  select to_char(local, 'HH24:MI') || case
    when date_part('microseconds', local)::integer % 1000000 <> 0 then to_char(local, ':SS.') || rtrim(to_char(local, 'US'), '0')
    when date_part('second', local) <> 0 then to_char(local, ':SS') else '' end
$$;
comment on function chime_private.local_time_words is 'The time of a day: 09:00, 09:00:30, 09:00:30.5.';

create or replace function chime_private.date_words(local timestamp, locale text) returns text
language sql immutable strict parallel safe
as $$ select to_char(local, case locale when 'en' then 'YYYY-MM-DD' else 'DD.MM.YYYY' end) $$;
comment on function chime_private.date_words is 'A date in digits.';

create or replace function chime_private.fold_words(instant timestamptz, timezone text) returns text
language plpgsql stable strict parallel safe
as $$
declare
  v_local timestamp := date_trunc('second', instant at time zone timezone);
  v_place record := chime_private.resolve_wall(date_part('epoch', v_local)::bigint, timezone);
  v_offset integer := date_part('epoch', v_local - date_trunc('second', instant at time zone 'UTC'))::integer;
begin
  if v_place.first is not distinct from v_place.last then return ''; end if;
  return format(' (UTC%s%s)', case when v_offset < 0 then '-' else '+' end, chime_private.clock_words(abs(v_offset), v_offset % 60 <> 0));
end $$;
comment on function chime_private.fold_words is
  'The offset of an instant whose wall-clock time comes twice, in parentheses; empty for any other instant.';

create or replace function chime_private.instant_words(instant timestamptz, timezone text, locale text) returns text
language sql stable strict parallel safe
as $$
  select chime_private.date_words(l.local, locale) || ' ' || chime_private.local_time_words(l.local) || chime_private.fold_words(instant, timezone)
  from (select instant at time zone timezone) l(local)
$$;
comment on function chime_private.instant_words is 'An instant on the wall clock of a zone: 2026-01-01 09:00.';

create or replace function chime_private.elapsed_words(microseconds bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  c_most constant integer := 300;  -- 90 minutes are easier read than 1 hour 30 minutes, 3723 seconds are not
  v_hours bigint := microseconds / 3600000000;
  v_minutes bigint := microseconds / 60000000 % 60;
  v_seconds numeric := microseconds % 60000000 / 1000000.0;
begin
  if microseconds % 3600000000 = 0 then
    return chime_private.every_words(v_hours, 'hour', locale);
  elsif v_seconds = 0 and v_hours * 60 + v_minutes <= c_most then
    return chime_private.every_words(v_hours * 60 + v_minutes, 'minute', locale);
  elsif microseconds <= c_most * 1000000::bigint then
    return chime_private.every_words(microseconds / 1000000.0, 'second', locale);
  end if;
  return case locale when 'en' then 'every' else 'каждые' end
    || case v_hours when 0 then '' else ' ' || chime_private.count_words(v_hours, 'hour', locale) end
    || case v_minutes when 0 then '' else ' ' || chime_private.count_words(v_minutes, 'minute', locale) end
    || case v_seconds when 0 then '' else ' ' || chime_private.count_words(v_seconds, 'second', locale) end;
end $$;
comment on function chime_private.elapsed_words is 'An interval of elapsed time: every 15 minutes, every 25 hours 30 seconds.';

create or replace function chime_private.civil_span_words(months integer, days integer, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
begin
  if months > 0 and days > 0 then
    return case locale when 'en' then 'every ' else 'каждые ' end || chime_private.list_words(
      array[chime_private.count_words(months, 'month', locale), chime_private.count_words(days, 'day', locale)], locale);
  elsif days > 0 then
    return case days % 7 when 0 then chime_private.every_words(days / 7, 'week', locale) else chime_private.every_words(days, 'day', locale) end;
  end if;
  return case months % 12 when 0 then chime_private.every_words(months / 12, 'year', locale) else chime_private.every_words(months, 'month', locale) end;
end $$;
comment on function chime_private.civil_span_words is 'An interval of the calendar: every 2 weeks, every month.';

create or replace function chime_private.civil_day_words(months integer, days integer, local timestamp, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_weekday integer := date_part('dow', local);
  v_day integer := date_part('day', local);
  v_month integer := date_part('month', local);
  v_english boolean := locale = 'en';
begin
  if months = 0 then
    return case when days % 7 > 0 then ''
      when v_english then ' on ' || chime_private.weekday_words(v_weekday, locale)
      else ' ' || chime_private.in_ru(chime_private.weekday_words(v_weekday, locale, 'accusative')) end;
  elsif days > 0 then
    return '';
  elsif months % 12 = 0 then
    return case when v_english then ' on ' else ' ' end || v_day || ' ' || chime_private.month_words(v_month, locale, 'genitive') || case
      when v_day < 29 or v_month <> 2 then ''
      when v_english then ' (28 February in other years)' else ' (в невисокосные годы 28 февраля)' end;
  end if;
  return case when v_english then ' on the ' || chime_private.day_ordinal(v_day) else ' ' || v_day || '-го числа' end || case
    when v_day < 29 then ''
    when v_english then ' (the last day in shorter months)' else ' (в более коротких месяцах — в последний день)' end;
end $$;
comment on function chime_private.civil_day_words is 'Which day of the week, month or year an interval of the calendar comes to.';

create or replace function chime_private.interval_words(rule chime_private.rule, locale text) returns text
language plpgsql stable strict parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_local timestamp := rule.anchor at time zone rule.timezone;
  v_span text := case rule.microseconds when 0 then chime_private.civil_span_words(rule.months, rule.days, locale)
    else chime_private.elapsed_words(rule.microseconds, locale) end;
  v_fold text;
begin
  if v_local is null then
    return v_span || case when v_english then ', counted from its creation' else ', считая с момента создания' end;
  end if;
  v_fold := chime_private.fold_words(rule.anchor, rule.timezone);
  if rule.microseconds = 0 then
    v_span := v_span || chime_private.civil_day_words(rule.months, rule.days, v_local, locale)
      || case when v_english then ' at ' else ' в ' end || chime_private.local_time_words(v_local);
  end if;
  -- The time has been said where the interval keeps it; only in a fold the first fire needs more.
  return v_span || case when v_english then ', counted from ' else ', считая с ' end || case
    when rule.microseconds > 0 or v_fold <> '' then chime_private.instant_words(rule.anchor, rule.timezone, locale)
    else chime_private.date_words(v_local, locale) end;
end $$;
comment on function chime_private.interval_words is
  'An interval in words, with what it counts from; a rule that has no anchor yet counts from when it is created.';

create or replace function chime_private.once_words(rule chime_private.rule, locale text) returns text
language plpgsql stable strict parallel safe
as $$
declare
  v_local timestamp := rule.anchor at time zone rule.timezone;
  v_weekday integer := date_part('dow', v_local);
  v_date text := format('%s %s %s', date_part('day', v_local),
    chime_private.month_words(date_part('month', v_local)::integer, locale, 'genitive'), date_part('year', v_local));
begin
  return case locale
      when 'en' then format('once, on %s %s at ', chime_private.weekday_words(v_weekday, locale), v_date)
      else format('один раз, %s %s года в ', chime_private.in_ru(chime_private.weekday_words(v_weekday, locale, 'accusative')), v_date) end
    || chime_private.local_time_words(v_local) || chime_private.fold_words(rule.anchor, rule.timezone);
end $$;
comment on function chime_private.once_words is 'A one-off in words: once, on Thursday 1 January 2026 at 09:00.';
