-- The parts of an RRULE, read and checked against each other as the table in RFC 5545, section 3.3.10, has it.

create or replace function chime_private.rrule_numbers(
  rule text, part text, content text, at integer, low integer, high integer, signed boolean
) returns integer[]
language plpgsql immutable
as $$
declare
  v_item text;
  v_number integer;
  v_numbers integer[] := '{}';
begin
  foreach v_item in array case content when '' then '{""}' else string_to_array(content, ',') end loop
    v_number := case when v_item ~ '^[0-9]{1,9}$' or signed and v_item ~ '^[+-][0-9]{1,9}$' then v_item::integer end;
    if v_number is null or abs(v_number) not between low and high then
      perform chime_private.rrule_fail(rule,
        case when v_item = '' then format('%s has an empty item', part)
             when v_item ~ '^[+-]?[0-9]+$' then format('%s %s is out of range', part, left(v_item, 20))
             else format('"%s" is not a number for %s', left(v_item, 20), part) end, at, part,
        format('%s takes %s to %s%s.', part, low, high, case when signed then format(', and -%s to -%s from the end', low, high) else '' end));
    end if;
    v_numbers := v_numbers || v_number;
    at := at + length(v_item) + 1;
  end loop;
  return v_numbers;
end $$;
comment on function chime_private.rrule_numbers is 'A list of numbers in a part of an RRULE. Raises CH001.';

create or replace function chime_private.rrule_weekdays(rule text, content text, at integer) returns jsonb
language plpgsql immutable
as $$
declare
  v_item text;
  m text[];
  v_days jsonb := '[]';
begin
  foreach v_item in array case content when '' then '{""}' else string_to_array(content, ',') end loop
    m := regexp_match(v_item, '^([+-]?[0-9]{1,2})?(SU|MO|TU|WE|TH|FR|SA)$');
    if m is null or abs(m[1]::integer) not between 1 and 53 then
      perform chime_private.rrule_fail(rule, format('"%s" is not a weekday for BYDAY', left(v_item, 20)), at, 'BYDAY',
        'BYDAY takes SU, MO, TU, WE, TH, FR and SA, with a number from 1 to 53 or -53 to -1 in front for one of a month or a year.');
    end if;
    v_days := v_days || jsonb_build_object('day', (strpos('SUMOTUWETHFRSA', m[2]) - 1) / 2, 'nth', m[1]::integer, 'at', at);
    at := at + length(v_item) + 1;
  end loop;
  return v_days;
end $$;
comment on function chime_private.rrule_weekdays is 'The list of BYDAY: day is 0 for Sunday; nth is null where it has no number. Raises CH001.';

create or replace function chime_private.rrule_parts(rule text, content text, at integer) returns jsonb
language plpgsql immutable
as $$
declare
  c_names constant text := 'FREQ, INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY, BYHOUR, BYMINUTE, BYSECOND and BYSETPOS';
  c_most_count constant integer := 10000;
  v_part text;
  v_name text;
  v_value text;
  v_in integer;
  v_parts jsonb := '{}';
  v_at jsonb := '{}';
begin
  foreach v_part in array string_to_array(upper(regexp_replace(content, ';$', '')), ';') loop
    v_name := substring(v_part from '^([A-Z-]+)=');
    v_value := substr(v_part, length(v_name) + 2);
    v_in := at + length(v_name) + 1;
    if v_name is null then
      perform chime_private.rrule_fail(rule, format('"%s" is not a part of a recurrence rule', left(v_part, 20)), at, v_part,
        'Parts are written NAME=value, with semicolons between them: FREQ=MONTHLY;BYDAY=1MO.');
    elsif v_parts ? v_name then
      perform chime_private.rrule_fail(rule, format('%s is given twice', v_name), at, v_name,
        'Each part may be given once; write several values as a list with commas.');
    end if;
    v_at := v_at || jsonb_build_object(v_name, at);
    case v_name
      when 'FREQ' then
        if v_value not in ('YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY') then
          perform chime_private.rrule_fail(rule, format('"%s" is not a FREQ', left(v_value, 20)), v_in, v_name,
            'FREQ is YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY.');
        end if;
        v_parts := v_parts || jsonb_build_object(v_name, v_value);
      when 'WKST' then
        if v_value !~ '^(SU|MO|TU|WE|TH|FR|SA)$' then
          perform chime_private.rrule_fail(rule, format('"%s" is not a weekday for WKST', left(v_value, 20)), v_in, v_name,
            'WKST is SU, MO, TU, WE, TH, FR or SA.');
        end if;
        v_parts := v_parts || jsonb_build_object(v_name, (strpos('SUMOTUWETHFRSA', v_value) - 1) / 2);
      when 'INTERVAL', 'COUNT' then
        v_parts := v_parts || jsonb_build_object(v_name, (chime_private.rrule_numbers(rule, v_name, replace(v_value, ',', ' '), v_in, 1,
          case v_name when 'COUNT' then c_most_count else 999999999 end, false))[1]);
      when 'UNTIL' then
        v_parts := v_parts || jsonb_build_object(v_name, v_value);
      when 'BYDAY' then
        v_parts := v_parts || jsonb_build_object(v_name, chime_private.rrule_weekdays(rule, v_value, v_in));
      when 'BYSECOND', 'BYMINUTE', 'BYHOUR', 'BYMONTH', 'BYMONTHDAY', 'BYYEARDAY', 'BYWEEKNO', 'BYSETPOS' then
        v_parts := v_parts || jsonb_build_object(v_name, chime_private.rrule_numbers(rule, v_name, v_value, v_in,
          (v_name not in ('BYSECOND', 'BYMINUTE', 'BYHOUR'))::integer,
          case v_name when 'BYSECOND' then 60 when 'BYMINUTE' then 59 when 'BYHOUR' then 23 when 'BYMONTH' then 12
            when 'BYMONTHDAY' then 31 when 'BYWEEKNO' then 53 else 366 end,
          v_name in ('BYMONTHDAY', 'BYYEARDAY', 'BYWEEKNO', 'BYSETPOS')));
      when 'RSCALE', 'SKIP' then
        perform chime_private.rrule_fail(rule, format('%s (RFC 7529) is not supported', v_name), at, v_name,
          'Rules follow the Gregorian calendar and leave out days that a month does not have; BYMONTHDAY=-1 is the last of any.');
      else
        perform chime_private.rrule_fail(rule, format('a recurrence rule has no part "%s"', left(v_name, 20)), at, v_name,
          'Parts are ' || c_names || '.');
    end case;
    at := at + length(v_part) + 1;
  end loop;
  v_parts := v_parts || jsonb_build_object('at', v_at);
  perform chime_private.check_rrule_parts(rule, v_parts, at);
  return v_parts;
