-- Intervals count from their anchor, never from the last fire, so they do not drift. Exact ones (hours and shorter)
-- are elapsed time: arithmetic on instants. Civil ones (days and longer) keep the anchor's wall-clock time: Jan 31
-- plus one month is the last day of February, plus two is Mar 31 again. A wall second is defined in 10_cron_search.sql.

create or replace function chime_private.parse_interval(
  every interval, out months integer, out days integer, out microseconds bigint
)
language plpgsql immutable
as $$
declare
  v_hint constant text := 'Intervals are for example 15 minutes, 90 seconds, 12 hours, 1 day, 2 weeks or 1 month; the shortest is 1 second.';
begin
  if not isfinite(every) or every > interval '100 years' or every < interval '-100 years' then
    perform chime_private.fail('CH001', 'An interval must be between 1 second and 100 years.', v_hint);
  end if;
  months := date_part('year', every) * 12 + date_part('month', every);
  days := date_part('day', every);
  microseconds := date_part('hour', every)::bigint * 3600000000 + date_part('minute', every)::bigint * 60000000
    + date_part('microseconds', every)::bigint;
  if months < 0 or days < 0 or microseconds < 0 then
    perform chime_private.fail('CH001', format('The interval %s is negative.', every), v_hint);
  elsif months = 0 and days = 0 and microseconds < 1000000 then
    perform chime_private.fail('CH001', format('The interval %s is shorter than 1 second.', every), v_hint);
  elsif (months > 0 or days > 0) and microseconds > 0 then
    perform chime_private.fail('CH001',
      format('The interval %s mixes days, which follow the calendar, with hours, which follow elapsed time.', every),
      'Write it in one of them: 36 hours instead of 1 day 12 hours.');
  end if;
end $$;
comment on function chime_private.parse_interval is
  'Takes an interval apart into its civil part (months, days) or its exact part (microseconds). Raises CH001.';

create or replace function chime_private.microseconds_interval(microseconds bigint) returns interval
language sql immutable parallel safe
as $$
  -- Not microseconds * interval '1 microsecond', which counts in floating point and loses some after 285 years.
  select make_interval(hours => (microseconds / 3600000000)::integer, secs => (microseconds % 3600000000) / 1000000.0::float8)
$$;
comment on function chime_private.microseconds_interval is 'An interval of elapsed time, to the microsecond.';

create or replace function chime_private.exact_next(step bigint, anchor timestamptz, after timestamptz) returns timestamptz
language sql immutable parallel safe
as $$
  select case when after < anchor then anchor
    else anchor + chime_private.microseconds_interval(
      (div((extract(epoch from after - anchor) * 1000000)::bigint, step)::bigint + 1) * step) end
$$;
comment on function chime_private.exact_next is
  'The first instant after `after` that is a whole number of steps (microseconds) from the anchor, or the anchor itself.';

create or replace function chime_private.exact_count(step bigint, anchor timestamptz, low timestamptz, high timestamptz) returns bigint
language sql immutable parallel safe
as $$
  select case when high < anchor then 0 else div((extract(epoch from high - anchor) * 1000000)::bigint, step)::bigint + 1 end
    - case when low < anchor then 0 else div((extract(epoch from low - anchor) * 1000000)::bigint, step)::bigint + 1 end
$$;
comment on function chime_private.exact_count is 'How many instants of an exact interval lie after low, up to and including high.';

create or replace function chime_private.civil_wall(months integer, days integer, anchor bigint, index bigint) returns bigint
language sql immutable parallel safe
as $$
  select date_part('epoch', timestamp '1970-01-01' + anchor * interval '1 second'
    + make_interval(months => (months * index)::integer, days => (days * index)::integer))::bigint
$$;
comment on function chime_private.civil_wall is 'The wall second of a civil interval with this index; the anchor (a wall second) has index 0.';

create or replace function chime_private.civil_index(months integer, days integer, anchor bigint, wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_index bigint;
begin
  if wall <= anchor then return 0; end if;
  if months = 0 then
    return (wall - anchor + days * 86400::bigint - 1) / (days * 86400::bigint);
  end if;
  -- Months differ in length: start below the answer (a month has 31 days at most) and step up.
  v_index := greatest(0, (wall - anchor) / ((months * 31 + days) * 86400::bigint) - 1);
  v_index := greatest(v_index, floor((wall - anchor) / ((months * 30.436875 + days) * 86400))::bigint - 2);
  while chime_private.civil_wall(months, days, anchor, v_index) < wall loop
    v_index := v_index + 1;
  end loop;
  return v_index;
end $$;
comment on function chime_private.civil_index is 'The index of the first wall second of a civil interval at wall or later.';
