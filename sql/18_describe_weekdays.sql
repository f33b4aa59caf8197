-- Weekdays in words: every Monday, the second Tuesday of the month; as an adverb, and as what a day has to be.

create or replace function chime_private.week_order(weekdays bigint) returns integer[]
language sql immutable strict parallel safe
as $$ select array(select d % 7 from generate_series(1, 7) d where weekdays >> d % 7 & 1 = 1 order by d) $$;
comment on function chime_private.week_order is 'Weekdays (bit 0 = Sunday) from Monday to Sunday.';

create or replace function chime_private.week_stretch(weekdays integer[]) returns boolean
language sql immutable strict parallel safe
as $$ select cardinality(weekdays) > 2 and chime_private.value_step(array(select (d + 6) % 7 from unnest(weekdays) d order by 1)) = 1 $$;
comment on function chime_private.week_stretch is 'Whether weekdays in the order of the week are three or more without a gap.';

create or replace function chime_private.numbered_weekday_words(
  weekday integer, numbers integer[], locale text, grammatical_case text
) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  c_most constant integer := 8;
  v_conjunction constant text := case grammatical_case when 'accusative' then 'and' else 'or' end;
  v_items text[] := chime_private.ordinal_items(numbers, locale, chime_private.weekday_gender(weekday), grammatical_case);
  v_words text := chime_private.short_list_words(v_items, c_most, locale, v_conjunction)
    || ' ' || chime_private.weekday_words(weekday, locale, grammatical_case)
    || chime_private.more_words(v_items, c_most, locale, v_conjunction);
begin
  return case when locale = 'en' then 'the ' || v_words
    when grammatical_case = 'accusative' then chime_private.in_ru(v_words) else v_words end;
end $$;
comment on function chime_private.numbered_weekday_words is
  'The first and last Monday; in the accusative as days on which something happens, in the nominative as what a day may be.';

create or replace function chime_private.nth_weekday_items(nth_days bigint, locale text, grammatical_case text) returns text[]
language plpgsql immutable strict parallel safe
as $$
declare
  v_day integer;
  v_items text[] := '{}';
  v_numbers integer[];
begin
  foreach v_day in array '{1,2,3,4,5,6,0}'::integer[] loop
    v_numbers := array(select k from generate_series(1, 5) k where nth_days >> v_day * 5 + k - 1 & 1 = 1 order by k)
      || case when nth_days >> 35 + v_day & 1 = 1 then '{-1}'::integer[] end;
    continue when v_numbers = '{}';
    v_items := v_items || chime_private.numbered_weekday_words(v_day, v_numbers, locale, grammatical_case);
  end loop;
  return v_items;
end $$;
comment on function chime_private.nth_weekday_items is
  'The first and third Monday; the last Friday: an item for each weekday. nth_days as in a compiled cron expression.';

create or replace function chime_private.weekdays_words(weekdays bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_days integer[] := chime_private.week_order(weekdays);
  v_last integer := v_days[cardinality(v_days)];
begin
  if weekdays = 62 then
    return case locale when 'en' then 'on weekdays' else 'по будням' end;
  elsif chime_private.week_stretch(v_days) then
    return case locale
      when 'en' then format('%s to %s', chime_private.weekday_words(v_days[1], 'en'), chime_private.weekday_words(v_last, 'en'))
      else format('%s по %s', chime_private.from_ru(chime_private.weekday_words(v_days[1], 'ru', 'genitive')),
        chime_private.weekday_words(v_last, 'ru', 'accusative')) end;
  end if;
  return case locale when 'en' then 'every ' else 'по ' end || chime_private.list_words(array(
    select chime_private.weekday_words(u.d, locale, 'dative plural') from unnest(v_days) with ordinality u(d, n) order by n), locale);
end $$;
comment on function chime_private.weekdays_words is 'Every Monday and Friday, on weekdays, Monday to Thursday.';

create or replace function chime_private.on_weekdays_words(weekdays bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_days integer[] := chime_private.week_order(weekdays);
begin
  if weekdays = 127 then
    return case locale when 'en' then 'on all days' else 'во все дни' end;
  elsif weekdays = 62 then
    return case locale when 'en' then 'on weekdays' else 'в будни' end;
  elsif chime_private.week_stretch(v_days) then
    return case locale when 'en' then 'from ' else '' end || chime_private.weekdays_words(weekdays, locale);
  end if;
  return case locale when 'en' then 'on ' || chime_private.list_words(array(
      select chime_private.weekday_words(u.d, locale) from unnest(v_days) with ordinality u(d, n) order by n), locale)
    else chime_private.in_ru(chime_private.list_words(array(
      select chime_private.weekday_words(u.d, locale, 'accusative') from unnest(v_days) with ordinality u(d, n) order by n), locale)) end;
end $$;
comment on function chime_private.on_weekdays_words is
  'On Monday and Friday, on weekdays, from Monday to Thursday: once in a week that is spoken of.';

create or replace function chime_private.week_field_words(weekdays bigint, nth_days bigint, months bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_parts text[] := '{}';
begin
  if weekdays <> 0 then
    v_parts := v_parts || rtrim(chime_private.weekdays_words(weekdays, locale) || ' ' || chime_private.in_months_words(months, locale));
  end if;
  if nth_days <> 0 then
    v_parts := v_parts || (case locale when 'en' then 'on ' else '' end
      || chime_private.list_words(chime_private.nth_weekday_items(nth_days, locale, 'accusative'), locale)
      || ' ' || chime_private.of_months_words(months, locale));
  end if;
  return chime_private.list_words(v_parts, locale);
end $$;
comment on function chime_private.week_field_words is 'Every Monday and on the last Friday of the month: what the day-of-week field says.';

create or replace function chime_private.weekday_condition_items(weekdays bigint, locale text) returns text[]
language plpgsql immutable strict parallel safe
as $$
declare
  v_days integer[] := chime_private.week_order(weekdays);
  v_last integer := v_days[cardinality(v_days)];
begin
  if weekdays = 62 then
    return array[case locale when 'en' then 'a weekday' else 'будний день' end];
  elsif chime_private.week_stretch(v_days) then
    return array[case locale
      when 'en' then format('a day from %s to %s', chime_private.weekday_words(v_days[1], 'en'), chime_private.weekday_words(v_last, 'en'))
      else format('день %s по %s', chime_private.from_ru(chime_private.weekday_words(v_days[1], 'ru', 'genitive')),
        chime_private.weekday_words(v_last, 'ru', 'accusative')) end];
  end if;
  return array(select case when locale = 'en' and n = 1 then 'a ' else '' end || chime_private.weekday_words(u.d, locale)
               from unnest(v_days) with ordinality u(d, n) order by n);
end $$;
comment on function chime_private.weekday_condition_items is 'A Monday, Friday; a weekday: what a day may be.';

create or replace function chime_private.week_field_condition(weekdays bigint, nth_days bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
begin
  return chime_private.list_words(
      chime_private.weekday_condition_items(weekdays, locale) || chime_private.nth_weekday_items(nth_days, locale, 'nominative'), locale, 'or')
    || case when nth_days = 0 then '' when locale = 'en' then ' of the month' else ' месяца' end;
end $$;
comment on function chime_private.week_field_condition is 'A Monday or Friday; a weekday or the last Saturday of the month.';
