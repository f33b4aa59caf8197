-- The time of day of a cron rule, in words.
--
-- A rule of fixed times is told as a list of them ("at 09:00 and 17:30"), one that follows real time as a frequency
-- ("every 15 minutes from 09:00 to 17:45"), so that the two never read the same: they differ where clocks change. Where
-- fixed times are too many to list, the caller adds that each of them comes once; where a rule that follows real time
-- has no frequency, it fires "whenever clocks show" its times.

create or replace function chime_private.number_words(numbers integer[], unit text, locale text, is_head boolean) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_many boolean := cardinality(numbers) > 1;
  v_list text := chime_private.list_words(chime_private.run_items(numbers), locale);
begin
  return case
    when locale = 'en' then unit || case when v_many then 's ' else ' ' end || v_list
    when is_head and unit = 'minute' then
      -- As a clock is read: "в 5 минут". "На 5-й минуте" could be taken for the minute before.
      'в ' || v_list || ' ' || ('{минуту,минуты,минут}'::text[])[chime_private.plural_form(numbers[cardinality(numbers)])]
    when is_head then case when v_many then 'на секундах ' else 'на секунде ' end || v_list
    else case when v_many then 'минут ' else 'минуты ' end || v_list end;
end $$;
comment on function chime_private.number_words is
  'Minute 5; minutes 0, 15 and 30–40. In Russian either as the head of a phrase, or in the genitive.';

create or replace function chime_private.part_words(numbers integer[], unit text, locale text, out words text, out whole boolean)
language plpgsql immutable strict parallel safe
as $$
declare
  v_step integer := chime_private.value_step(numbers);
  v_last integer := numbers[cardinality(numbers)];
begin
  whole := coalesce(numbers[1] = 0 and v_step * cardinality(numbers) = 60, false);
  if whole then
    words := chime_private.every_words(v_step, unit, locale);
  elsif cardinality(numbers) > 12 and v_step is not null or cardinality(numbers) > 2 and v_step = 1 then
    words := chime_private.every_words(v_step, unit, locale) || case
      when locale = 'en' then format(' from %s %s to %1$s %3$s', unit, numbers[1], v_last)
      when unit = 'second' then format(' с секунды %s по секунду %s', numbers[1], v_last)
      else format(' с минуты %s по минуту %s', numbers[1], v_last) end;
  else
    words := case locale when 'en' then 'at ' else '' end || chime_private.number_words(numbers, unit, locale, true);
  end if;
end $$;
comment on function chime_private.part_words is
  'Seconds of a minute or minutes of an hour, as the head of a phrase; whole where they are every so many from 0 on.';

