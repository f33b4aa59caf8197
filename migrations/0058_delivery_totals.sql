-- Up Migration

-- Deliveries go with their runs, and one that failed may be sent after all: neither may turn a counter back.
create table chime_private.delivery_totals (
  channel text not null,
  status chime.delivery_status not null check (status in ('sent', 'failed', 'unknown', 'skipped')),
  deliveries bigint not null,
  primary key (channel, status)
) with (fillfactor = 70);
comment on table chime_private.delivery_totals is 'How often deliveries reached a final status, in all tenants, for ever; chime.metrics adds delivery_ends. Counted from the version on that brought it.';
comment on column chime_private.delivery_totals.channel is 'The channel; `other` for those that no sender had registered.';

create table chime_private.delivery_ends (
  id bigint generated always as identity primary key,
  channel text not null,
  status chime.delivery_status not null
);
comment on table chime_private.delivery_ends is 'The same of the last minute, a row each time, so that senders do not meet in a row.';