end $$;
comment on function chime_private.rrule_parts is
  'The parts of an RRULE by their names, values as numbers, and under "at" where each begins. Raises CH001.';

create or replace function chime_private.check_rrule_parts(rule text, parts jsonb, at integer) returns void
language plpgsql immutable
as $$
declare
  v_freq text := parts ->> 'FREQ';
  v_most integer := case v_freq when 'YEARLY' then 100 when 'MONTHLY' then 1200 when 'WEEKLY' then 5217 when 'DAILY' then 36525
    when 'HOURLY' then 876600 when 'MINUTELY' then 52596000 else 999999999 end;
  v_part text;
  v_day jsonb;
begin
  if v_freq is null then
    perform chime_private.rrule_fail(rule, 'FREQ is missing', at, 'FREQ', 'FREQ says how often, for example FREQ=DAILY.');
  elsif parts ? 'COUNT' and parts ? 'UNTIL' then
    perform chime_private.rrule_fail(rule, 'it has both COUNT and UNTIL', (parts #>> '{at,COUNT}')::integer, 'COUNT',
      'Either of them ends a rule: keep one.');
  elsif (parts ->> 'INTERVAL')::integer > v_most then
    perform chime_private.rrule_fail(rule, format('INTERVAL %s is out of range', parts ->> 'INTERVAL'),
      (parts #>> '{at,INTERVAL}')::integer, 'INTERVAL', format('With FREQ=%s it takes 1 to %s.', v_freq, v_most));
  elsif parts ? 'BYSETPOS' and not exists (select from jsonb_object_keys(parts) k where k like 'BY%' and k <> 'BYSETPOS') then
    perform chime_private.rrule_fail(rule, 'BYSETPOS has nothing to choose from', (parts #>> '{at,BYSETPOS}')::integer, 'BYSETPOS',
      'It chooses among the times that another BY part names, for example FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1.');
  end if;
  select p.part into v_part
  from (values ('BYWEEKNO', '{MONTHLY,WEEKLY,DAILY,HOURLY,MINUTELY,SECONDLY}'::text[]), ('BYYEARDAY', '{MONTHLY,WEEKLY,DAILY}'),
               ('BYMONTHDAY', '{WEEKLY}')) p(part, refused)
  where parts ? p.part and v_freq = any (p.refused);
  if v_part is not null then
    perform chime_private.rrule_fail(rule, format('%s cannot be used with FREQ=%s', v_part, v_freq), (parts #>> array['at', v_part])::integer, v_part,
      case v_part when 'BYWEEKNO' then 'It goes with FREQ=YEARLY.' when 'BYYEARDAY' then 'It goes with FREQ=YEARLY, HOURLY, MINUTELY or SECONDLY.'
        else 'It goes with every FREQ but WEEKLY.' end);
  end if;
  for v_day in select d from jsonb_array_elements(parts -> 'BYDAY') d where d ->> 'nth' is not null loop
    -- RFC 5545 has no number with WEEKLY, but what most programs read there, 1MO, can only mean the Monday of the week.
    v_most := case when v_freq = 'YEARLY' and parts ? 'BYWEEKNO' then 0 when v_freq = 'YEARLY' and not parts ? 'BYMONTH' then 53
      when v_freq in ('YEARLY', 'MONTHLY') then 5 when v_freq = 'WEEKLY' then 1 else 0 end;
    if abs((v_day ->> 'nth')::integer) > v_most then
      perform chime_private.rrule_fail(rule,
        format('BYDAY takes no number %s with FREQ=%s%s', v_day ->> 'nth', v_freq,
          case when v_freq = 'YEARLY' and v_most = 0 then ' and BYWEEKNO' when v_freq = 'YEARLY' and v_most = 5 then ' and BYMONTH' else '' end),
        (v_day ->> 'at')::integer, 'BYDAY',
        case v_most when 0 then 'Numbers go with FREQ=MONTHLY, and with FREQ=YEARLY without BYWEEKNO.'
          else format('It takes 1 to %s, and -1 to -%s from the end.', v_most, v_most) end);
    end if;
  end loop;
end $$;
comment on function chime_private.check_rrule_parts is
  'Refuses parts that RFC 5545 does not let go together, and intervals of more than a hundred years. Raises CH001.';
