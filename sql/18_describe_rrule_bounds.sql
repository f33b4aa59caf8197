-- Where a recurrence rule begins and ends, and its RDATE and EXDATE, in words.

create or replace function chime_private.rrule_local(wall bigint) returns timestamp
language sql immutable parallel safe
as $$ select timestamp '1970-01-01' + wall * interval '1 second' $$;
comment on function chime_private.rrule_local is 'A wall second as a time of the calendar.';

create or replace function chime_private.rrule_dates_words(walls bigint[], second bigint, locale text) returns text
language plpgsql immutable parallel safe
as $$
declare
  c_most constant integer := 5;
  v_walls bigint[] := array(select w from unnest(walls) w order by w);
  v_left integer := cardinality(v_walls) - c_most;
  -- The time is said where the rule itself does not, because it has several a day or another one.
  v_with_time boolean := second is null or exists (select from unnest(v_walls) w where w % 86400 <> second);
  v_items text[];
begin
  v_items := array(
    select chime_private.date_words(t.local, locale) || case when v_with_time then ' ' || chime_private.local_time_words(t.local) else '' end
    from unnest(v_walls) with ordinality w(wall, place), lateral (select chime_private.rrule_local(w.wall)) t(local)
    where w.place <= c_most or v_left = 1 or w.place = c_most + v_left order by w.wall);
  if v_left > 1 then
    v_items[c_most + 1] :=
      format(case locale when 'en' then '%s more (up to %s)' else 'ещё %s (до %s включительно)' end, v_left, v_items[c_most + 1]);
  end if;
  return chime_private.list_words(v_items, locale);
end $$;
comment on function chime_private.rrule_dates_words is
  'A few dates, and how many more there are; without times where all of them are at this second of the day.';

create or replace function chime_private.rrule_begin(rule chime_private.rule) returns bigint
language plpgsql stable parallel safe
as $$
declare
  v_step bigint := rule.rrule[12];
  v_unit bigint := rule.rrule[9];
  v_wall bigint;
  v_away bigint;
begin
  if not rule.real_time then return rule.rrule[16]; end if;
  v_wall := date_part('epoch', date_trunc('second', rule.starts_at at time zone rule.timezone));
  if v_step = 1 then return v_wall; end if;
  -- Where starts_at of the schedule is later than DTSTART, the first step that is not before it says as much.
  v_away := ((rule.rrule[13] - v_wall / v_unit) % v_step + v_step) % v_step;
  return case v_away when 0 then v_wall else (v_wall / v_unit + v_away) * v_unit end;
end $$;
comment on function chime_private.rrule_begin is
  'The wall second that a recurrence rule is said to begin with or to count from; null where that is now.';

create or replace function chime_private.rrule_start_words(rule chime_private.rule, locale text) returns text
language plpgsql stable parallel safe
as $$
declare
  v_counted boolean := rule.rrule[12] > 1;
  v_wall bigint := chime_private.rrule_begin(rule);
  v_local timestamp := chime_private.rrule_local(v_wall);
  v_words text;
begin
  if v_wall is null then
    return case when locale = 'en' then case when v_counted then ', counted from now' else ', from now on' end
      else case when v_counted then ', считая с этого момента' else ', с этого момента' end end;
  elsif rule.real_time and v_local = date_trunc('second', rule.starts_at at time zone rule.timezone) then
    v_words := chime_private.instant_words(rule.starts_at, rule.timezone, locale);
  else
    -- Where nothing of that day comes before it, the day is all that matters.
    v_words := chime_private.date_words(v_local, locale) || case
      when not rule.real_time and rule.rrule[7] & 64 = 0 and v_wall % 86400 <= rule.rrule[8] then ''
      else ' ' || chime_private.local_time_words(v_local) end;
  end if;
  return case when locale = 'en' then case when v_counted then ', counted from ' else ', from ' end
    else case when v_counted then ', считая с ' else ', с ' end end || v_words;
end $$;
comment on function chime_private.rrule_start_words is 'From 2026-01-05; counted from 2026-01-05, where an interval needs a beginning.';

create or replace function chime_private.rrule_end_words(rule chime_private.rule, locale text) returns text
language plpgsql stable parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_fields bigint[] := rule.rrule;
  v_last bigint := case when v_fields[7] & 64 = 64 then 86399 else chime_private.highest_bit(v_fields[3]) * 3600
    + chime_private.highest_bit(v_fields[2]) * 60 + chime_private.highest_bit(v_fields[1]) end;
  v_local timestamp := case when rule.real_time then rule.ends_at at time zone rule.timezone
    when v_fields[17] < 9223372036854775807 then chime_private.rrule_local(v_fields[17]) end;
begin
  if rule.count = 1 then
    return case when v_english then ', only once' else ', только один раз' end;
  elsif rule.count > 1 then
    return ', ' || rule.count
      || case when v_english then ' times' when chime_private.plural_form(rule.count) = 2 then ' раза' else ' раз' end;
  elsif v_local is null then
    return '';
  end if;
  -- "From 2026-01-05 until 2026-12-31" goes without a comma.
  return case when v_fields[12] > 1 or v_fields[16] is null then ', ' else ' ' end || case when v_english then 'until ' else 'по ' end
    || case
    when rule.real_time and v_local::time <> time '23:59:59' then chime_private.instant_words(rule.ends_at, rule.timezone, locale)
    when rule.real_time then chime_private.date_words(v_local, locale) || chime_private.fold_words(rule.ends_at, rule.timezone)
    -- Where nothing of that day comes after it, the day is all that matters.
    when v_fields[17] % 86400 >= v_last then chime_private.date_words(v_local, locale)
    else chime_private.date_words(v_local, locale) || ' ' || chime_private.local_time_words(v_local) end;
end $$;
comment on function chime_private.rrule_end_words is 'Until 2030-12-31, which belongs to it; 10 times; empty where there is no end.';
