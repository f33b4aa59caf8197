-- The time of day of a cron rule: which of the ways of 18_describe_times.sql tells it best.

create or replace function chime_private.time_of_day_words(
  fields bigint[], locale text, out words text, out daily boolean, out listed boolean
)
language plpgsql immutable strict parallel safe
as $$
declare
  c_most constant integer := 12;  -- times in a list; a person reads no more of them
  v_seconds integer[] := chime_private.bit_values(fields[1]);
  v_minutes integer[] := chime_private.bit_values(fields[2]);
  v_hours integer[] := chime_private.bit_values(fields[3]);
  v_step integer;
begin
  listed := fields[7] & 1 = 0 and cardinality(v_seconds) * cardinality(v_minutes) * cardinality(v_hours) <= c_most;
  daily := cardinality(v_hours) < 24;
  if listed then
    words := case locale when 'en' then 'at ' else 'в ' end || chime_private.list_words(
      array(select chime_private.clock_words(h * 3600 + m * 60 + s, v_seconds <> '{0}')
            from unnest(v_hours) h, unnest(v_minutes) m, unnest(v_seconds) s order by h, m, s), locale);
  elsif cardinality(v_seconds) = 1 and cardinality(v_minutes) = 1 then
    v_step := chime_private.cycle_step(v_hours, 24);
    if v_hours[1] = 0 and v_minutes = '{0}' and v_seconds = '{0}' and v_step is not null then
      daily := false;
      words := chime_private.every_words(v_step, 'hour', locale);
    elsif daily then
      words := chime_private.hourly_words(v_hours, v_minutes[1] * 60 + v_seconds[1], locale);
      daily := words !~ '^(whenever|каждый раз)';
    end if;
  else
    words := chime_private.walk_words(v_seconds, v_minutes, v_hours, locale);
  end if;
  words := coalesce(words, chime_private.nested_words(v_seconds, v_minutes, v_hours, locale));
end $$;
comment on function chime_private.time_of_day_words is
  'When in a day a compiled cron expression fires. daily: what days it means has to be said; listed: told as a list of times.';
