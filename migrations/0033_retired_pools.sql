-- Up Migration

create table chime_private.retired_pools (
  pool_id text primary key,
  retired_at timestamptz not null
);
comment on table chime_private.retired_pools is
  'graphile-worker pools that ended lately. A statement that one of them had under way may lock jobs after its locks were freed.';
