-- Between instants and the wall clock of a zone. Plain AT TIME ZONE takes the second instant in a fold and shifts in a
-- gap, which is neither of our policies' defaults; so clock changes are found here, and 14_rule_next.sql applies the policy.
--
-- Instants are counted in whole seconds since 1970-01-01 00:00 UTC here, wall seconds as in 10_cron_search.sql. A clock
-- change is looked for within 26 hours, the most that any zone ever moved at once, or twice that; no zone changes its
-- clock and back within five days.

create or replace function chime_private.check_timezone(timezone text) returns text
language plpgsql stable
as $$
declare
  v_name text;
begin
  -- No name is nearly as long, and comparing a huge one with every name is dear.
  if length(timezone) <= 100 then
    select name into v_name from chime_private.timezones where name = check_timezone.timezone;
    if v_name is null then
      select name into v_name from chime_private.timezones where lower(name) = lower(check_timezone.timezone);
    end if;
  end if;
  if v_name is null then
    perform chime_private.fail('CH003', format('There is no time zone "%s".', left(timezone, 80)),
      coalesce(
        case when length(timezone) between 3 and 40 then (
         select 'Did you mean ' || string_agg(z.name, ' or ' order by z.name) || '?'
         from (select name from chime_private.timezones
               where lower(name) like '%' || replace(replace(lower(regexp_replace(check_timezone.timezone, '^.*/', '')), '%', ''), '_', '\_') || '%'
               order by length(name) limit 3) z) end,
        'Zones are IANA names such as Europe/Berlin, America/New_York or UTC.'));
  end if;
  return v_name;
end $$;
comment on function chime_private.check_timezone is
  'The proper spelling of an IANA time zone name, whatever its case. Raises CH003.';

create or replace function chime_private.utc_offset(second bigint, timezone text) returns integer
language sql stable strict parallel safe
as $$ select (date_part('epoch', to_timestamp(second) at time zone timezone)::bigint - second)::integer $$;
comment on function chime_private.utc_offset is 'How far ahead of UTC the wall clock of a zone is at this instant, in seconds.';

create or replace function chime_private.clock_change(low bigint, high bigint, timezone text) returns bigint
language plpgsql stable strict parallel safe
as $$
declare
  v_offset integer := chime_private.utc_offset(low, timezone);
  v_middle bigint;
begin
  if chime_private.utc_offset(high, timezone) = v_offset then return null; end if;
  while high - low > 1 loop
    v_middle := low + (high - low) / 2;
    if chime_private.utc_offset(v_middle, timezone) = v_offset then low := v_middle; else high := v_middle; end if;
  end loop;
  return high;
end $$;
comment on function chime_private.clock_change is
  'The second, after low and not after high, from which the wall clock of a zone has another offset; null where it keeps the offset.';

create or replace function chime_private.resolve_wall(
  wall bigint, timezone text, out first bigint, out last bigint, out change bigint, out gap integer
)
language plpgsql stable strict parallel safe
as $$
declare
  v_guess bigint := date_part('epoch', (timestamp '1970-01-01' + wall * interval '1 second') at time zone timezone);
  v_change bigint;
begin
  for v_change in
    select c.at from (values
      (chime_private.clock_change(v_guess - 93600, v_guess, timezone)),
      (chime_private.clock_change(v_guess, v_guess + 93600, timezone))) c(at)
    where c.at is not null
  loop
    -- Both sides of the change, each with the offset that holds there.
    if wall - chime_private.utc_offset(v_change - 1, timezone) < v_change then
      first := wall - chime_private.utc_offset(v_change - 1, timezone);
    end if;
    if wall - chime_private.utc_offset(v_change, timezone) >= v_change then
      last := wall - chime_private.utc_offset(v_change, timezone);
    end if;
    change := v_change;
    gap := chime_private.utc_offset(v_change, timezone) - chime_private.utc_offset(v_change - 1, timezone);
    exit when first is null and last is null or first is not null and last is not null;
  end loop;
  if change is null then first := v_guess; end if;
  first := coalesce(first, last);
  last := coalesce(last, first);
end $$;
comment on function chime_private.resolve_wall is
  'The instants at which the wall clock of a zone shows this wall second: first and last are the same but in a fold, and '
  'null in a gap. change is the clock change nearby, if any, and gap by how many seconds the clock goes forward there.';
