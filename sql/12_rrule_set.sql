-- The whole of a recurrence rule: what RRULE names from DTSTART on, as often as COUNT says, with RDATE and without EXDATE.

create or replace function chime_private.rrule_set_next(rule chime_private.rule, wall bigint) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_wall bigint := wall;
  v_next bigint;
begin
  loop
    v_next := chime_private.rrule_next(rule.rrule, rule.positions, v_wall);
    if rule.added is not null then
      v_next := least(v_next, (select min(a) from unnest(rule.added) a where a >= v_wall));
    end if;
    exit when v_next is null or rule.excluded is null or v_next <> all (rule.excluded);
    v_wall := v_next + 1;
  end loop;
  return v_next;
end $$;
comment on function chime_private.rrule_set_next is
  'The first wall second of a recurrence rule, at wall or later; null where there is none.';

create or replace function chime_private.rrule_set_count(rule chime_private.rule, low bigint, high bigint) returns bigint
language sql immutable parallel safe
as $$
  select chime_private.rrule_count(rule.rrule, rule.positions, low, high)
    + (select count(*) from unnest(rule.added) a where a >= low and a < high)
    - (select count(*) from unnest(rule.excluded) e where e >= low and e < high)
$$;
comment on function chime_private.rrule_set_count is
  'How many wall seconds a recurrence rule names, from low up to, not including, high.';

create or replace function chime_private.rrule_nth(
  fields bigint[], positions integer[], low bigint, high bigint, nth bigint
) returns bigint
language plpgsql immutable parallel safe
as $$
declare
  v_size bigint := 2678400;  -- 31 days
  v_count bigint;
begin
  -- Every second is counted about twice, however far away the answer is.
  loop
    if low >= high then return null; end if;
    v_count := chime_private.rrule_count(fields, positions, low, least(low + v_size, high));
    exit when v_count >= nth;
    nth := nth - v_count;
    low := low + v_size;
    v_size := v_size * 2;
  end loop;
  while v_size > 1 loop
    v_count := chime_private.rrule_count(fields, positions, low, low + v_size / 2);
    if v_count >= nth then
      v_size := v_size / 2;
    else
      nth := nth - v_count;
      low := low + v_size / 2;
      v_size := v_size - v_size / 2;
    end if;
  end loop;
  return low;
end $$;
comment on function chime_private.rrule_nth is
  'The nth wall second that an RRULE names from low on; null where it does not lie before high.';

create or replace function chime_private.rrule_end(
  rule chime_private.rule, start bigint, count integer, out wall bigint, out second bigint
)
language plpgsql stable
as $$
declare
  c_year constant bigint := 31556952;
  v_end bigint := start + 400 * c_year;
  v_span bigint := c_year;
  v_at bigint := case when rule.real_time then start else greatest(start - 172800, 0) end;
  v_seen bigint := 0;
  v_left bigint := count;
  v_until bigint;
  v_offset integer;
  v_count bigint;
begin
  if not rule.real_time and rule.dst_gap = 'shift' then
    wall := coalesce(chime_private.rrule_nth(rule.rrule, rule.positions, rule.rrule[16], v_end, count), v_end);
    return;
  end if;
  -- From one clock change to the next: a time that there is twice counts once, unless the rule follows real time.
  while v_at < v_end loop
    for v_until in
      select chime_private.clock_change(o.at - 432000, o.at, rule.timezone)
      from (select s.at, s.shown, lag(s.shown) over (order by s.at) as before
            from (select at, chime_private.utc_offset(at, rule.timezone) as shown
                  from generate_series(v_at, v_at + v_span + 432000, 432000) at offset 0) s) o
      where o.shown <> o.before
      union all select v_at + v_span
      order by 1
    loop
      v_offset := chime_private.utc_offset(v_at, rule.timezone);
      if v_until + v_offset > v_seen then
        v_seen := case when rule.real_time then v_at + v_offset
          -- What next_fire makes up for counts: not a day that was left out.
          when rule.dst_gap = 'next' and v_at + v_offset - v_seen between 1 and 10800 then v_seen
          else greatest(v_seen, v_at + v_offset) end;
        v_count := chime_private.rrule_count(rule.rrule, rule.positions, v_seen, v_until + v_offset);
        if v_count >= v_left then
          wall := chime_private.rrule_nth(rule.rrule, rule.positions, v_seen, v_until + v_offset, v_left);
          second := wall - v_offset;
          return;
        end if;
        v_left := v_left - v_count;
        v_seen := v_until + v_offset;
      end if;
      v_at := v_until;
    end loop;
    v_span := least(v_span * 2, 16 * c_year);
  end loop;
  wall := v_end;
  second := v_end;
end $$;
comment on function chime_private.rrule_end is
  'The last wall second of an RRULE with COUNT, and its instant: as many as COUNT says from second start on, times left out that '
  'a clock change leaves out, unless dst_gap makes up for them. Not more than 400 years on.';

create or replace function chime_private.rrule_has_start(rule text) returns boolean
language sql immutable parallel safe
as $$ select coalesce(rule ~* '(^|[\r\n])[ \t]*dtstart[;:]', true) $$;
comment on function chime_private.rrule_has_start is 'Whether a recurrence rule says when it begins; true where there is none.';
