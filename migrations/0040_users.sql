-- Up Migration

create type chime.user_status as enum ('active', 'blocked', 'forgotten');
comment on type chime.user_status is 'Whether a person may sign in: active = yes; blocked = not at the moment; forgotten = never again, what was known of them is erased.';

create table chime.users (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  subject text not null check (length(subject) between 1 and 255),
  name text check (length(name) between 1 and 200),
  locale text check (length(locale) between 1 and 35),
  timezone text references chime_private.timezones (name),
  status chime.user_status not null default 'active',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, subject)
);
comment on table chime.users is 'People, and programs that are treated as such: whoever owns schedules. One appears when a token first names it.';
comment on column chime.users.subject is 'What tokens call the person (the claim sub); unique in the tenant.';
comment on column chime.users.name is 'What people call the person.';
comment on column chime.users.locale is 'The language and region that the person reads, for example en or ru-RU.';
comment on column chime.users.timezone is 'The IANA time zone that the person lives in.';

-- Runs and events carry their owner too, so that their walls need no look-up of the schedule. It is no foreign key there: checking it
-- would cost every fire; that of the schedule, from which it is copied, is one.
alter table chime.schedules
  add column owner_id uuid,
  add column tags text[] not null default '{}' check (cardinality(tags) <= 20 and array_position(tags, null) is null),
  add foreign key (tenant_id, owner_id) references chime.users (tenant_id, id);
comment on column chime.schedules.owner_id is 'The user whose schedule it is; null = the tenant''s own, which only its administrators see.';
comment on column chime.schedules.tags is 'Words to find it by: at most 20, of 1 to 50 characters each.';
create index schedules_of_owner on chime.schedules (owner_id) where owner_id is not null;
-- Partial, so that a fire of a schedule without tags has no entry to write. Searches say `tags <> '{}'` too.
create index schedules_tags on chime.schedules using gin (tags) where tags <> '{}';

alter table chime.runs add column owner_id uuid;
comment on column chime.runs.owner_id is 'The user whose run it is: the owner of its schedule or event handler when it was made; null = the tenant''s own.';
create index runs_of_owner on chime.runs (owner_id, id) where owner_id is not null;

alter table chime.event_handlers
  add column owner_id uuid,
  add foreign key (tenant_id, owner_id) references chime.users (tenant_id, id);
comment on column chime.event_handlers.owner_id is 'The user whose handler it is, who is only told of events of their own; null = the tenant''s own, which is told of all.';
create index event_handlers_of_owner on chime.event_handlers (owner_id) where owner_id is not null;

alter table chime.events add column owner_id uuid;
comment on column chime.events.owner_id is 'The user who raised it, or whose run did; null = nobody in particular.';
create index events_of_owner on chime.events (owner_id, id) where owner_id is not null;

-- With an argument more this would be a second function of its name.
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy, integer, interval, chime.retry_backoff, interval, interval, text, chime.priority, integer, interval, integer, integer);
drop function if exists chime_private.raise_event(uuid, text, jsonb);
drop function if exists chime_private.tell(uuid, text, jsonb);
