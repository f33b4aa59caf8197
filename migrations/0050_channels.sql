-- Up Migration

create type chime.mapping_status as enum ('active', 'degraded', 'blocked');
comment on type chime.mapping_status is 'Whether a channel takes what is sent to one of its contexts: active = yes; degraded = not quite where it should go, for example beside a topic that is gone; blocked = no, and nothing is sent until somebody resumes it.';

create table chime.channel_mappings (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  user_id uuid,
  channel_id text not null check (channel_id ~ '^[a-z][a-z0-9_]{0,31}$'),
  channel_context_id text not null check (length(channel_context_id) between 1 and 200),
  session_id text check (length(session_id) between 1 and 200),
  status chime.mapping_status not null default 'active',
  status_reason text,
  status_changed_at timestamptz not null,
  live_until timestamptz,
  heard_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, channel_id, channel_context_id),
  foreign key (tenant_id, user_id) references chime.users (tenant_id, id),
  constraint channel_mappings_reason check ((status = 'active') = (status_reason is null))
);
comment on table chime.channel_mappings is 'Where somebody can be reached: a context of a channel, and the user and the session that belong to it.';
comment on column chime.channel_mappings.user_id is 'The user who is reached there; null = nobody in particular, as in a group.';
comment on column chime.channel_mappings.channel_id is 'The channel: telegram, whatsapp, webhook, web, terminal, or another that a sender has registered.';
comment on column chime.channel_mappings.channel_context_id is 'The place within the channel, as the channel names it; of Telegram a chat, or chat:thread.';
comment on column chime.channel_mappings.session_id is 'The conversation that goes on there at present.';
comment on column chime.channel_mappings.status_reason is 'Why it is degraded or blocked.';
comment on column chime.channel_mappings.status_changed_at is 'Since when it has its status.';
comment on column chime.channel_mappings.live_until is 'Of what is there only while somebody looks at it, as a terminal: until when it counts as open.';
comment on column chime.channel_mappings.heard_at is 'When somebody last wrote from there: some channels allow free text only for a time after that.';
create index channel_mappings_of_user on chime.channel_mappings (user_id) where user_id is not null;

-- All conversations that there were, so that an old one still leads to its place.
create table chime_private.channel_sessions (
  tenant_id uuid not null,
  session_id text not null check (length(session_id) between 1 and 200),
  channel_mapping_id uuid not null,
  created_at timestamptz not null,
  primary key (tenant_id, session_id),
  foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id)
);
comment on table chime_private.channel_sessions is 'Which channel mapping each conversation was held at.';

create table chime.webhooks (
  id uuid primary key,
  tenant_id uuid not null,
  owner_id uuid,
  url text not null check (length(url) between 1 and 2000),
  is_signed boolean not null,
  description text check (length(description) <= 2000),
  created_at timestamptz not null,
  foreign key (tenant_id, id) references chime.channel_mappings (tenant_id, id),
  foreign key (tenant_id, owner_id) references chime.users (tenant_id, id)
);
comment on table chime.webhooks is 'Addresses that runs are posted to. A webhook is a channel mapping, and has the id of it.';
comment on column chime.webhooks.id is 'The id of its channel mapping.';
comment on column chime.webhooks.owner_id is 'The user whose webhook it is; null = the tenant''s own.';
comment on column chime.webhooks.url is 'Where runs are posted to.';
comment on column chime.webhooks.is_signed is 'Whether what is posted is signed, as Standard Webhooks has it.';

create table chime_private.webhook_secrets (
  webhook_id uuid primary key references chime.webhooks (id) on delete cascade,
  sealed bytea not null check (length(sealed) between 34 and 1000)
);
comment on table chime_private.webhook_secrets is 'Secrets that webhooks are signed with, encrypted with a key that the database does not have.';

alter table chime.users
  add column quiet_from time,
  add column quiet_until time,
  add constraint users_quiet_hours check ((quiet_from is null) = (quiet_until is null) and quiet_from <> quiet_until);
comment on column chime.users.quiet_from is 'From when on nothing is sent to the person, on the wall clock of timezone, or of UTC; null = there are no quiet hours.';
comment on column chime.users.quiet_until is 'When what was held because of quiet hours is sent.';
create index channel_mappings_live on chime.channel_mappings (live_until) where live_until is not null;
