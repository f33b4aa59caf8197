-- Intervals of hours, minutes and seconds that no day divides into (12_rrule_steps.sql), in words. Such a rule counts on the wall
-- clock, unlike an interval, which counts elapsed time: where clocks change, the two differ.

create or replace function chime_private.rrule_within_words(fields bigint[], start bigint, locale text) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_hourly boolean := fields[9] = 3600;
  v_seconds integer[] := chime_private.bit_values(fields[1]);
  v_minutes integer[] := chime_private.bit_values(fields[2]);
  v_part record;
  v_words text;
begin
  if fields[9] = 1 or fields[1] & (fields[1] - 1) = 0 and (fields[2] & (fields[2] - 1) = 0 or not v_hourly)
    and start % fields[9] = v_seconds[1] + (case when v_hourly then v_minutes[1] * 60 else 0 end) then
    return '';
  elsif v_hourly and v_seconds = '{0}' then
    v_words := (chime_private.part_words(v_minutes, 'minute', locale)).words;
  else
    v_part := chime_private.part_words(v_seconds, 'second', locale);
    v_words := v_part.words;
    if v_hourly and not (v_part.whole and cardinality(v_minutes) = 60) then
      v_words := v_words || case
          when v_part.whole then case locale when 'en' then ' in ' else ' в течение ' end
          when locale = 'en' then ' of ' else ' ' end
        || case when cardinality(v_minutes) < 60 then chime_private.number_words(v_minutes, 'minute', locale, false)
           when locale = 'en' then 'every minute' else 'каждой минуты' end;
    end if;
  end if;
  if v_words ~ '^(at|в|на) ' then
    return ' ' || v_words;
  end if;
  return case when locale = 'en' then case when v_hourly then ', in each such hour ' else ', in each such minute ' end
    else case when v_hourly then ', в каждом таком часе ' else ', в каждой такой минуте ' end end || v_words;
end $$;
comment on function chime_private.rrule_within_words is
  'When within the hours or minutes of its interval a rule fires; empty where that is only when its first wall second, start, was.';

create or replace function chime_private.rrule_step_words(
  fields bigint[], start bigint, keeps_offset boolean, locale text, out words text, out only_words text
)
language plpgsql immutable parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_only text := case when v_english then ', only ' else ', только ' end;
  v_within text := chime_private.rrule_within_words(fields, start, locale);
  v_runs record;
begin
  words := chime_private.elapsed_words(fields[12] * fields[9] * 1000000, locale)
    || case when keeps_offset then '' when v_english then ' by the wall clock' else ' по показаниям часов' end
    || case when v_within ~ '^,' then '' else v_within end;
  only_words := case when v_within ~ '^,' then v_within else '' end;
  if fields[3] <> (1 << 24) - 1 then
    v_runs := chime_private.value_runs(chime_private.bit_values(fields[3]));
    only_words := only_words || v_only || chime_private.span_words(array(select l * 3600 from unnest(v_runs.lows) l),
      array(select h * 3600 + 3599 from unnest(v_runs.highs) h), false, locale);
  end if;
  if fields[9] < 3600 and fields[2] <> (1::bigint << 60) - 1 then
    only_words := only_words || v_only || case when v_english then 'at ' else '' end
      || chime_private.number_words(chime_private.bit_values(fields[2]), 'minute', locale, true)
      || case when v_english then ' of the hour' else ' каждого часа' end;
  end if;
  if fields[9] = 1 and fields[1] <> (1::bigint << 60) - 1 then
    only_words := only_words || v_only || case when v_english then 'at ' else '' end
      || chime_private.number_words(chime_private.bit_values(fields[1]), 'second', locale, true)
      || case when v_english then ' of the minute' else ' каждой минуты' end;
  end if;
end $$;
comment on function chime_private.rrule_step_words is
  'Every 7 minutes by the wall clock, only from 09:00 to 10:59. keeps_offset: the zone never changes its clocks, and the clock need '
  'not be spoken of. start: the wall second that it counts from, null where that is not known.';
