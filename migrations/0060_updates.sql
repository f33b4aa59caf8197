-- Up Migration

-- They take what is sent by its id and its place now, so that what the bot says counts against the same limits as deliveries.
drop function if exists chime_private.within_limits(chime_private.channels, uuid[], timestamptz);
drop function if exists chime_private.pause_sending(chime.deliveries, chime.channel_mappings, boolean, timestamptz);
comment on column chime_private.sends.delivery_id is 'The delivery, or the reply of the bot.';

create table chime_private.updates (
  bot_id bigint not null,
  update_id bigint not null,
  lane text collate "C" not null check (length(lane) between 1 and 100),
  content jsonb,
  attempts integer not null default 0 check (attempts >= 0),
  error text,
  due_at timestamptz,
  received_at timestamptz not null,
  handled_at timestamptz,
  primary key (bot_id, update_id),
  constraint updates_content_until_handled check ((content is null) = (handled_at is not null)),
  constraint updates_due_if_open check (due_at is null or handled_at is null)
);
comment on table chime_private.updates is 'What the bot has heard: written before anything is done about it, so that each update is handled once, whatever happens in between.';
comment on column chime_private.updates.bot_id is 'The bot that it was sent to: each counts its updates for itself.';
comment on column chime_private.updates.lane is 'The chat that it came from: what comes from one is handled in its order.';
comment on column chime_private.updates.content is 'The update as Telegram sent it, until it is handled: what people write is not kept.';
comment on column chime_private.updates.attempts is 'How often handling it has failed.';
comment on column chime_private.updates.error is 'What was wrong the last time.';
comment on column chime_private.updates.due_at is 'When it is to be tried again; null = at once.';
comment on column chime_private.updates.handled_at is 'When it was handled, or given up.';
create index updates_open on chime_private.updates (bot_id, lane, update_id) where handled_at is null;
create index updates_due on chime_private.updates (due_at) where due_at is not null;
create index updates_handled on chime_private.updates (handled_at) where handled_at is not null;

create table chime_private.replies (
  id uuid primary key,
  seq bigint generated always as identity,
  bot_id bigint not null,
  update_id bigint not null,
  channel_id text not null,
  channel_context_id text,
  lane text collate "C" not null,
  kind text not null check (kind in ('message', 'edit', 'answer', 'document', 'ask_location')),
  content jsonb,
  status chime.delivery_status not null default 'pending',
  failure_reason text,
  failure_count integer not null default 0 check (failure_count >= 0),
  attempt integer not null default 0 check (attempt >= 0),
  tier integer not null default 0 check (tier >= 0),
  is_degraded boolean not null default false,
  due_at timestamptz,
  sender_id uuid,
  claimed_until timestamptz,
  external_id text check (length(external_id) between 1 and 500),
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint replies_place check ((kind = 'answer') = (channel_context_id is null)),
  constraint replies_sent_with_proof check ((status = 'sent' or external_id is null) and (status <> 'sent' or external_id is not null or kind in ('edit', 'answer'))),
  constraint replies_claimed check ((status = 'sending') = (sender_id is not null) and (status = 'sending') = (claimed_until is not null)),
  constraint replies_due_if_pending check (due_at is null or status = 'pending'),
  constraint replies_failure_has_reason check (status not in ('failed', 'unknown') or failure_reason is not null),
  constraint replies_final_is_finished check ((status in ('sent', 'failed', 'unknown', 'skipped')) = (finished_at is not null)),
  constraint replies_content_until_finished check ((content is null) = (finished_at is not null))
);
comment on table chime_private.replies is 'What the bot says to an update: written with what the update has led to, sent afterwards.';
comment on column chime_private.replies.seq is 'What comes first is sent first, within its lane.';
comment on column chime_private.replies.channel_context_id is 'The place that it goes to; null = it answers the press of a button, at no place.';
comment on column chime_private.replies.lane is 'What is sent one after the other: all that goes to one place; an answer to a press is alone.';
comment on column chime_private.replies.content is 'What is said, until that is over, one way or the other; see src/bot/dialogue.ts. What is said to people is not kept.';
comment on column chime_private.replies.failure_reason is 'Why it failed, or is unknown; of one that is pending, what was wrong the last time.';
comment on column chime_private.replies.attempt is 'How many times a sender has taken it. What is reported of another attempt changes nothing.';
comment on column chime_private.replies.tier is 'How many forms of it the channel has refused; each next one is plainer.';
comment on column chime_private.replies.is_degraded is 'Whether its topic is gone, and the root of the chat has to do.';
comment on column chime_private.replies.due_at is 'Pending: when it may be sent after an attempt that failed; null = at once.';
comment on column chime_private.replies.claimed_until is 'When a sender that has not reported by then is given up.';
comment on column chime_private.replies.external_id is 'The id that the channel has given to the message: the proof that it was sent.';
create index replies_open on chime_private.replies (channel_id, lane, seq) where status in ('pending', 'sending');
create index replies_due on chime_private.replies (due_at) where due_at is not null;
create index replies_claimed_until on chime_private.replies (claimed_until) where claimed_until is not null;
create index replies_finished on chime_private.replies (finished_at) where finished_at is not null;
