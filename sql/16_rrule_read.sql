-- From the text of a recurrence rule to a rule that can be searched. The wall clock is that of the schedule's zone: times
-- that a rule gives in another one are converted.
--
-- A rule that repeats each hour or more often, with neither BYHOUR nor RDATE, follows real time, lest it fall silent in a fold;
-- it begins and ends at instants, which the wall clock of a fold could not tell apart. Any other begins and ends at wall seconds.
-- Raises CH001, CH002, CH003, CH007.

create or replace function chime_private.rrule_never(rrule text) returns void
language plpgsql immutable
as $$
begin
  perform chime_private.fail('CH002',
    format('The recurrence rule "%s" never fires.',
      translate(case when length(rrule) > 80 then left(rrule, 77) || '...' else rrule end, E'\t\r\n', '   ')),
    'Nothing within 400 years of DTSTART matches all of its parts: check them against each other, DTSTART against UNTIL, and EXDATE.');
end $$;
comment on function chime_private.rrule_never is 'Raises CH002 for a recurrence rule.';

create or replace function chime_private.rrule_instant(wall bigint, timezone text) returns timestamptz
language sql stable parallel safe
as $$
  select coalesce(to_timestamp((chime_private.resolve_wall(wall, timezone)).first),
    (timestamp '1970-01-01' + wall * interval '1 second') at time zone timezone)
$$;
comment on function chime_private.rrule_instant is
  'The instant of a wall second as RFC 5545 has it: the first of two, in a gap by the offset before it.';

create or replace function chime_private.rrule_real_time(parts jsonb) returns boolean
language sql immutable parallel safe
as $$
  select not parts ? 'BYHOUR' and coalesce(
    ('{"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}'::jsonb ->> (parts ->> 'FREQ'))::bigint
      * coalesce((parts ->> 'INTERVAL')::bigint, 1) <= 3600, false)
$$;
comment on function chime_private.rrule_real_time is 'Whether an RRULE repeats each hour or more often, at no hours that it names.';

create or replace function chime_private.end_rrule(
  rule chime_private.rule, rrule text, parts jsonb, at integer, start timestamptz
) returns chime_private.rule
language plpgsql stable
as $$
declare
  v_until record;
  v_end record;
begin
  if parts ? 'UNTIL' then
    v_until := chime_private.rrule_time(rrule, 'UNTIL', parts ->> 'UNTIL', at + length('UNTIL='), rule.timezone, null, null);
    v_until.wall := v_until.wall + case when v_until.is_date then 86399 else 0 end;
    if rule.real_time then
      rule.ends_at := coalesce(v_until.instant, chime_private.rrule_instant(v_until.wall, rule.timezone));
    else
      rule.rrule[17] := v_until.wall;
    end if;
  elsif parts ? 'COUNT' then
    v_end := chime_private.rrule_end(rule, date_part('epoch', start)::bigint, (parts ->> 'COUNT')::integer);
    if rule.real_time then
      rule.ends_at := to_timestamp(v_end.second);
    else
      rule.rrule[17] := v_end.wall;
    end if;
  end if;
  return rule;
end $$;
comment on function chime_private.end_rrule is 'A compiled rule with the end that UNTIL or COUNT gives it; at is where UNTIL stands. Raises CH001.';

create or replace function chime_private.settle_rrule_dates(rule chime_private.rule) returns chime_private.rule
language plpgsql immutable
as $$
declare
  v_added bigint[];
begin
  -- No second look is needed while searching: EXDATE keeps what takes something away, RDATE what is not there anyway.
  v_added := (
    select array_agg(distinct a) from unnest(rule.added) a
    where a <> all (coalesce(rule.excluded, '{}')) and chime_private.rrule_next(rule.rrule, rule.positions, a) is distinct from a);
  rule.excluded := (
    select array_agg(distinct e) from unnest(rule.excluded) e
    where e >= 0 and chime_private.rrule_next(rule.rrule, rule.positions, e) = e);
  rule.added := v_added;
  return rule;
end $$;
comment on function chime_private.settle_rrule_dates is 'A compiled rule whose RDATE and EXDATE neither overlap nor repeat what it names.';

create or replace function chime_private.read_rrule(rule chime_private.rule, rrule text, anchor timestamptz) returns chime_private.rule
language plpgsql stable
as $$
declare
  c_most_dates constant integer := 500;
  v_rule chime_private.rule := rule;
  v_line record;
  v_before text;
  v_zone record;
  v_start record;
  v_instant timestamptz := date_trunc('second', coalesce(anchor, chime.now()));
  v_wall bigint := date_part('epoch', v_instant at time zone rule.timezone);
  v_open boolean := anchor is null;  -- what it counts from is not known yet: a rule that is described, and not stored
  v_parts jsonb;
