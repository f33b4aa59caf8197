-- Up Migration

create table chime.tasks (
  name text primary key check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  description text,
  payload_schema jsonb,
  registered_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table chime.tasks is 'Task handlers that a worker has registered: what a schedule may name.';
comment on column chime.tasks.payload_schema is 'JSON Schema of the payload; a schedule whose payload does not fit is refused when it is written.';
comment on column chime.tasks.updated_at is 'When a worker last registered this task.';

create table chime_private.workers (
  id uuid primary key,
  name text not null,
  pool_id text not null,
  task_names text[] not null,
  started_at timestamptz not null,
  lease_until timestamptz not null,
  stopped_at timestamptz
);
comment on table chime_private.workers is 'Worker processes. One that does not renew its lease is taken for dead, and its runs are queued again.';
comment on column chime_private.workers.pool_id is 'Its graphile-worker pool, which names the job locks it holds.';
comment on column chime_private.workers.stopped_at is 'Set when the process stopped by itself, or when its lease was found expired.';
create index workers_lease on chime_private.workers (lease_until) where stopped_at is null;

create table chime_private.clocks (
  id uuid primary key,
  name text not null,
  steady_since timestamptz not null,
  ticked_at timestamptz not null
);
comment on table chime_private.clocks is 'Clock processes. Leases are only enforced by a clock that has ticked without a gap for a whole lease.';
