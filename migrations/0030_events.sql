-- Up Migration

create table chime.event_handlers (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  key text check (length(key) between 1 and 200),
  name text not null check (length(name) between 1 and 200),
  description text check (length(description) <= 2000),
  event text not null check (length(event) between 1 and 200),
  filter jsonb check (jsonb_typeof(filter) = 'object'),
  task text not null check (task ~ '^[a-z][a-z0-9_]{0,62}$'),
  payload jsonb not null,
  delay interval,
  debounce interval,
  debounce_by text check (length(debounce_by) <= 200),
  enabled boolean not null,
  revision integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  unique (tenant_id, id),
  constraint event_handlers_one_wait check (num_nonnulls(delay, debounce) <= 1),
  constraint event_handlers_debounce_by check (debounce_by is null or debounce is not null)
);
comment on table chime.event_handlers is 'Which events run which tasks. Written by functions alone: create_event_handler, update_event_handler, ...';
comment on column chime.event_handlers.key is 'The name a program gives it: unique among the tenant''s event handlers; creating it again changes it.';
comment on column chime.event_handlers.event is 'The name of its events; with .* at the end all names that begin so; * alone is every event.';
comment on column chime.event_handlers.filter is 'What the payload of an event has to contain; null = anything.';
comment on column chime.event_handlers.payload is 'What its runs are given: JSON in which {{payload.some.path}}, {{event.id}}, {{event.name}} and {{event.time}} are filled from the event.';
comment on column chime.event_handlers.delay is 'How much later than the event its run comes.';
comment on column chime.event_handlers.debounce is 'How long no further event may come before its run does, which is given the latest of them.';
comment on column chime.event_handlers.debounce_by is 'A path in the payload: events with different values there are debounced each for itself.';
comment on column chime.event_handlers.enabled is 'Whether its events are answered by runs.';
comment on column chime.event_handlers.revision is 'Counts the changes of its definition.';
comment on column chime.event_handlers.deleted_at is 'When it was deleted; its runs stay readable.';
create unique index event_handlers_key on chime.event_handlers (tenant_id, key) where key is not null and deleted_at is null;
-- One look-up finds the handlers of an event, and most often that there is none.
create index event_handlers_event on chime.event_handlers (tenant_id, event) where enabled and deleted_at is null;

-- Its ids are time-ordered, so that history is read and forgotten by ranges of them. The tenant is not a foreign key: checking it
-- would lock the one row of the tenant in every transaction that raises an event.
create table chime.events (
  id uuid primary key,
  tenant_id uuid not null,
  name text not null check (length(name) between 1 and 200),
  payload jsonb not null check (jsonb_typeof(payload) = 'object'),
  handler_count integer not null,
  cause_run_id uuid,
  depth integer not null default 0 check (depth >= 0),
  actor text not null,
  created_at timestamptz not null
);
comment on table chime.events is 'What was said to have happened. Written by trigger_event alone, and never changed.';
comment on column chime.events.handler_count is 'How many event handlers it has set going.';
comment on column chime.events.cause_run_id is 'The run that raised it, where that is known.';
comment on column chime.events.depth is 'How many events led to it, one through a run of the other. Deeper than ten it is recorded and sets nothing going.';
comment on column chime.events.actor is 'Who raised it.';
create index events_name on chime.events (tenant_id, name, id);

-- Only ever inserted and deleted, and no row of a handler is locked: events of one handler do not wait for each other's transactions.
create table chime_private.event_waits (
  seq bigint generated always as identity primary key,
  handler_id uuid not null,
  event_id uuid not null references chime.events (id),
  slot text,
  due_at timestamptz not null check (isfinite(due_at))
);
comment on table chime_private.event_waits is 'Events whose run comes later. A debounced one has a slot, and only the latest of a slot comes to a run.';
create index event_waits_due on chime_private.event_waits (due_at);
create index event_waits_slot on chime_private.event_waits (handler_id, slot, seq) where slot is not null;
create index event_waits_event on chime_private.event_waits (event_id);

alter table chime.runs
  add column event_id uuid,
  add column event_handler_id uuid;
comment on column chime.runs.event_id is 'The event that led to it.';
comment on column chime.runs.event_handler_id is 'The event handler whose run it is.';
create index runs_of_event on chime.runs (event_id) where event_id is not null;