begin
  for v_line in
    select l.* from chime_private.rrule_lines(rrule) l order by array_position('{DTSTART,RRULE,RDATE,EXDATE}', l.property), l.at
  loop
    if v_line.property in ('DTSTART', 'RRULE') and v_line.property = v_before then
      perform chime_private.rrule_fail(rrule, format('it has a second %s', v_line.property), v_line.at, v_line.property,
        'A recurrence rule has one RRULE and at most one DTSTART.');
    end if;
    v_before := v_line.property;
    case v_line.property
      when 'DTSTART' then
        v_zone := chime_private.rrule_zone(rrule, 'DTSTART', v_line.parameters, v_line.at);
        v_start := chime_private.rrule_time(rrule, 'DTSTART', v_line.content, v_line.at, rule.timezone, v_zone.timezone, v_zone.kind);
        v_wall := v_start.wall;
        v_open := false;
        v_instant := coalesce(v_start.instant, chime_private.rrule_instant(v_wall, rule.timezone));
      when 'RRULE' then
        v_parts := chime_private.rrule_parts(rrule, v_line.content, v_line.at);
      when 'RDATE' then
        v_rule.added := v_rule.added || chime_private.rrule_times(rrule, 'RDATE', v_line.parameters, v_line.content, v_line.at,
          rule.timezone, (v_wall % 86400)::integer);
      else
        v_rule.excluded := v_rule.excluded || chime_private.rrule_times(rrule, 'EXDATE', v_line.parameters, v_line.content, v_line.at,
          rule.timezone, (v_wall % 86400)::integer);
    end case;
    if greatest(cardinality(v_rule.added), cardinality(v_rule.excluded)) > c_most_dates then
      perform chime_private.rrule_fail(rrule, format('it has more than %s times in %s', c_most_dates, v_line.property),
        v_line.at, v_line.property, 'Take those out that are over.');
    end if;
  end loop;
  if v_parts is null then
    perform chime_private.rrule_fail(rrule, 'it has no RRULE', length(rrule) + 1, 'RRULE');
  elsif v_wall not between 86400 and 253370764799 or exists (select from unnest(v_rule.added) a where a not between 86400 and 253370764799) then
    perform chime_private.fail('CH007', 'DTSTART or RDATE is out of range.', 'Times lie between the years 1970 and 9998.');
  end if;

  v_rule.kind := 'rrule';
  v_rule.starts_at := null;
  v_rule.ends_at := null;
  v_rule.count := (v_parts ->> 'COUNT')::integer;
  v_rule.real_time := chime_private.rrule_real_time(v_parts) and v_rule.added is null;
  select c.fields, c.positions into v_rule.rrule, v_rule.positions from chime_private.compile_rrule(v_parts, v_wall) c;
  if v_rule.real_time then
    v_rule.rrule[16] := 0;
    v_rule.starts_at := v_instant;
  end if;
  -- Before COUNT, which would be followed for centuries.
  if v_rule.rrule[1] is null or chime_private.next_fire(v_rule, timestamptz '1970-01-01 00:00:00Z') is null then
    perform chime_private.rrule_never(rrule);
  end if;
  v_rule := chime_private.end_rrule(v_rule, rrule, v_parts, (v_parts #>> '{at,UNTIL}')::integer, v_instant);
  v_rule := chime_private.settle_rrule_dates(v_rule);
  if chime_private.next_fire(v_rule, timestamptz '1970-01-01 00:00:00Z') is null then
    perform chime_private.rrule_never(rrule);
  end if;
  -- Where real time is followed, the ends of the schedule merge into those of the rule, and COUNT may no longer be how often it fires.
  if v_rule.real_time and (rule.starts_at > v_rule.starts_at or rule.ends_at < v_rule.ends_at) then
    v_rule.count := null;
  end if;
  v_rule.starts_at := greatest(v_rule.starts_at, rule.starts_at);
  v_rule.ends_at := least(v_rule.ends_at, rule.ends_at);
  if v_open then
    v_rule.rrule[16] := null;
    if v_rule.real_time then v_rule.starts_at := null; end if;
  end if;
  return v_rule;
end $$;
comment on function chime_private.read_rrule is
  'Completes a rule, whose zone, policies and bounds are set, by the text of a recurrence rule. DTSTART is anchor where the text '
  'has none; where that is null too, now, and the rule has no first wall second. Raises CH001, CH002, CH003, CH007.';
