-- A cron rule in words: the days it means, and the times in them. Works on the compiled form (10_cron_parse.sql).

create or replace function chime_private.cron_days_words(fields bigint[], daily boolean, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_weekdays bigint := fields[6] & 127;
  v_all_days boolean := fields[4] = 4294967294;
  v_all_weekdays boolean := v_weekdays = 127;
  v_either boolean := fields[7] & 2 = 2;
  v_days text;
  v_condition text;
begin
  if v_all_days and v_all_weekdays or v_either and (v_all_days or v_all_weekdays) then
    return ltrim(case when not daily then '' when locale = 'en' then 'every day ' else 'ежедневно ' end
      || chime_private.in_months_words(fields[5], locale));
  elsif v_all_days then
    return chime_private.week_field_words(v_weekdays, fields[12], fields[5], locale);
  end if;
  v_days := chime_private.month_days_words(fields[4], fields[10], fields[11], fields[5], locale);
  if v_all_weekdays then
    return v_days;
  elsif v_either then
    return v_days || case locale when 'en' then ', and also ' else ', а также ' end
      || chime_private.week_field_words(v_weekdays, fields[12], fields[5], locale) || case locale when 'en' then '' else ',' end;
  end if;
  v_condition := chime_private.week_field_condition(v_weekdays, fields[12], locale);
  return v_days || case locale when 'en' then ' when that is ' || v_condition else ', если это ' || v_condition || ',' end;
end $$;
comment on function chime_private.cron_days_words is
  'The days of a compiled cron expression; empty where it means every day and that need not be said.';

create or replace function chime_private.cron_words(fields bigint[], keeps_offset boolean, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_times record := chime_private.time_of_day_words(fields, locale);
  v_days text := rtrim(chime_private.cron_days_words(fields, v_times.daily, locale));
  v_once text := case
    when v_times.listed or fields[7] & 1 = 1 or keeps_offset then ''
    when locale = 'en' then ', each time of day once'
    else ', каждое время суток один раз' end;
begin
  if v_days = '' then
    return v_times.words || v_once;
  elsif locale = 'en' then
    -- "Monday to Friday" has no preposition to join it to what stands before.
    return v_times.words || case when v_days ~ '^[MTWFS]' then ', ' else ' ' end || v_days || v_once;
  end if;
  return v_days || ' ' || v_times.words || v_once;
end $$;
comment on function chime_private.cron_words is
  'A compiled cron expression in words; keeps_offset says that its zone never changes its clocks, so that it does not matter '
  'whether the rule follows them.';
