-- Up Migration

create table chime.calendar_feeds (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  user_id uuid not null,
  name text check (length(name) between 1 and 200),
  prefix text not null,
  hash bytea not null unique check (length(hash) = 32),
  created_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz,
  foreign key (tenant_id, user_id) references chime.users (tenant_id, id) on delete cascade
);
create index calendar_feeds_of_user on chime.calendar_feeds (user_id, id);
comment on table chime.calendar_feeds is 'Calendars to subscribe to: what is ahead of a person, as iCalendar, at an address that is secret. The secret is shown once, when the feed is made; here is only its hash.';
comment on column chime.calendar_feeds.user_id is 'The person whose meetings, reminders and schedules it has.';
comment on column chime.calendar_feeds.name is 'What programs call the calendar; null = a name in the language of the person.';
comment on column chime.calendar_feeds.prefix is 'The first characters of the secret, by which a person recognises it.';
comment on column chime.calendar_feeds.hash is 'The SHA-256 of the secret.';
comment on column chime.calendar_feeds.last_used_at is 'When it was read last, to within five minutes.';
comment on column chime.calendar_feeds.revoked_at is 'When it was revoked: it is not there any more since then.';
