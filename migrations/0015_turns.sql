-- Up Migration

-- Values that are added here cannot be used before this transaction has ended: nothing in migrations/ names them.
alter type chime.overlap_policy add value 'buffer_one';
alter type chime.overlap_policy add value 'buffer_all';
alter type chime.overlap_policy add value 'cancel_other';
comment on type chime.overlap_policy is 'What happens to a fire while an earlier run of the same schedule is not finished: skip = it is skipped; buffer_one = it waits for its turn, and the next ones are skipped; buffer_all = it waits, a thousand of them at most; cancel_other = the earlier run is cancelled, and it runs when that has ended; allow = it runs beside it.';

create type chime.priority as enum ('low', 'medium', 'high', 'critical');
comment on type chime.priority is 'Which run goes first where several wait for a worker or for their turn.';

alter table chime.schedules
  add column concurrency_key text check (length(concurrency_key) between 1 and 200),
  add column priority chime.priority not null default 'medium';
comment on column chime.schedules.concurrency_key is 'Of all runs of the tenant with the same key no more run at once than chime.concurrency_limits says: one, where it says nothing.';
comment on column chime.schedules.priority is 'Which of its runs go before those of other schedules.';

alter table chime.runs
  add column concurrency_key text check (length(concurrency_key) between 1 and 200),
  add column priority chime.priority not null default 'medium',
  add column in_turn boolean not null default false,
  add column waits_for text,
  add constraint runs_turn_of_schedule check (schedule_id is not null or not in_turn);
comment on column chime.runs.concurrency_key is 'Of all runs of the tenant with the same key no more run at once than chime.concurrency_limits says.';
comment on column chime.runs.priority is 'Which run goes first where several wait.';
comment on column chime.runs.in_turn is 'Whether it waits until other runs of its schedule are finished.';
comment on column chime.runs.waits_for is 'Why it is not with a worker, though it is queued: what must become free first.';

create table chime.concurrency_limits (
  tenant_id uuid not null references chime.tenants (id),
  key text not null check (length(key) between 1 and 200),
  max_running integer not null check (max_running between 0 and 10000),
  -- As chime_private.slots_of() says it.
  slot text not null generated always as ('key:' || tenant_id::text || ':' || key) stored unique,
  updated_at timestamptz not null,
  primary key (tenant_id, key)
);
comment on table chime.concurrency_limits is 'How many runs with the same concurrency_key may run at once, where that is not one. Written by set_concurrency_limit and delete_concurrency_limit.';

create type chime_private.slot_state as enum ('held', 'woken', 'taken');
comment on type chime_private.slot_state is 'held = a worker wanted to start the run, and there was no room; woken = it may ask again, and nobody is before it; taken = it has the slot.';

-- Beside the runs, and not columns of them: so they cost nothing to runs that need no turn.
create table chime_private.slot_runs (
  run_id uuid not null,
  slot text not null,
  state chime_private.slot_state not null,
  priority chime.priority not null,
  due_at timestamptz not null,
  primary key (run_id, slot)
);
comment on table chime_private.slot_runs is 'Runs that have taken a slot, and those that a worker wanted to start and that wait for one.';
create index slot_runs_order on chime_private.slot_runs (slot, state, priority desc, due_at, run_id);

create table chime_private.freed_slots (
  id bigint generated always as identity primary key,
  slot text not null
);
comment on table chime_private.freed_slots is 'Slots that may have become free: a tick looks at them and lets the next runs go.';
create index freed_slots_slot on chime_private.freed_slots (slot);

drop function if exists chime_private.enqueue(uuid[], text[]);
drop function if exists chime_private.find_stuck(timestamptz);
drop function if exists chime_private.repeat_run(chime.runs, timestamptz);
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, integer, interval, chime.retry_backoff, interval, interval);
