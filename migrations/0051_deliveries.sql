-- Up Migration

-- Added here and used by functions alone: a new value cannot be used before this transaction has ended.
alter type chime.skip_reason add value 'blocked';
comment on type chime.skip_reason is 'Why a fire was not run: an earlier run was not finished; pgchime was not there in time; the schedule was paused; its rule was changed, or it was cancelled or deleted, before the fire was handled; the wall-clock time did not exist; max_runs was reached; a calendar excluded it; nobody could have been told, because the channel it delivers to is blocked (agents alone).';

create type chime.deliver_policy as enum ('always', 'on_failure', 'on_change', 'on_recovery', 'never');
comment on type chime.deliver_policy is 'Which runs somebody is told of: all; those that failed or timed out; those whose output or error is not that of the last one told of; those that failed, and the first that succeeds after them; none.';

create type chime.delivery_status as enum ('pending', 'sending', 'sent', 'failed', 'unknown', 'skipped');
comment on type chime.delivery_status is 'pending = is to be sent; sending = a sender is at it; sent = the channel has answered with the id of the message; failed = it was not sent and will not be; unknown = it may have been sent or not, and is not sent again by itself; skipped = it was not to be sent.';

alter table chime.schedules
  add column deliver chime.deliver_policy not null default 'always',
  add column channel_mapping_id uuid,
  add column blocked_at timestamptz,
  add foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id);
comment on column chime.schedules.deliver is 'Which of its runs somebody is told of.';
comment on column chime.schedules.channel_mapping_id is 'Where its output goes; null = to the inbox of its owner, and to where the owner looks on at the moment.';
comment on column chime.schedules.blocked_at is 'Of agents: since when the channel that it delivers to is blocked. Its fires are skipped meanwhile, because nobody would see what they cost.';
create index schedules_of_mapping on chime.schedules (channel_mapping_id) where channel_mapping_id is not null;

alter table chime.event_handlers
  add column deliver chime.deliver_policy not null default 'always',
  add column channel_mapping_id uuid,
  add foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id);
comment on column chime.event_handlers.deliver is 'Which of its runs somebody is told of.';
comment on column chime.event_handlers.channel_mapping_id is 'Where the output of its runs goes; null = to the inbox of its owner, and to where the owner looks on at the moment.';

-- Copied when the run is made, so that one look at the row of a run that ends says whether anything has to be told to anybody.
alter table chime.runs add column channel_mapping_id uuid;
comment on column chime.runs.channel_mapping_id is 'Where its output goes, as its schedule or event handler said when it was made.';

create table chime.deliveries (
  id uuid primary key,
  tenant_id uuid not null,
  owner_id uuid,
  run_id uuid not null,
  schedule_id uuid,
  channel_mapping_id uuid not null,
  channel_id text not null,
  part integer not null default 1 check (part > 0),
  part_count integer check (part_count >= part),
  status chime.delivery_status not null,
  skip_reason text,
  failure_reason text,
  failure_count integer not null default 0 check (failure_count >= 0),
  attempt integer not null default 0 check (attempt >= 0),
  due_at timestamptz check (isfinite(due_at)),
  held boolean not null default false,
  urgent boolean not null default false,
  covers_count integer not null default 1 check (covers_count > 0),
  tier integer not null default 0 check (tier >= 0),
  output_hash bytea not null,
  sender_id uuid,
  claimed_until timestamptz,
  external_id text check (length(external_id) between 1 and 500),
  read_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  unique (run_id, channel_mapping_id, part),
  foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id),
  constraint deliveries_sent_with_proof check ((status = 'sent') = (external_id is not null)),
  constraint deliveries_claimed check ((status = 'sending') = (sender_id is not null) and (status = 'sending') = (claimed_until is not null)),
  constraint deliveries_due_if_pending check (due_at is null or status = 'pending'),
  constraint deliveries_skip_has_reason check ((status = 'skipped') = (skip_reason is not null)),
  constraint deliveries_failure_has_reason check (status not in ('failed', 'unknown') or failure_reason is not null),
  constraint deliveries_final_is_finished check ((status in ('sent', 'failed', 'unknown', 'skipped')) = (finished_at is not null)),
  constraint deliveries_read_if_sent check (read_at is null or status = 'sent')
);
comment on table chime.deliveries is 'The output of a run on its way to a channel mapping: one row for each message. Written by functions alone.';
comment on column chime.deliveries.owner_id is 'The owner of the run.';
comment on column chime.deliveries.channel_id is 'The channel of the mapping.';
comment on column chime.deliveries.part is 'Which part of it this is, where the channel takes it in several messages.';
comment on column chime.deliveries.part_count is 'How many parts there are; null while nobody has looked.';
comment on column chime.deliveries.skip_reason is 'Why it was not to be sent.';
comment on column chime.deliveries.failure_reason is 'Why it failed, or is unknown; of one that is pending, what was wrong the last time.';
comment on column chime.deliveries.failure_count is 'How often sending it has failed in a way that another attempt may mend.';
comment on column chime.deliveries.attempt is 'How many times a sender has taken it. What is reported of another attempt changes nothing.';
comment on column chime.deliveries.due_at is 'Pending: when it may be sent, at the end of quiet hours or of the wait before another attempt; null = at once.';
comment on column chime.deliveries.held is 'Whether it is, or was, held until the quiet hours of the person are over.';
comment on column chime.deliveries.urgent is 'Whether it is of a critical run: that is not held by quiet hours.';
comment on column chime.deliveries.covers_count is 'For how many runs of its schedule it stands: of several that succeeded in quiet hours only the last one is sent.';
comment on column chime.deliveries.tier is 'How many forms of it the channel has refused; each next one is plainer.';
comment on column chime.deliveries.output_hash is 'The MD5 of what there is to tell.';
comment on column chime.deliveries.sender_id is 'The sender that is at it.';
comment on column chime.deliveries.claimed_until is 'When a sender that has not reported by then is given up.';
comment on column chime.deliveries.external_id is 'The id that the channel has given to the message: the proof that it was sent.';
comment on column chime.deliveries.read_at is 'Of the inbox: when the person has read it.';
comment on column chime.deliveries.finished_at is 'When it reached its final status.';

