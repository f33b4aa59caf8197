-- Recurrence rules in words.

create or replace function chime_private.rrule_words(rule chime_private.rule, locale text) returns text
language sql immutable parallel safe
as $$
  select case locale when 'en' then 'by a recurrence rule' else 'по правилу повторения' end
$$;
comment on function chime_private.rrule_words is 'A recurrence rule in words.';
