-- Up Migration

alter table chime.users
  add column morning_at time not null default '09:00' constraint users_morning_at check (morning_at between '03:00' and '12:00'),
  add column evening_at time not null default '19:00' constraint users_evening_at check (evening_at between '15:00' and '23:59');
comment on column chime.users.morning_at is 'When "in the morning" is to this person, and a day that is named without a time; on the clock of their time zone. See set_preferences.';
comment on column chime.users.evening_at is 'When "in the evening" and "tonight" are to this person; on the clock of their time zone. See set_preferences.';

-- With arguments and columns more these would be second functions of their names, or refused; sql/ creates them anew.
drop function if exists chime.set_preferences(text, text, uuid);
drop function if exists chime_private.hear(text, text, boolean, text, text, text);
drop function if exists chime_private.claim_deliveries(uuid, text[], text[], integer);
