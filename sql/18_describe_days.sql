-- Months, days of the month and weekdays, in words. What is said of a day is an adverb ("on the 1st of the month", "по
-- понедельникам"); where a rule wants two things of one day, the weekday is a condition ("when that is a Monday").

create or replace function chime_private.all_months(months bigint) returns boolean
language sql immutable strict parallel safe
as $$ select months & 8190 = 8190 $$;
comment on function chime_private.all_months is 'Whether a set of months leaves none out.';

create or replace function chime_private.of_months_words(months bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_months integer[] := chime_private.bit_values(months);
  v_many constant boolean := cardinality(v_months) > 2;
begin
  if chime_private.all_months(months) then
    return case locale when 'en' then 'of the month' else 'каждого месяца' end;
  elsif v_many and chime_private.value_step(v_months) = 1 then
    return case locale when 'en' then 'of each month ' else 'каждого месяца ' end || chime_private.in_months_words(months, locale);
  end if;
  return case locale when 'en' then 'of ' else '' end
    || chime_private.list_words(array(select chime_private.month_words(m, locale, 'genitive') from unnest(v_months) m order by m), locale);
end $$;
comment on function chime_private.of_months_words is 'Of the month, of January and July: what a day belongs to.';

create or replace function chime_private.in_months_words(months bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_months integer[] := chime_private.bit_values(months);
  v_first text := chime_private.month_words(v_months[1], locale);
  v_last text := chime_private.month_words(v_months[cardinality(v_months)], locale);
begin
  if chime_private.all_months(months) then
    return '';
  elsif cardinality(v_months) > 2 and chime_private.value_step(v_months) = 1 then
    return case locale when 'en' then format('from %s to %s', v_first, v_last) else format('с %s по %s',
      chime_private.month_words(v_months[1], locale, 'genitive'), v_last) end;
  end if;
  return case locale when 'en' then 'in ' else 'в ' end
    || chime_private.list_words(array(select chime_private.month_words(m, locale, 'prepositional') from unnest(v_months) m order by m), locale);
end $$;
comment on function chime_private.in_months_words is 'In January and July, from March to May; empty where no month is left out.';

create or replace function chime_private.plain_days_words(days integer[], locale text, bare boolean) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_step integer := chime_private.value_step(days);
  v_last integer := days[cardinality(days)];
  v_runs record := chime_private.value_runs(days);
  v_items text[];
  v_ends_in_run boolean := v_runs.highs[cardinality(v_runs.highs)] - v_runs.lows[cardinality(v_runs.lows)] >= 2;
begin
  if v_step > 1 and cardinality(days) > 8 then
    return case locale when 'en' then format('every %s day from the %s to the %s',
        chime_private.day_ordinal(v_step), chime_private.day_ordinal(days[1]), chime_private.day_ordinal(v_last))
      else format('каждый %s-й день с %s-го по %s-е число', v_step, days[1], v_last) end;
  end if;
  select array_agg(case
      when r.high - r.low < 2 then case locale when 'en' then chime_private.day_ordinal(n) else n || case when bare then '' else '-го' end end
      when locale = 'en' then chime_private.day_ordinal(r.low) || ' to ' || chime_private.day_ordinal(r.high)
      when bare then format('с %s по %s', r.low, r.high)
      else format('с %s-го по %s-е', r.low, r.high) end order by n) into v_items
  from unnest(v_runs.lows, v_runs.highs) r(low, high), generate_series(r.low, case when r.high - r.low < 2 then r.high else r.low end) n;
  return case locale when 'en' then 'the ' else '' end || chime_private.list_words(v_items, locale)
    || case when locale = 'en' or bare then '' when v_ends_in_run then ' число' else ' числа' end;
end $$;
comment on function chime_private.plain_days_words is
  'The 1st, 10th to 15th and 20th. In Russian 1-го числа, or bare, for the name of a month to follow: 1 января.';

create or replace function chime_private.near_days_words(days integer[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_many boolean := cardinality(days) > 1;
  v_list text := chime_private.list_words(array(
    select case locale when 'en' then chime_private.day_ordinal(d) else d || '-му' end from unnest(days) d order by d), locale);
begin
  if locale = 'en' then
    return case when v_many then 'the nearest weekdays to the ' else 'the nearest weekday to the ' end || v_list;
  end if;
  return case when v_many then format('в ближайшие к %s числам будние дни', v_list) else format('в ближайший к %s числу будний день', v_list) end;
end $$;
comment on function chime_private.near_days_words is 'The nearest weekday to the 15th (15W).';

create or replace function chime_private.last_days_words(days integer[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_list text := chime_private.list_words(array(select chime_private.ordinal_words(-1 - d, locale) from unnest(days) d order by d), locale);
  v_many integer := cardinality(days);
begin
  if v_many > 2 and days[v_many] = v_many - 1 then
    return case locale when 'en' then 'the last ' else 'в последние ' end || chime_private.count_words(v_many, 'day', locale);
  elsif locale = 'en' then
    return 'the ' || v_list || case when v_many > 1 then ' days' else ' day' end;
  end if;
  return 'в ' || v_list || ' день';
end $$;
comment on function chime_private.last_days_words is 'The last day, the second to last day, the last 3 days; days are counted back from the last, which is 0.';

create or replace function chime_private.month_days_words(
  days bigint, last_days bigint, near_days bigint, months bigint, locale text
) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_days integer[] := chime_private.bit_values(days);
  v_near integer[] := chime_private.bit_values(near_days & ~1::bigint);
  v_alone boolean := last_days = 0 and near_days = 0;
  v_items text[] := '{}';
begin
  if days <> 0 then
    v_items := v_items || chime_private.plain_days_words(v_days, locale, v_alone and months & (months - 1) = 0);
  end if;
  if v_near <> '{}' then
    v_items := v_items || chime_private.near_days_words(v_near, locale);
  end if;
  if near_days & 1 = 1 then
    v_items := v_items || case locale when 'en' then 'the last weekday' else 'в последний будний день' end;
  end if;
  if last_days <> 0 then
    v_items := v_items || chime_private.last_days_words(chime_private.bit_values(last_days), locale);
  end if;
  return case locale when 'en' then 'on ' else '' end || chime_private.list_words(v_items, locale)
    || ' ' || chime_private.of_months_words(months, locale)
    -- A month without such a day is passed over; whoever means its last day has to notice.
    || case when v_alone and cardinality(v_days) = 1 and v_days[1] > 28 and chime_private.all_months(months)
         then case locale when 'en' then ' (where there is one)' else ' (если оно есть)' end else '' end;
end $$;
comment on function chime_private.month_days_words is 'On the 1st and the last day of the month: what the day-of-month field says.';
