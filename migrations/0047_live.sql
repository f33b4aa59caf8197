-- Up Migration

-- Unlogged: who listens has to say so again within seconds anyway.
create unlogged table chime_private.live_listeners (
  id uuid primary key,
  until timestamptz not null,
  seen_from xid8
);
comment on table chime_private.live_listeners is 'API servers that somebody has subscribed at: while there is one, changes are notified.';
comment on column chime_private.live_listeners.until is 'When it counts as gone, unless it says that it is there before.';
comment on column chime_private.live_listeners.seen_from is 'Transactions from here on saw that it listens; older ones may have changed something without a word.';
