-- From what people write to a compiled rule. Everything that is wrong with a rule is found here, when it is written.

create or replace function chime_private.read_at(
  at text, timezone text, dst_gap chime.dst_gap_policy, dst_fold chime.dst_fold_policy,
  out instant timestamptz, out wall timestamp
)
language plpgsql stable
as $$
declare
  v_place record;
  v_wall bigint;
begin
  if length(left(at, 101)) > 100 or at !~ '^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?\s*(Z|z|[+-]\d\d(:?\d\d)?)?\s*$' then
    perform chime_private.fail('CH001', format('"%s" is not a date and time.', left(at, 80)),
      'Write an instant (2026-12-01T09:00:00Z, 2026-12-01T09:00+01:00) or a wall-clock time in the schedule''s zone (2026-12-01 09:00).');
  end if;
  begin
    if at ~ '(Z|z|[+-]\d\d(:?\d\d)?)\s*$' then
      instant := at::timestamptz;
      return;
    end if;
    wall := date_trunc('second', at::timestamp);
  exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    perform chime_private.fail('CH001', format('"%s" is not a time of the calendar.', left(at, 80)),
      'Check the day against its month, the time against 23:59:59, and the offset against +15:59.');
  end;

  v_wall := date_part('epoch', wall);
  v_place := chime_private.resolve_wall(v_wall, timezone);
  instant := to_timestamp(case when dst_fold = 'last' then v_place.last else v_place.first end);
  if v_place.first is null then
    if dst_gap = 'skip' or dst_gap = 'next' and v_place.gap > 10800 then
      perform chime_private.fail('CH002',
        format('%s does not exist in %s: the clock goes forward there.', to_char(wall, 'YYYY-MM-DD HH24:MI'), timezone),
        'Choose another time, or set dst_gap to next or shift.');
    end if;
    instant := to_timestamp(case dst_gap
      when 'next' then v_place.change
      else v_wall - chime_private.utc_offset(v_place.change - 1, timezone) end);
  end if;
end $$;
comment on function chime_private.read_at is
  'Reads the time of a one-off: an instant where the text has an offset, else a wall-clock time of the zone. Raises CH001, CH002.';

create or replace function chime_private.default_dst_gap(rrule text) returns chime.dst_gap_policy
language sql immutable parallel safe
as $$ select case when rrule is null then 'next' else 'skip' end::chime.dst_gap_policy $$;
comment on function chime_private.default_dst_gap is 'The dst_gap of a rule that gives none: RFC 5545 has recurrence rules leave out what a clock change leaves out.';

create or replace function chime_private.check_instant(name text, instant timestamptz) returns void
language plpgsql immutable
as $$
begin
  if instant not between '1970-01-02 00:00:00Z' and '9999-01-01 00:00:00Z' then
    perform chime_private.fail('CH007', format('%s is out of range.', name), 'Instants lie between the years 1970 and 9998.',
      jsonb_build_object('field', name));
  end if;
end $$;
comment on function chime_private.check_instant is 'Refuses an instant before 1970 or after 9998, and infinite ones (CH007).';

create or replace function chime_private.at_text(at timestamptz) returns text
language plpgsql immutable
as $$
begin
  -- Here already: as a text, a time before Christ and one after it are the same, and an infinite one is none.
  perform chime_private.check_instant('at', at);
  return chime_private.instant_text(at);
end $$;
comment on function chime_private.at_text is 'The time of a one-off that is given as an instant, as it is stored. Raises CH007.';

create or replace function chime_private.check_instants(starts_at timestamptz, ends_at timestamptz, anchor timestamptz) returns void
language plpgsql immutable
as $$
begin
  perform chime_private.check_instant('starts_at', starts_at), chime_private.check_instant('ends_at', ends_at),
    chime_private.check_instant('anchor', anchor);
  if ends_at < starts_at then
    perform chime_private.fail('CH007', 'ends_at is earlier than starts_at.', 'Choose a later end.', '{"field": "ends_at"}');
  end if;
end $$;
comment on function chime_private.check_instants is 'Refuses bounds, or an anchor, that are out of range or the wrong way round (CH007).';

create or replace function chime_private.read_rule(
  cron text, every interval, at text, rrule text, timezone text,
  dst_gap chime.dst_gap_policy, dst_fold chime.dst_fold_policy,
  anchor timestamptz, starts_at timestamptz, ends_at timestamptz
) returns chime_private.rule
language plpgsql stable
as $$
declare
  v_rule chime_private.rule;
begin
  if num_nonnulls(cron, every, at, rrule) <> 1 then
    perform chime_private.fail('CH001',
      case num_nonnulls(cron, every, at, rrule) when 0 then 'The rule is missing.' else 'There is more than one rule.' end,
      'Give exactly one of cron, every, at and rrule.');
  end if;
  perform chime_private.check_instants(starts_at, ends_at, anchor);

  v_rule.timezone := chime_private.check_timezone(timezone);
  v_rule.dst_gap := coalesce(dst_gap, chime_private.default_dst_gap(rrule));
  v_rule.dst_fold := coalesce(dst_fold, 'first');
  v_rule.starts_at := starts_at;
  v_rule.ends_at := ends_at;
  if cron is not null then
    v_rule.kind := 'cron';
    v_rule.cron := chime_private.parse_cron(cron);
    v_rule.real_time := v_rule.cron[7] & 1 = 1;
  elsif every is not null then
    v_rule.kind := 'every';
    v_rule.real_time := false;
    select i.months, i.days, i.microseconds into v_rule.months, v_rule.days, v_rule.microseconds
    from chime_private.parse_interval(every) i;
    v_rule.anchor := date_trunc('second', anchor);
  elsif rrule is not null then
    v_rule := chime_private.read_rrule(v_rule, rrule, anchor);
  else
    v_rule.kind := 'at';
    v_rule.real_time := false;
    select a.instant, a.wall into v_rule.anchor, v_rule.wall
    from chime_private.read_at(at, v_rule.timezone, v_rule.dst_gap, v_rule.dst_fold) a;
    perform chime_private.check_instant('at', v_rule.anchor);
  end if;
  return v_rule;
end $$;
comment on function chime_private.read_rule is
  'Compiles a rule from what a schedule says. An interval needs its anchor, and so does a recurrence rule without DTSTART. Raises CH001, CH002, CH003, CH007.';
