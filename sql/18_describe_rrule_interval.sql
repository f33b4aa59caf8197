-- The interval of a recurrence rule, in words. Which of the months or years it means is told where they are named anyway ("of
-- every 2nd month"), weeks and days begin the sentence ("every 2 weeks on Monday"); any other is added at its end.

create or replace function chime_private.rrule_by_years(fields bigint[]) returns bigint[]
language plpgsql immutable strict parallel safe
as $$
begin
  if fields[11] = 2 and fields[12] % 12 = 0 and fields[5] = 8190 then
    fields[5] := 1 << (fields[13] % 12 + 1)::integer;
    fields[11] := 1;
    fields[12] := fields[12] / 12;
    fields[13] := fields[13] / 12;
  end if;
  return fields;
end $$;
comment on function chime_private.rrule_by_years is 'A compiled RRULE, with every 12 months as every year.';

create or replace function chime_private.rrule_every_nth_words(unit integer, step bigint, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
begin
  if locale = 'en' then
    return format('every %s %s', chime_private.day_ordinal(step::integer), ('{year,month,week,day}'::text[])[unit]);
  end if;
  return format(('{каждый %s-й год,каждый %s-й месяц,каждую %s-ю неделю,каждый %s-й день}'::text[])[unit], step);
end $$;
comment on function chime_private.rrule_every_nth_words is 'Every 2nd month; unit as in a compiled RRULE.';

create or replace function chime_private.rrule_slot_words(words text, fields bigint[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_yearly boolean := fields[11] = 1;
  v_nth text := case locale when 'en' then chime_private.rrule_every_nth_words(fields[11]::integer, fields[12], locale)
    else format(case when v_yearly then 'каждого %s-го года' else 'каждого %s-го месяца' end, fields[12]) end;
  v_slot text := case locale when 'en' then case when v_yearly then 'of the year' else 'of the month' end
    else case when v_yearly then 'каждого года' else 'каждого месяца' end end;
begin
  if strpos(words, v_slot) > 0 then
    return replace(words, v_slot, case locale when 'en' then 'of ' else '' end || v_nth);
  elsif locale = 'en' then
    return ltrim(words || case when v_yearly then ' in ' else ' of ' end || v_nth);
  end if;
  return case when words in ('', 'ежедневно') then 'каждый день' else words end || ' ' || v_nth;
end $$;
comment on function chime_private.rrule_slot_words is 'The days of a rule whose interval is in months or years: on the 1st of every 2nd month.';

create or replace function chime_private.rrule_paced_days(
  fields bigint[], daily boolean, locale text, out words text, out only_words text, out leads boolean
)
language plpgsql immutable strict parallel safe
as $$
declare
  v_unit integer := fields[11];
  v_step bigint := fields[12];
  v_any_day boolean := fields[7] & 30 = 0 and fields[6] & 127 = 127;
  v_only text := case locale when 'en' then ', only ' else ', только ' end;
  v_days record;
begin
  if fields[5] = 0 then
    -- BYMONTH and BYWEEKNO exclude each other, and RDATE alone fires.
    words := case locale when 'en' then 'on no day' else 'ни в один день' end;
    only_words := '';
    leads := false;
    return;
  end if;
  v_days := chime_private.rrule_day_words(fields, daily, locale);
  words := v_days.words;
  only_words := case v_days.only_months when 8190 then '' else v_only || chime_private.in_months_words(v_days.only_months, locale) end;
  leads := v_step > 1 and (v_unit = 3 or v_unit = 4 and v_any_day);
  if v_step = 1 or v_unit > 4 then
    null;
  elsif leads then
    words := rtrim(case
        when v_unit = 4 and v_step % 7 > 0 then chime_private.every_words(v_step, 'day', locale)
        when v_unit = 3 then chime_private.every_words(v_step, 'week', locale)
          || ' ' || chime_private.on_weekdays_words(fields[6] & 127, locale)
        -- 1970-01-01 was a Thursday.
        else chime_private.every_words(v_step / 7, 'week', locale)
          || ' ' || chime_private.on_weekdays_words(1 << ((fields[13] + 4) % 7)::integer, locale) end
      || ' ' || chime_private.in_months_words(fields[5], locale));
  elsif v_unit = 1 or v_unit = 2 and fields[5] = 8190 then
    words := chime_private.rrule_slot_words(words, fields, locale);
  else
    only_words := only_words || v_only || chime_private.rrule_every_nth_words(v_unit, v_step, locale);
  end if;
  words := words || v_days.condition;
end $$;
comment on function chime_private.rrule_paced_days is
  'The days of a compiled RRULE with its interval, where that is one of days or longer. leads: they come before the times in '
  'English too. only_words: what is left to say at the end.';
