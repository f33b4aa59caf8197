-- Up Migration

create type chime.follow_up_status as enum ('waiting', 'fired', 'cancelled');
comment on type chime.follow_up_status is 'waiting = its time has not come; fired = its time came first; cancelled = the person spoke first, or somebody took it back.';

create table chime.follow_ups (
  id uuid primary key,
  tenant_id uuid not null,
  owner_id uuid,
  schedule_id uuid not null unique,
  channel_mapping_id uuid,
  person_id uuid not null,
  message_template text not null check (length(message_template) between 1 and 2000),
  reason text not null check (length(reason) between 1 and 500),
  status chime.follow_up_status not null default 'waiting',
  created_at timestamptz not null,
  fired_at timestamptz,
  cancelled_at timestamptz,
  cancel_reason text check (cancel_reason in ('replied', 'by_hand')),
  foreign key (tenant_id, schedule_id) references chime.schedules (tenant_id, id) on delete cascade,
  foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id),
  foreign key (tenant_id, person_id) references chime.users (tenant_id, id) on delete cascade,
  constraint follow_ups_fired check (status <> 'fired' or fired_at is not null),
  constraint follow_ups_cancelled check
    ((status = 'cancelled') = (cancelled_at is not null) and (status = 'cancelled') = (cancel_reason is not null))
);
comment on table chime.follow_ups is
  'Messages that somebody gets at a time unless they have spoken before: each is a schedule that fires once, and is cancelled as soon as the person says '
  'anything. Written by functions alone.';
comment on column chime.follow_ups.schedule_id is 'The schedule that fires once, at its time.';
comment on column chime.follow_ups.channel_mapping_id is 'The conversation: where it is said, and where a word of the person cancels it; null = the inbox of the person, and a word of theirs anywhere.';
comment on column chime.follow_ups.person_id is 'Whose word cancels it. Where that is a group, the word of anybody in it.';
comment on column chime.follow_ups.message_template is 'What is said; {{person}} and {{reason}} in it are filled in when it fires.';
comment on column chime.follow_ups.reason is 'Why the person is to be asked again.';
comment on column chime.follow_ups.fired_at is 'When its time came.';
comment on column chime.follow_ups.cancelled_at is 'When it was cancelled.';
comment on column chime.follow_ups.cancel_reason is 'replied = the person spoke first; by_hand = its schedule was cancelled or deleted.';

-- Asked for each time that somebody speaks.
create index follow_ups_of_person on chime.follow_ups (person_id, coalesce(fired_at, 'infinity')) where status <> 'cancelled';
create index follow_ups_of_owner on chime.follow_ups (owner_id, id) where owner_id is not null;
create index follow_ups_of_mapping on chime.follow_ups (channel_mapping_id) where channel_mapping_id is not null;