create or replace function chime_private.hours_words(hours integer[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_runs record := chime_private.value_runs(hours);
  v_begins text;
begin
  if cardinality(hours) = 24 then
    return case locale when 'en' then 'every hour' else 'каждого часа' end;
  elsif cardinality(v_runs.lows) <= 4 and cardinality(hours) > cardinality(v_runs.lows) then
    return case locale when 'en' then 'every hour ' else 'каждого часа ' end || chime_private.span_words(
      array(select l * 3600 from unnest(v_runs.lows) l), array(select h * 3600 + 3599 from unnest(v_runs.highs) h), false, locale);
  end if;
  v_begins := chime_private.list_words(array(select chime_private.clock_words(h * 3600, false) from unnest(hours) h order by h), locale);
  if cardinality(hours) = 1 then
    return case locale when 'en' then 'the hour that begins at ' else 'часа, начинающегося в ' end || v_begins;
  end if;
  return case locale when 'en' then 'the hours that begin at ' else 'часов, начинающихся в ' end || v_begins;
end $$;
comment on function chime_private.hours_words is 'Hours as what minutes belong to; in Russian in the genitive.';

create or replace function chime_private.nested_words(seconds integer[], minutes integer[], hours integer[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_part record;
  v_text text;
  v_of text := case locale when 'en' then ' of ' else ' ' end;
  v_within text := case locale when 'en' then ' in ' else ' в течение ' end;
  v_hours text := chime_private.hours_words(hours, locale);
begin
  if seconds = '{0}' then
    v_part := chime_private.part_words(minutes, 'minute', locale);
    return v_part.words || case when not v_part.whole then v_of || v_hours
      when cardinality(hours) = 24 then '' else v_within || v_hours end;
  end if;
  v_part := chime_private.part_words(seconds, 'second', locale);
  v_text := v_part.words || case when v_part.whole then v_within else v_of end;
  if cardinality(minutes) < 60 then
    return v_text || chime_private.number_words(minutes, 'minute', locale, false) || v_of || v_hours;
  elsif cardinality(hours) = 24 then
    return case when v_part.whole then v_part.words else v_text || case locale when 'en' then 'every minute' else 'каждой минуты' end end;
  end if;
  return case when v_part.whole then v_part.words || v_within else v_text || case locale when 'en' then 'every minute of ' else 'каждой минуты ' end end || v_hours;
end $$;
comment on function chime_private.nested_words is 'Any times at all: at seconds 0 and 30 of minutes 5 and 7 of every hour.';

create or replace function chime_private.walk_words(seconds integer[], minutes integer[], hours integer[], locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_in_seconds boolean := cardinality(seconds) > 1;
  v_step integer := case when cardinality(seconds) > 1 then chime_private.cycle_step(seconds, 60) else chime_private.value_step(minutes) end;
  v_unit text := case when v_in_seconds then 'second' else 'minute' end;
  v_runs record := chime_private.value_runs(hours);
  v_low integer := minutes[1] * 60 + seconds[1];
  v_high integer := minutes[cardinality(minutes)] * 60 + seconds[cardinality(seconds)];
  v_through boolean;  -- goes on in the same step from one hour to the next
begin
  if v_step is null or cardinality(hours) = 24 then
    return null;
  end if;
  v_through := case when v_in_seconds then cardinality(minutes) = 60 else v_step * cardinality(minutes) = 60 end;
  if not v_through then
    if cardinality(hours) > 2 or v_in_seconds and cardinality(minutes) > 1 and chime_private.value_step(minutes) is distinct from 1
      or not v_in_seconds and v_step > 1 and cardinality(minutes) = 2 then
      return null;
    end if;
    v_runs.lows := hours;
    v_runs.highs := hours;
  elsif cardinality(v_runs.lows) > 4 then
    return null;
  end if;
  return chime_private.every_words(v_step, v_unit, locale) || ' ' || chime_private.span_words(
    array(select l * 3600 + v_low from unnest(v_runs.lows) l), array(select h * 3600 + v_high from unnest(v_runs.highs) h),
    seconds <> '{0}', locale);
end $$;
comment on function chime_private.walk_words is
  'Every so many minutes or seconds from one time to another; null for times that cannot be told so.';

create or replace function chime_private.hourly_words(hours integer[], second integer, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_step integer := chime_private.value_step(hours);
  v_with_seconds boolean := second % 60 <> 0;
  v_runs record;
  v_lows integer[];
  v_highs integer[];
  v_alone text[];
  v_words text;
begin
  if v_step = 1 or v_step * cardinality(hours) = 24 or v_step is not null and cardinality(hours) > 2 then
    v_lows := array[hours[1] * 3600 + second];
    v_highs := array[hours[cardinality(hours)] * 3600 + second];
    return chime_private.every_words(v_step, 'hour', locale) || ' ' || chime_private.span_words(v_lows, v_highs, v_with_seconds, locale);
  end if;
  v_runs := chime_private.value_runs(hours);
  select array_agg(low * 3600 + second order by low) filter (where high > low), array_agg(high * 3600 + second order by low) filter (where high > low),
    array_agg(chime_private.clock_words(low * 3600 + second, v_with_seconds) order by low) filter (where high = low)
    into v_lows, v_highs, v_alone
  from unnest(v_runs.lows, v_runs.highs) r(low, high);
  if v_lows is null then
    return case locale when 'en' then 'whenever clocks show ' else 'каждый раз, когда часы показывают ' end
      || chime_private.list_words(v_alone, locale, 'or');
  end if;
  v_words := chime_private.every_words(1, 'hour', locale) || ' ' || chime_private.span_words(v_lows, v_highs, v_with_seconds, locale);
  return v_words || case when v_alone is null then ''
    else case locale when 'en' then ' and at ' else ' и в ' end || chime_private.list_words(v_alone, locale) end;
end $$;
comment on function chime_private.hourly_words is 'Some hours, at one second of each, for a rule that has no list of fixed times.';
