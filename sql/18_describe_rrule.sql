-- Recurrence rules in words: the times and days that RRULE names, what BYSETPOS leaves of them, from when to when, and what RDATE
-- and EXDATE add and take away. All of it is read from the compiled form (12_rrule_compile.sql).

create or replace function chime_private.rrule_position_words(fields bigint[], positions integer[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  c_most constant integer := 12;
  v_items text[] := chime_private.ordinal_items(array(select distinct p from unnest(positions) p), locale, 'n', 'accusative');
  v_list text := chime_private.short_list_words(v_items, c_most, locale);
  v_more text := chime_private.more_words(v_items, c_most, locale);
begin
  if locale = 'en' then
    return format(', only the %s of these in each %s', v_list || v_more, ('{year,month,week,day,hour}'::text[])[fields[20]]);
  end if;
  return format(', только %s срабатывание%s %s', v_list, v_more,
    ('{каждого года,каждого месяца,каждой недели,каждого дня,каждого часа}'::text[])[fields[20]]);
end $$;
comment on function chime_private.rrule_position_words is 'Only the last of these in each month: what BYSETPOS says.';

create or replace function chime_private.rrule_week_start_words(fields bigint[], chooses boolean, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  -- Monday first, with the weekday that the weeks are counted from.
  v_days bigint := (fields[6] & 127) | case when fields[11] = 3 and fields[12] > 1
    then coalesce(1 << ((fields[16] / 86400 + 4) % 7)::integer, 127) else 0 end;
  v_first integer := (fields[14] + 6) % 7;
begin
  v_days := (v_days >> 1) | ((v_days & 1) << 6);
  if not (fields[7] & 8 = 8 or fields[20] = 3 and chooses or fields[11] = 3 and fields[12] > 1)
    or v_first = 0 or fields[7] & 8 = 0 and (v_days >> v_first = 0 or v_days & ((1 << v_first) - 1) = 0) then
    return '';
  end if;
  return case locale when 'en' then ', weeks beginning on ' || chime_private.weekday_words(fields[14]::integer, locale)
    else ', неделя начинается ' || chime_private.from_ru(chime_private.weekday_words(fields[14]::integer, locale, 'genitive')) end;
end $$;
comment on function chime_private.rrule_week_start_words is
  'Weeks beginning on Sunday: WKST, where the rule would do something else if weeks began on Monday. chooses: BYSETPOS does.';

create or replace function chime_private.rrule_base_words(rule chime_private.rule, locale text) returns text
language plpgsql stable parallel safe
as $$
declare
  v_fields bigint[] := rule.rrule;
  v_in_steps boolean := v_fields[7] & 64 = 64;
  v_keeps_offset boolean := chime_private.keeps_offset(rule.timezone);
  v_times text;
  v_days record;
  v_time_of_day record;
  v_step record;
  v_rest text;
  v_as_real_time boolean;  -- told like a rule that follows it
begin
  if v_in_steps then
    v_step := chime_private.rrule_step_words(v_fields, chime_private.rrule_begin(rule), v_keeps_offset, locale);
    v_times := v_step.words;
    v_days := chime_private.rrule_paced_days(v_fields, false, locale);
    v_rest := v_step.only_words || v_days.only_words;
    v_as_real_time := v_fields[9] * v_fields[12] <= 3600;  -- longer ones never follow it
  else
    v_time_of_day := chime_private.time_of_day_words(v_fields[1:6] || rule.real_time::integer::bigint, locale);
    v_times := v_time_of_day.words;
    v_days := chime_private.rrule_paced_days(v_fields, v_time_of_day.daily, locale);
    v_rest := v_days.only_words;
    v_as_real_time := not v_time_of_day.listed;
  end if;
  if v_as_real_time and not rule.real_time and not v_keeps_offset then
    v_rest := v_rest || case locale when 'en' then ', each time of day once' else ', каждое время суток один раз' end;
  end if;
  if v_days.words = '' then
    return v_times || v_rest;
  elsif locale = 'ru' then
    return v_days.words || ' ' || v_times || v_rest;
  elsif v_days.leads then
    return v_days.words || case when v_times ~ '^at ' then ' ' else ', ' end || v_times || v_rest;
  end if;
  -- "Monday to Friday" has no preposition to join it to what stands before.
  return v_times || case when v_days.words ~ '^[MTWFS]' then ', ' else ' ' end || v_days.words || v_rest;
end $$;
comment on function chime_private.rrule_base_words is
  'What RRULE names, BYSETPOS and the ends of the rule left aside: at 09:00 every Monday and Wednesday.';

create or replace function chime_private.rrule_words(rule chime_private.rule, locale text) returns text
language plpgsql stable parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_fields bigint[] := chime_private.rrule_by_years(rule.rrule);
  -- The only time of a day, where there is but one.
  v_second bigint := case when v_fields[7] & 64 = 0 and v_fields[1] & (v_fields[1] - 1) = 0
    and v_fields[2] & (v_fields[2] - 1) = 0 and v_fields[3] & (v_fields[3] - 1) = 0 then v_fields[8] end;
begin
  rule.rrule := v_fields;
  return chime_private.rrule_base_words(rule, locale)
    || coalesce(chime_private.rrule_position_words(v_fields, rule.positions, locale), '')
    || chime_private.rrule_week_start_words(v_fields, rule.positions is not null, locale)
    || chime_private.rrule_start_words(rule, locale)
    || chime_private.rrule_end_words(rule, locale)
    || coalesce(case when v_english then ', also on ' else ', а также ' end
         || chime_private.rrule_dates_words(rule.added, v_second, locale), '')
    || coalesce(case when v_english then ', but not on ' else ', кроме ' end
         || chime_private.rrule_dates_words(rule.excluded, v_second, locale), '');
end $$;
comment on function chime_private.rrule_words is
  'A recurrence rule in words. Where its first wall second is null it begins now: see chime.describe.';
