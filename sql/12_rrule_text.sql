-- Recurrence rules (RFC 5545), as people write them: iCalendar content lines, taken apart. One RRULE, with its name in
-- front or not, perhaps DTSTART, any number of RDATE and EXDATE. The way of a rule from here: 12_rrule_parts.sql and
-- 12_rrule_time.sql read what the lines hold, 12_rrule_compile.sql makes numbers of it, 16_rrule_read.sql a whole rule.
-- Searching it: 12_rrule_days.sql, 12_rrule_search.sql, 12_rrule_steps.sql, 12_rrule_count.sql, 12_rrule_set.sql.
-- Raises CH001, with the position in the text; lines that were folded count as one.

create or replace function chime_private.rrule_fail(
  rule text, problem text, at integer, part text default null, hint text default null
) returns void
language plpgsql immutable
as $$
begin
  perform chime_private.fail(
    'CH001',
    format('The recurrence rule "%s" cannot be read: %s (position %s).',
           translate(case when length(rule) > 80 then left(rule, 77) || '...' else rule end, E'\t\r\n', '   '), problem, at),
    coalesce(hint, 'A recurrence rule is for example FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9;BYMINUTE=30;BYSECOND=0.'),
    jsonb_strip_nulls(jsonb_build_object('position', at, 'part', left(part, 80))));
end $$;
comment on function chime_private.rrule_fail is 'Raises CH001 for a place in a recurrence rule; at counts characters from 1.';

create or replace function chime_private.rrule_lines(rule text)
returns table (property text, parameters text, content text, at integer)
language plpgsql immutable
as $$
declare
  c_most constant integer := 20000;
  c_hint constant text := 'Lines are RRULE, DTSTART, RDATE and EXDATE, for example RRULE:FREQ=DAILY and EXDATE:20261224T090000.';
  v_line text;
  v_at integer := 1;
  m text[];
begin
  if length(rule) > c_most then
    perform chime_private.rrule_fail(rule, format('it is longer than %s characters', c_most), c_most + 1);
  elsif rule ~ '[^\t\n\r -~]' then
    v_at := length(substring(rule from '^[\t\n\r -~]*')) + 1;
    perform chime_private.rrule_fail(rule, 'it has a character that is not ASCII', v_at, substr(rule, v_at, 1));
  end if;
  -- A line break and one space or tab is how iCalendar folds long lines.
  rule := regexp_replace(replace(rule, E'\r\n', E'\n'), E'\n[ \t]', '', 'g');
  foreach v_line in array regexp_split_to_array(rule, E'[\r\n]') loop
    at := v_at + length(substring(v_line from '^[ \t]*'));
    v_at := v_at + length(v_line) + 1;
    v_line := btrim(v_line, E' \t');
    continue when v_line = '';
    m := regexp_match(v_line, '^([a-z-]+)((?:;[a-z-]+=(?:"[^"]*"|[^":;]*))*):(.*)$', 'i');
    if m is not null then
      property := upper(m[1]); parameters := m[2]; content := m[3];
      if property not in ('RRULE', 'DTSTART', 'RDATE', 'EXDATE') then
        perform chime_private.rrule_fail(rule, format('a recurrence rule has no line "%s"', left(property, 20)), at, property,
          case property when 'EXRULE' then 'RFC 5545 has no EXRULE any more; list what to leave out as EXDATE.' else c_hint end);
      elsif property = 'RRULE' and parameters <> '' then
        perform chime_private.rrule_fail(rule, 'RRULE takes no parameters', at, property, c_hint);
      end if;
      at := at + length(m[1] || m[2]) + 1;
    elsif v_line ~ '^[A-Za-z-]+=' then
      property := 'RRULE'; parameters := ''; content := v_line;
    else
      perform chime_private.rrule_fail(rule, format('"%s" is not a line of a recurrence rule', left(v_line, 20)), at, v_line, c_hint);
    end if;
    return next;
  end loop;
end $$;
comment on function chime_private.rrule_lines is 'The content lines of a recurrence rule; at is where the content begins. Raises CH001.';
