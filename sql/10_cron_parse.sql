-- Cron expressions, compiled. Five fields, or six with seconds first; lists, ranges, steps, names, `?`, L, W, #,
-- macros. Semantics: Vixie cron for what it has (both day fields restricted = either one; one of them beginning
-- with `*` = both), Quartz for L, W and #. Refuses rather than guesses: reversed ranges (but for those that end on
-- Sunday), steps larger than their range, names that are longer than three letters.
--
-- Raises CH001 (cannot be read) and CH002 (never fires).
--
-- The compiled form is a bigint array, so that the search is bit arithmetic on plain numbers:
--   [1] seconds, [2] minutes, [3] hours: bit n = value n
--   [4] days of the month: bit n = day n       [5] months: bit n = month n
--   [6] weekdays: bit n = weekday n % 7, 0 = Sunday, six weeks in a row, so that a month is a shift of it
--   [7] flags: 1 = follows real time, 2 = either day field is enough, 4 = has L, W or #, 8 = every month and day of
--       the month, so that weekdays alone decide, 16 = the reverse: no weekday counts, nor L, W or #
--   [8] first second of a matching day         [9] last second of a matching day
--   [10] last days of the month: bit n = n days before the last (L, L-n)
--   [11] nearest weekdays: bit n = nW, bit 0 = LW
--   [12] weekdays of the month: bit 5 * weekday + k - 1 = k-th one (n#k), bit 35 + weekday = last one (nL)

create or replace function chime_private.lowest_bit(bits bigint) returns integer
language sql immutable strict parallel safe
as $$ select round(ln((bits & -bits)::float8) * 1.4426950408889634)::integer $$;
comment on function chime_private.lowest_bit is 'The number of the lowest bit that is set; bits must not be 0.';

create or replace function chime_private.highest_bit(bits bigint) returns integer
language sql immutable strict parallel safe
as $$ select 63 - position(B'1' in bits::bit(63)) $$;
comment on function chime_private.highest_bit is 'The number of the highest bit that is set; bits must be positive.';

create or replace function chime_private.cron_fail(
  expression text, problem text, at integer, field text default null, part text default null, hint text default null
) returns void
language plpgsql immutable
as $$
begin
  perform chime_private.fail(
    'CH001',
    format('The cron expression "%s" cannot be read: %s (position %s).',
           case when length(expression) > 80 then left(expression, 77) || '...' else expression end, problem, at),
    coalesce(hint, 'A cron expression is "minute hour day-of-month month day-of-week", for example "30 8 * * 1-5".'),
    jsonb_strip_nulls(jsonb_build_object('position', at, 'field', field, 'part', left(part, 80))));
end $$;
comment on function chime_private.cron_fail is 'Raises CH001 for a place in a cron expression; at counts characters from 1.';

create or replace function chime_private.cron_number(
  expression text, field text, part text, at integer, low integer, high integer, names text
) returns integer
language plpgsql immutable
as $$
declare
  v_number integer;
begin
  if part ~ '^[0-9]{1,4}$' then
    v_number := part::integer;
  elsif part ~ '^[a-z]{3}$' and strpos(names, part) > 0 then
    v_number := (strpos(names, part) - 1) / 4 + low;
  end if;
  if v_number is null and part !~ '^[0-9]+$' then
    perform chime_private.cron_fail(expression, format('"%s" is not a %s', left(part, 20), field), at, field, part,
      format('The %s field takes numbers from %s to %s%s.', field, low, high,
             case when names <> '' then ', names (' || replace(upper(trim(names)), ' ', ', ') || ')' else '' end
             || ', lists, ranges and steps'));
  elsif v_number is null or v_number not between low and high then
    perform chime_private.cron_fail(expression,
      format('%s %s is not between %s and %s', field, left(part, 20), low, high), at, field, part,
      format('The %s field takes %s to %s.', field, low, high));
  end if;
  return v_number;
end $$;
comment on function chime_private.cron_number is 'The value of one number or name in a cron field.';

create or replace function chime_private.parse_cron_item(
  expression text, field text, item text, at integer, low integer, high integer, names text,
  out bits bigint, out last_days bigint, out near_days bigint, out nth_days bigint
)
language plpgsql immutable
as $$
declare
  m text[];
  v_from integer;
  v_to integer;
  v_step integer;
  v_top integer := case field when 'day-of-week' then 6 else high end;  -- 7 is another name of Sunday, not a day more
begin
  bits := 0; last_days := 0; near_days := 0; nth_days := 0;
  if field = 'day-of-month' then
    m := regexp_match(item, '^l(?:-([0-9]{1,2}))?$');
    if m is not null and coalesce(m[1]::integer, 0) <= 30 then last_days := 1::bigint << coalesce(m[1]::integer, 0); return; end if;
    if item = 'lw' then near_days := 1; return; end if;
    m := regexp_match(item, '^([0-9]+)w$');
    if m is not null then
      near_days := 1::bigint << chime_private.cron_number(expression, field, m[1], at, low, high, names); return;
    end if;
  elsif field = 'day-of-week' then
    m := regexp_match(item, '^([0-9]+|[a-z]{3})(?:l|#([1-5]))$');
    if m is not null then
      v_from := chime_private.cron_number(expression, field, m[1], at, low, high, names) % 7;
      nth_days := 1::bigint << case when m[2] is null then 35 + v_from else v_from * 5 + m[2]::integer - 1 end; return;
    end if;
  end if;

  m := regexp_match(item, '^(?:(\*)|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:/([0-9]+))?$');
  if m is null then
    perform chime_private.cron_fail(expression,
      case when item = '' then format('the %s field has an empty item', field)
           else format('"%s" is not an item of the %s field', left(item, 20), field) end, at, field, item);
  end if;
  if m[1] = '*' then
    v_from := low; v_to := v_top;
  else
    v_from := chime_private.cron_number(expression, field, m[2], at, low, high, names);
    v_to := case
      when m[3] is not null then chime_private.cron_number(expression, field, m[3], at + length(m[2]) + 1, low, high, names)
      when m[4] is not null then greatest(v_top, v_from)
      else v_from end;
    if field = 'day-of-week' and v_to = 0 and v_from > 0 then v_to := 7; end if;
    if v_to < v_from then
      perform chime_private.cron_fail(expression, format('the range %s-%s runs backwards', m[2], m[3]), at, field, item,
        format('Write it as two ranges: %s-%s,%s-%s.', m[2], v_top, low, m[3]));
    end if;
  end if;
  v_step := case when length(m[4]) > 4 then 10000 else coalesce(m[4]::integer, 1) end;
  if v_step = 0 then
    perform chime_private.cron_fail(expression, format('a step of 0 in the %s field', field), at, field, item, 'A step is 1 or more.');
  elsif m[4] is not null and v_step > (greatest(v_top, v_from) - case when m[1] is null and m[3] is null then v_from else low end + 1) then
    perform chime_private.cron_fail(expression,
      format('the step %s is larger than the range of the %s field', left(m[4], 20), field), at, field, item,
      'A step counts within the field and starts anew at its end; for longer intervals use an `every` rule.');
  end if;
  for v_value in v_from..v_to by v_step loop
    bits := bits | (1::bigint << case field when 'day-of-week' then v_value % 7 else v_value end);
  end loop;
end $$;
comment on function chime_private.parse_cron_item is 'One item of a list in a cron field: plain bits, or the L, W and # forms.';

create or replace function chime_private.parse_cron(expression text) returns bigint[]
language plpgsql immutable
as $$
declare
  c_names constant text[] := '{second,minute,hour,day-of-month,month,day-of-week}';
  c_low constant integer[] := '{0,0,0,1,1,0}';
  c_high constant integer[] := '{59,59,23,31,12,7}';
  c_words constant text[] := array['', '', '', '', 'jan feb mar apr may jun jul aug sep oct nov dec', 'sun mon tue wed thu fri sat'];
  v_text text;
  v_fields text[];
  v_result bigint[] := '{0,0,0,0,0,0,0,0,0,0,0,0}';
  v_at integer := 1;
  v_item record;
  v_item_at integer;
  v_parsed record;
  v_real_time boolean;
begin
  if length(expression) > 500 then
    perform chime_private.cron_fail(expression, 'it is longer than 500 characters', 501);
  elsif expression ~ '[^\t\n\r -~]' then
    v_at := length(substring(expression from '^[\t\n\r -~]*')) + 1;
    perform chime_private.cron_fail(expression, 'it has a character that is not ASCII', v_at, null, substr(expression, v_at, 1));
  end if;
  v_text := btrim(lower(expression), E' \t\n\r');
  v_text := case v_text
    when '@yearly' then '0 0 1 1 *' when '@annually' then '0 0 1 1 *' when '@monthly' then '0 0 1 * *'
    when '@weekly' then '0 0 * * 0' when '@daily' then '0 0 * * *' when '@midnight' then '0 0 * * *'
    when '@hourly' then '0 * * * *' else v_text end;
  if v_text like '@%' then
    perform chime_private.cron_fail(expression,
      case v_text when '@reboot' then '@reboot is not a time' else 'there is no such macro' end, strpos(expression, '@'),
      null, v_text, 'Macros are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly.');
  end if;
  v_fields := regexp_split_to_array(v_text, '[ \t\n\r]+');
  if cardinality(v_fields) not in (5, 6) then
    perform chime_private.cron_fail(expression,
      format('it has %s field%s instead of 5, or 6 with seconds first', cardinality(v_fields),
             case cardinality(v_fields) when 1 then '' else 's' end), 1);
  end if;
  v_result[1] := 1;

  for i in 7 - cardinality(v_fields) .. 6 loop
    -- Where this field begins, for error messages: skip white space from the end of the one before.
    v_at := v_at + length(substring(substr(expression, v_at) from '^[ \t\n\r]*'));
    v_item_at := v_at;
    v_result[i] := 0;
    for v_item in select item from unnest(string_to_array(v_fields[i - 6 + cardinality(v_fields)], ',')) item loop
      if i in (4, 6) and v_fields[i - 6 + cardinality(v_fields)] = '?' then v_item.item := '*'; end if;
      v_parsed := chime_private.parse_cron_item(expression, c_names[i], v_item.item, v_item_at, c_low[i], c_high[i], c_words[i]);
      v_result[i] := v_result[i] | v_parsed.bits;
      v_result[10] := v_result[10] | v_parsed.last_days;
      v_result[11] := v_result[11] | v_parsed.near_days;
      v_result[12] := v_result[12] | v_parsed.nth_days;
      v_item_at := v_item_at + length(v_item.item) + 1;
    end loop;
    v_at := v_at + length(v_fields[i - 6 + cardinality(v_fields)]);
  end loop;

  v_fields := v_fields[cardinality(v_fields) - 4 :];
  v_real_time := left(v_fields[1], 1) = '*' or left(v_fields[2], 1) = '*' or v_fields[2] ~ '[-/]'
    or left(v_text, 1) = '*';
  v_result[7] := v_real_time::integer
    | case when left(v_fields[3], 1) not in ('*', '?') and left(v_fields[5], 1) not in ('*', '?') then 2 else 0 end
    | case when v_result[10] | v_result[11] | v_result[12] <> 0 then 4 else 0 end
    | case when v_result[6] = 127 and left(v_fields[5], 1) in ('*', '?') then 16 else 0 end
    | case when v_result[4] = 4294967294 and v_result[5] = 8190 and left(v_fields[3], 1) in ('*', '?') then 8 else 0 end;
  if v_result[7] & 4 = 4 then v_result[7] := v_result[7] & ~24::bigint; end if;
  v_result[6] := v_result[6] * 34630287489;  -- 1 + 2^7 + 2^14 + 2^21 + 2^28 + 2^35: seven bits, six times
  v_result[8] := chime_private.lowest_bit(v_result[3]) * 3600 + chime_private.lowest_bit(v_result[2]) * 60
    + chime_private.lowest_bit(v_result[1]);
  v_result[9] := chime_private.highest_bit(v_result[3]) * 3600 + chime_private.highest_bit(v_result[2]) * 60
    + chime_private.highest_bit(v_result[1]);
  -- The calendar repeats itself after 400 years.
  if chime_private.cron_next(v_result, 0) is null then
    perform chime_private.fail('CH002', format('The cron expression "%s" never fires: no month has such a day.', expression),
      'Check the day fields against the months, and against each other: February has 29 days at most.', jsonb_build_object('field', 'day-of-month'));
  end if;
  return v_result;
end $$;
comment on function chime_private.parse_cron is
  'Compiles a cron expression. Errors: CH001 (cannot be read, with field, part and position), CH002 (never fires).';