create index deliveries_open on chime.deliveries (channel_id, channel_mapping_id, run_id, part) where status in ('pending', 'sending');
create index deliveries_due on chime.deliveries (due_at) where due_at is not null;
create index deliveries_claimed_until on chime.deliveries (claimed_until) where claimed_until is not null;
create index deliveries_of_schedule on chime.deliveries (schedule_id, run_id) where status not in ('failed', 'skipped') and schedule_id is not null;
create index deliveries_of_owner on chime.deliveries (owner_id, id) where owner_id is not null;
create index deliveries_undelivered on chime.deliveries (status, id) where status in ('failed', 'unknown');

create table chime_private.channels (
  id text primary key check (id ~ '^[a-z][a-z0-9_]{0,31}$'),
  is_ordered boolean not null,
  is_repeatable boolean not null,
  is_open boolean not null,
  limits jsonb not null check (jsonb_typeof(limits) = 'array'),
  retry_waits interval[] not null,
  walked_to uuid,
  seen_at timestamptz not null
);
comment on table chime_private.channels is 'What senders have registered: which channels there are, and what each allows.';
comment on column chime_private.channels.is_ordered is 'Whether a message waits until those before it have been sent, or given up.';
comment on column chime_private.channels.is_repeatable is 'Whether who receives a message twice knows that it is the same: it may be sent again when nobody knows what became of it.';
comment on column chime_private.channels.is_open is 'Whether users may map contexts of it for themselves.';
comment on column chime_private.channels.limits is 'How much may be sent, the narrowest first: of all messages whose contexts have the same first group of the regular expression `by`, `most` in any `per_ms` milliseconds.';
comment on column chime_private.channels.retry_waits is 'How long each next attempt waits after one that failed; there are as many.';
comment on column chime_private.channels.walked_to is 'The mapping at which the last claim stopped looking.';
comment on column chime_private.channels.seen_at is 'When a sender last looked for messages.';

-- What limits are held against: a message counts from when it was taken until its limit's time after it was reported. It reaches the
-- channel somewhere between, so that no window of that length, wherever it is laid, has more than it may.
create table chime_private.sends (
  delivery_id uuid not null,
  attempt integer not null,
  channel_id text not null,
  buckets text[] not null,
  ended_at timestamptz,
  primary key (delivery_id, attempt)
);
comment on table chime_private.sends is 'Messages that are being sent or were sent a moment ago, for limits.';
create index sends_of_channel on chime_private.sends (channel_id, ended_at);
create index sends_ended on chime_private.sends (ended_at);

create table chime_private.send_pauses (
  channel_id text not null,
  bucket text not null,
  until timestamptz not null,
  primary key (channel_id, bucket)
);
comment on table chime_private.send_pauses is 'Where a channel has asked to wait: a bucket of its narrowest limit, or all of it (*).';

create type chime_private.send_outcome as enum
  ('sent', 'retry', 'throttled', 'refused', 'blocked', 'degraded', 'moved', 'plainer', 'unknown', 'returned');
comment on type chime_private.send_outcome is 'How sending a message ended, as its sender says it: sent; retry = was not sent, and may be tried again; throttled = the channel wants a wait; refused = was not sent, and trying again is of no use; blocked = so is everything to this mapping; degraded = was not sent, but may be in a lesser place; moved = the context has another name now; plainer = this form of it was refused; unknown = may have been sent; returned = nobody has tried.';

drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy, integer, interval, chime.retry_backoff, interval, interval, text, chime.priority, integer, interval, integer, integer, text[]);
drop function if exists chime.create_event_handler(text, text, jsonb, jsonb, interval, interval, text, text, text, text);
-- It answers how many deliveries it moved, too.
drop function if exists chime_private.tick(integer, uuid, text);
