-- Daily, weekly and monthly, as forms send them: shorthands for intervals of the calendar, whose weekday, day of the month and time
-- of day are those of a start. What is stored is the interval, which knows of months without a 31st and of clock changes.

create or replace function chime_private.apply_repeat(s chime.schedules, repeat_interval text, start timestamptz) returns chime.schedules
language plpgsql immutable
as $$
declare
  v_every interval;
begin
  if repeat_interval is null or repeat_interval = 'custom' then return s; end if;
  v_every := case repeat_interval when 'daily' then interval '1 day' when 'weekly' then interval '7 days' when 'monthly' then interval '1 month' end;
  if v_every is null then
    perform chime_private.fail('CH007', format('repeat_interval cannot be "%s".', left(repeat_interval, 80)),
      'It is daily, weekly, monthly, or custom, where another argument is the rule.', '{"field": "repeat_interval"}');
  elsif num_nonnulls(s.cron, s.every, s.at, s.rrule, s.rules) > 0 then
    perform chime_private.fail('CH001', 'There is more than one rule.',
      format('repeat_interval => ''%s'' is a rule itself; with custom, give exactly one of cron, every, at, rrule and rules.', repeat_interval));
  elsif start is null then
    perform chime_private.fail('CH007', format('A %s schedule needs a start: starts_at, or anchor.', repeat_interval),
      'Its weekday, day of the month and time of day, on the clock of timezone, are those of every fire.', '{"field": "starts_at"}');
  end if;
  s.every := v_every;
  s.anchor := date_trunc('second', start);
  -- Fires are at whole seconds: the first one would come too early for a start with a fraction.
  if start = s.starts_at then s.starts_at := s.anchor; end if;
  return s;
end $$;
comment on function chime_private.apply_repeat is
  'A definition whose rule is daily, weekly or monthly, counted from start; as it is where repeat_interval is null or custom. Raises CH001, CH007.';
