-- Up Migration

-- Added here and used by functions alone: a new value cannot be used before this transaction has ended.
alter type chime.schedule_action add value 'restored';

create table chime_private.conversations (
  id uuid primary key,
  tenant_id uuid not null,
  channel_mapping_id uuid not null,
  person_id uuid not null,
  draft jsonb check (jsonb_typeof(draft) = 'object'),
  revision integer not null default 0,
  expires_at timestamptz,
  updated_at timestamptz not null,
  unique (channel_mapping_id, person_id),
  foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id) on delete cascade,
  foreign key (tenant_id, person_id) references chime.users (tenant_id, id) on delete cascade,
  constraint conversations_draft_expires check ((draft is null) = (expires_at is null))
);
comment on table chime_private.conversations is 'What the bot is talking about with a person at a place: all that a dialogue remembers from one message to the next.';
comment on column chime_private.conversations.person_id is 'Who speaks; in a group one of many.';
comment on column chime_private.conversations.draft is 'What is not done yet: what the bot has asked for, and what it knows so far; null = nothing.';
comment on column chime_private.conversations.revision is 'Grows with each change of the draft; buttons carry it, so that one under an older message is known as such.';
comment on column chime_private.conversations.expires_at is 'When an answer to what was asked is not expected any more.';

create table chime_private.schedule_authors (
  schedule_id uuid primary key references chime.schedules (id) on delete cascade,
  person_id uuid not null references chime.users (id) on delete cascade
);
comment on table chime_private.schedule_authors is 'Who of a group asked for a schedule, which the group owns.';
comment on column chime_private.schedule_authors.person_id is 'Who may change it, beside the administrators of the group.';
create index schedule_authors_of_person on chime_private.schedule_authors (person_id);

create table chime_private.groups (
  user_id uuid primary key references chime.users (id) on delete cascade,
  admins_create boolean not null default false
);
comment on table chime_private.groups is 'Groups of people who share schedules. A group is a user of its own: what it owns, all of its members see.';
comment on column chime_private.groups.user_id is 'The user that the group is.';
comment on column chime_private.groups.admins_create is 'Whether only its administrators may create schedules there.';

-- Which run a person means who answers a message.
create index deliveries_of_message on chime.deliveries (channel_mapping_id, external_id)
  where external_id is not null and channel_id in ('telegram', 'terminal');
