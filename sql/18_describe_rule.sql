-- Any rule in words, in English and Russian: what fires, on which days, between which bounds, by which clock. Complete
-- enough for a person to notice a wrong rule: two rules that fire differently are never described alike.

create or replace function chime_private.zone_words(timezone text, locale text) returns text
language sql immutable strict parallel safe
as $$
  select case when locale = 'en' then timezone || case timezone when 'UTC' then '' else ' time' end
    else 'по ' || case timezone when 'UTC' then '' else 'времени ' end || timezone end
$$;
comment on function chime_private.zone_words is 'By which clock: Europe/Berlin time, UTC.';

create or replace function chime_private.keeps_offset(timezone text) returns boolean
language sql immutable strict parallel safe
as $$ select timezone ~ '^(Etc/.+|UTC|UCT|GMT.*|Zulu|Universal|Greenwich)$' $$;
comment on function chime_private.keeps_offset is
  'Whether a zone is named for its offset and never changes its clocks, so that it does not matter whether a rule follows them.';

create or replace function chime_private.rule_words(rule chime_private.rule, locale text) returns text
language plpgsql stable strict parallel safe
as $$
declare
  v_english boolean := locale = 'en';
  v_words text := case rule.kind
    when 'cron' then chime_private.cron_words(rule.cron, chime_private.keeps_offset(rule.timezone), locale)
    when 'every' then chime_private.interval_words(rule, locale)
    when 'at' then chime_private.once_words(rule, locale)
    when 'rrule' then chime_private.rrule_words(rule, locale) end;
  -- A recurrence rule that follows real time has them in its own words: they are those of the schedule and its own in one.
  v_said boolean := rule.kind = 'rrule' and rule.real_time;
  v_bounds text[] := '{}';
begin
  if rule.starts_at is not null and not v_said then
    v_bounds := v_bounds || (case when v_english then 'not before ' else 'не раньше ' end
      || chime_private.instant_words(rule.starts_at, rule.timezone, locale));
  end if;
  if rule.ends_at is not null and not v_said then
    v_bounds := v_bounds || (case when v_english then 'not after ' else 'не позже ' end
      || chime_private.instant_words(rule.ends_at, rule.timezone, locale));
  end if;
  if v_bounds <> '{}' then
    v_words := v_words || ', ' || chime_private.list_words(v_bounds, locale);
  end if;
  return v_words || ', ' || chime_private.zone_words(rule.timezone, locale);
end $$;
comment on function chime_private.rule_words is
  'A compiled rule in words, by its kind, with its bounds and its zone; locale is en or ru. What a clock change does to it, '
  'by dst_gap and dst_fold, is not told.';
