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

create or replace function chime.describe(
  cron text default null,
  every interval default null,
  at text default null,
  rrule text default null,
  timezone text default 'UTC',
  locale text default 'en',
  anchor timestamptz default null,
  starts_at timestamptz default null,
  ends_at timestamptz default null
) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_locale text := chime_private.check_locale(locale);
  v_from_now boolean := not chime_private.rrule_has_start(rrule) and num_nonnulls(anchor, starts_at) = 0;
  v_rule chime_private.rule := chime_private.read_rule(cron, every, at, rrule, timezone, null, null,
    coalesce(anchor, starts_at, case when v_from_now then chime.now() end), starts_at, ends_at);
begin
  if v_from_now then
    v_rule.rrule[16] := null;
    if v_rule.real_time then v_rule.starts_at := null; end if;
  end if;
  return chime_private.rule_words(v_rule, v_locale);
end $$;
comment on function chime.describe(text, interval, text, text, text, text, timestamptz, timestamptz, timestamptz) is
  'A rule in words, without storing anything: "at 09:00 on weekdays, Europe/Berlin time". Give exactly one of cron, every, at '
  'and rrule; locale is en or ru (also en-GB, ru_RU and the like). Instants are shown on the clock of timezone. An interval counts '
  'from anchor (default starts_at, else its creation), and so does a recurrence rule without DTSTART (else now). Errors: CH001, CH002, CH003, CH007.';
