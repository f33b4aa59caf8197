-- Points in time in a recurrence rule, turned into the wall clock of the schedule's zone.

create or replace function chime_private.rrule_zone(
  rule text, property text, parameters text, at integer, out timezone text, out kind text
)
language plpgsql stable
as $$
declare
  m text[];
begin
  for m in select regexp_matches(parameters, ';([^=]+)=(?:"([^"]*)"|([^;]*))', 'g') loop
    case upper(m[1])
      when 'TZID' then timezone := chime_private.check_timezone(coalesce(m[2], m[3]));
      when 'VALUE' then kind := upper(coalesce(m[2], m[3]));
      else
        perform chime_private.rrule_fail(rule, format('%s has no parameter "%s"', property, left(m[1], 20)), at, property,
          'Parameters are TZID, an IANA time zone, and VALUE, which is DATE or DATE-TIME.');
    end case;
  end loop;
  if kind not in ('DATE', 'DATE-TIME') then
    perform chime_private.rrule_fail(rule, format('%s cannot be a list of VALUE=%s', property, left(kind, 20)), at, property,
      'VALUE is DATE or DATE-TIME.');
  end if;
end $$;
comment on function chime_private.rrule_zone is 'What the parameters of a line say: TZID, VALUE. Raises CH001, CH003.';

create or replace function chime_private.rrule_time(
  rule text, property text, item text, at integer, timezone text, zone text, kind text,
  out wall bigint, out instant timestamptz, out is_date boolean
)
language plpgsql stable
as $$
declare
  m text[] := regexp_match(item, '^([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?$', 'i');
  n integer[] := array[m[1], m[2], m[3], coalesce(m[4], '0'), coalesce(m[5], '0'), coalesce(m[6], '0')]::integer[];
  v_place record;
begin
  is_date := m[4] is null;
  if m is null or kind = 'DATE' and not is_date or kind = 'DATE-TIME' and is_date then
    perform chime_private.rrule_fail(rule, format('"%s" is not a %s for %s', left(item, 20), coalesce(lower(kind), 'date or time'), property),
      at, property, 'Write 20260101T090000 for a wall-clock time, 20260101T090000Z for an instant, 20260101 for a date.');
  elsif n[1] = 0 or n[2] not between 1 and 12 or n[3] not between 1 and chime_private.month_days(n[1], n[2])
    or n[4] > 23 or n[5] > 59 or n[6] > 60 then
    perform chime_private.rrule_fail(rule, format('%s is not a time of the calendar', item), at, property,
      'Check the day against its month, and the time against 235959.');
  elsif m[7] <> '' and zone is not null then
    perform chime_private.rrule_fail(rule, format('%s %s has both a TZID and a Z', property, item), at, property,
      'A time that ends on Z is UTC; leave out one of them.');
  end if;
  -- A clock that knows no leap second reads 60 as 59.
  wall := date_part('epoch', make_timestamp(n[1], n[2], n[3], n[4], n[5], least(n[6], 59)));
  if m[7] <> '' then
    instant := to_timestamp(wall);
  elsif zone <> timezone and not is_date then
    v_place := chime_private.resolve_wall(wall, zone);
    -- In a gap, the offset before it counts: so says RFC 5545, and so does AT TIME ZONE.
    instant := coalesce(to_timestamp(v_place.first), (timestamp '1970-01-01' + wall * interval '1 second') at time zone zone);
  end if;
  if instant is not null then
    wall := date_part('epoch', instant at time zone timezone);
  end if;
end $$;
comment on function chime_private.rrule_time is
  'A date or a time of a recurrence rule as a wall second of timezone; instant is null where it names none. Raises CH001.';

create or replace function chime_private.rrule_times(
  rule text, property text, parameters text, content text, at integer, timezone text, time_of_day integer
) returns bigint[]
language plpgsql stable
as $$
declare
  v_zone record := chime_private.rrule_zone(rule, property, parameters, at);
  v_item text;
  v_time record;
  v_walls bigint[] := '{}';
begin
  foreach v_item in array case content when '' then '{""}' else string_to_array(content, ',') end loop
    v_time := chime_private.rrule_time(rule, property, v_item, at, timezone, v_zone.timezone, v_zone.kind);
    v_walls := v_walls || v_time.wall + case when v_time.is_date then time_of_day else 0 end;
    at := at + length(v_item) + 1;
  end loop;
  return v_walls;
end $$;
comment on function chime_private.rrule_times is
  'The wall seconds of an RDATE or EXDATE line; a date is taken at time_of_day. Raises CH001, CH003.';
