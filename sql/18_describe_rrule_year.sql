-- Days and weeks of the year in a recurrence rule, in words.

create or replace function chime_private.rrule_year_numbers(fields bigint[]) returns integer[]
language plpgsql immutable strict parallel safe
as $$
declare
  v_places boolean[] := array_fill(false, array[732]);
  v_place integer;
  v_numbers integer[] := '{}';
  v_first integer;
begin
  -- The days of a leap year and of a common one in turn, from the end: 366th, 365th; 365th, 364th; ... A number from the end means
  -- two neighbours, an odd place and the next; a number from the start an even place and the next.
  for v_place in
    select case y.year when 2024 then 733 - 2 * n.day else 732 - 2 * n.day end
    from (values (2023, 34), (2024, 46)) y(year, before), generate_series(1, 12) m, unnest(chime_private.bit_values(fields[before + m])) d,
      lateral (select chime_private.month_start(y.year, m) - chime_private.month_start(y.year, 1) + d) n(day)
  loop
    v_places[v_place] := true;
  end loop;
  v_place := 1;
  while v_place < 732 loop
    if not v_places[v_place] then
      v_place := v_place + 1;
      continue;
    end if;
    -- With the next place where that is wanted too; else the one before it is named twice, but for the ends of the year.
    v_first := case
      when v_places[v_place + 1] or v_place = 1 or v_place = 731 and not v_places[730] then v_place
      else v_place - 1 end;
    v_numbers := v_numbers || case
      when v_place = 1 and not v_places[2] then 366
      when v_first % 2 = 1 then -(v_first + 1) / 2
      else 366 - v_first / 2 end;
    v_place := v_first + 2;
  end loop;
  return v_numbers;
end $$;
comment on function chime_private.rrule_year_numbers is
  'The list of BYYEARDAY, from the days that a compiled RRULE holds of it: the shortest, where there are several.';

create or replace function chime_private.rrule_year_day_words(fields bigint[], locale text, conjunction text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  c_most constant integer := 24;
  v_items text[] := chime_private.ordinal_items(chime_private.rrule_year_numbers(fields), locale, 'm', 'accusative');
  v_list text := chime_private.short_list_words(v_items, c_most, locale, conjunction);
  v_more text := chime_private.more_words(v_items, c_most, locale, conjunction);
begin
  if locale = 'en' then
    return 'the ' || v_list || case when conjunction = 'and' and cardinality(v_items) > 1 then ' days' else ' day' end
      || v_more || ' of the year';
  elsif conjunction = 'and' then
    return chime_private.in_ru(v_list) || ' день' || v_more || ' каждого года';
  end if;
  return v_list || ' день' || v_more || ' года';
end $$;
comment on function chime_private.rrule_year_day_words is
  'The 100th and last days of the year: with "and" as days on which something happens, with "or" as what a day may be.';

create or replace function chime_private.rrule_weeks_words(fields bigint[], locale text, conjunction text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  c_most constant integer := 24;
  v_weeks text[] := chime_private.run_items(chime_private.bit_values(fields[18]), case locale when 'en' then '' else '-й' end);
  v_last text[] := chime_private.ordinal_items(
    array(select -n from unnest(chime_private.bit_values(fields[19])) n), locale, 'f', 'genitive');
  v_parts text[] := '{}';
begin
  if locale = 'ru' then
    return chime_private.short_list_words(v_weeks || v_last, c_most, locale, conjunction)
      || case when bit_count(fields[18]::bit(64)) + bit_count(fields[19]::bit(64)) > 1 and conjunction = 'and' then ' недель' else ' недели' end
      || chime_private.more_words(v_weeks || v_last, c_most, locale, conjunction);
  end if;
  if v_weeks <> '{}' then
    v_parts := v_parts || (case when fields[18] & (fields[18] - 1) <> 0 and conjunction = 'and' then 'weeks ' else 'week ' end
      || chime_private.list_words(v_weeks, locale, conjunction));
  end if;
  if v_last <> '{}' then
    v_parts := v_parts || ('the ' || chime_private.short_list_words(v_last, c_most, locale, conjunction) || ' week'
      || chime_private.more_words(v_last, c_most, locale, conjunction));
  end if;
  return chime_private.list_words(v_parts, locale, conjunction);
end $$;
comment on function chime_private.rrule_weeks_words is 'Weeks 1 and 20–25 and the last week; in Russian in the genitive.';
