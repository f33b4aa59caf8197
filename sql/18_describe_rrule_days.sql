-- The days of a recurrence rule, in words. Works on the compiled form (12_rrule_compile.sql), in which what DTSTART gave is no
-- different from what was written. Every part that names days has to agree: one of them is told as an adverb ("on the 13th
-- of the month"), the others as conditions ("when that is a Friday").

create or replace function chime_private.rrule_nth_items(fields bigint[], locale text, grammatical_case text) returns text[]
language plpgsql immutable strict parallel safe
as $$
declare
  v_day integer;
  v_numbers integer[];
  v_items text[] := '{}';
begin
  if fields[7] & 16 = 16 then
    foreach v_day in array '{1,2,3,4,5,6,0}'::integer[] loop
      v_numbers := chime_private.bit_values(fields[21 + v_day])
        || array(select -n from unnest(chime_private.bit_values(fields[28 + v_day])) n);
      continue when v_numbers = '{}';
      v_items := v_items || chime_private.numbered_weekday_words(v_day, v_numbers, locale, grammatical_case);
    end loop;
  end if;
  return v_items;
end $$;
comment on function chime_private.rrule_nth_items is
  'The first and last Monday, the 20th Friday: an item for each weekday that BYDAY numbers.';

create or replace function chime_private.rrule_weekday_words(fields bigint[], months bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_plain bigint := fields[6] & 127;
  v_nth text[] := chime_private.rrule_nth_items(fields, locale, 'accusative');
  v_parts text[] := '{}';
begin
  if v_plain <> 0 then
    v_parts := v_parts || rtrim(chime_private.weekdays_words(v_plain, locale) || ' ' || chime_private.in_months_words(months, locale));
  end if;
  if v_nth <> '{}' then
    v_parts := v_parts || (case locale when 'en' then 'on ' else '' end || chime_private.list_words(v_nth, locale) || ' '
      || case when fields[7] & 32 = 0 then chime_private.of_months_words(months, locale)
         when locale = 'en' then 'of the year' else 'каждого года' end);
  end if;
  return chime_private.list_words(v_parts, locale);
end $$;
comment on function chime_private.rrule_weekday_words is
  'Every Monday and on the last Friday of the month, on the 20th Monday of the year: what BYDAY says.';

create or replace function chime_private.rrule_condition_words(fields bigint[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_flags integer := fields[7];
  v_nth text[] := chime_private.rrule_nth_items(fields, locale, 'nominative');
  v_items text[] := '{}';
begin
  if fields[6] & 127 <> 127 then
    v_items := v_items || (chime_private.list_words(chime_private.weekday_condition_items(fields[6] & 127, locale) || v_nth, locale, 'or')
      || case when v_nth = '{}' then ''
         when v_flags & 32 = 32 then case when v_english then ' of the year' else ' года' end
         else case when v_english then ' of the month' else ' месяца' end end);
  end if;
  if v_flags & 6 = 6 then
    v_items := v_items || chime_private.rrule_year_day_words(fields, locale, 'or');
  end if;
  if v_flags & 8 = 8 then
    v_items := v_items || (case when v_english then 'a day of ' else 'день ' end || chime_private.rrule_weeks_words(fields, locale, 'or')
      || case when v_english then ' of the year' else ' года' end);
  end if;
  return case when v_items = '{}' then ''
    when v_english then ' when that is ' || array_to_string(v_items, ' and at the same time ')
    else ', если это ' || array_to_string(v_items, ' и в то же время ') || ',' end;
end $$;
comment on function chime_private.rrule_condition_words is
  'When that is a Friday: what else a day has to be that BYMONTHDAY or BYYEARDAY names; empty where any will do.';

create or replace function chime_private.rrule_day_words(
  fields bigint[], daily boolean, locale text, out words text, out condition text, out only_months bigint
)
language plpgsql immutable strict parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_flags integer := fields[7];
  v_months bigint := fields[5];
  v_reach bigint;
begin
  condition := case when v_flags & 6 = 0 then '' else chime_private.rrule_condition_words(fields, locale) end;
  if v_flags & 8 = 8 then
    -- Months that the weeks never reach into were taken out; that is not BYMONTH.
    v_reach := chime_private.week_months(to_jsonb(chime_private.bit_values(fields[18])
      || array(select -n from unnest(chime_private.bit_values(fields[19])) n)));
    if v_months & v_reach = v_reach then v_months := 8190; end if;
  end if;
  if v_flags & 2 = 2 then
    words := chime_private.month_days_words(fields[4], fields[10], 0, v_months, locale);
    v_months := 8190;
  elsif v_flags & 4 = 4 then
    words := case when v_english then 'on ' else '' end || chime_private.rrule_year_day_words(fields, locale, 'and');
  elsif v_flags & 8 = 8 then
    words := chime_private.on_weekdays_words(fields[6] & 127, locale) || case when v_english then ' of ' else ' ' end
      || chime_private.rrule_weeks_words(fields, locale, 'and') || case when v_english then ' of the year' else ' каждого года' end;
  else
    words := case
      when fields[6] & 127 <> 127 then chime_private.rrule_weekday_words(fields, v_months, locale)
      else btrim(case when not daily then '' when v_english then 'every day ' else 'ежедневно ' end
        || chime_private.in_months_words(v_months, locale)) end;
    v_months := 8190;
  end if;
  only_months := v_months;
end $$;
comment on function chime_private.rrule_day_words is
  'The days of a compiled RRULE, its interval aside; empty where it means every day and that need not be said. condition is what else '
  'such a day has to be; only_months, months that are still to be said.';
