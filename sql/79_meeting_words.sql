-- What a reminder of a meeting says, in the language and on the wall clock of who reads it.

create or replace function chime_private.day_words(day date, today date, locale text) returns text
language sql immutable strict parallel safe
as $$
  select case day - today
    when 0 then case locale when 'ru' then 'сегодня' else 'today' end
    when 1 then case locale when 'ru' then 'завтра' else 'tomorrow' end
    else case locale
        when 'ru' then ('{вс,пн,вт,ср,чт,пт,сб}'::text[])[extract(dow from day)::integer + 1] || ' ' || extract(day from day) || ' '
          || chime_private.month_words(extract(month from day)::integer, 'ru', 'genitive')
        else left(chime_private.weekday_words(extract(dow from day)::integer, 'en'), 3) || ' ' || extract(day from day) || ' '
          || left(chime_private.month_words(extract(month from day)::integer, 'en'), 3) end
      || case when extract(year from day) = extract(year from today) then '' else ' ' || extract(year from day) end end
$$;
comment on function chime_private.day_words is 'A day as a message says it: today, tomorrow, Fri 21 Nov, in another year Fri 21 Nov 2025.';

create or replace function chime_private.stretch_words(starts_at timestamp, ends_at timestamp, today date, locale text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  v_first constant text := chime_private.day_words(starts_at::date, today, locale);
  -- Midnight belongs to the day that it ends.
  v_last_day constant date := greatest(starts_at::date, (ends_at - interval '1 microsecond')::date);
  v_last constant text := case when v_last_day > starts_at::date then chime_private.day_words(v_last_day, today, locale) end;
begin
  if starts_at::time = '00:00' and ends_at::time = '00:00' and ends_at > starts_at then
    return coalesce(v_first || ' – ' || v_last, v_first || case locale when 'ru' then ', весь день' else ', all day' end);
  end if;
  return v_first || ', ' || to_char(starts_at, 'HH24:MI') || case
    when ends_at = starts_at then ''
    when v_last is null then '–' || to_char(ends_at, 'HH24:MI')
    else ' – ' || v_last || ', ' || to_char(ends_at, 'HH24:MI') end;
end $$;
comment on function chime_private.stretch_words is 'A stretch of time on a wall clock, as a message says it: today, 15:00–15:45.';

create or replace function chime_private.meeting_text(m chime.meetings, now timestamptz) returns text
language sql stable
as $$
  select '⏰ ' || m.title || ': '
    || chime_private.stretch_words(m.starts_at at time zone z.name, m.ends_at at time zone z.name, (meeting_text.now at time zone z.name)::date,
      case when u.locale ~* '^ru' then 'ru' else 'en' end)
    || ' (' || z.name || ')' || coalesce(E'\n' || m.location, '')
  from chime.users u, chime_private.tenant_settings_of(m.tenant_id) t, lateral (select coalesce(u.timezone, t.timezone) as name) z
  where u.id = m.owner_id
$$;
comment on function chime_private.meeting_text is 'What reminds of a meeting at this instant: its title, when it is on the clock of its owner, and where.';
