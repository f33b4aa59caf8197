-- Up Migration

create type chime.meeting_status as enum ('scheduled', 'cancelled');
comment on type chime.meeting_status is 'scheduled = it takes place, or has; cancelled = it does not.';

create table chime.meetings (
  id uuid primary key,
  tenant_id uuid not null,
  owner_id uuid not null,
  key text check (length(key) between 1 and 500),
  title text not null check (length(title) between 1 and 200),
  location text check (length(location) between 1 and 500),
  description text check (length(description) between 1 and 4000),
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at >= starts_at),
  timezone text not null,
  channel_mapping_id uuid,
  reminders interval[] not null check (cardinality(reminders) <= 10 and array_position(reminders, null) is null),
  status chime.meeting_status not null default 'scheduled',
  revision integer not null default 1 check (revision > 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  cancelled_at timestamptz,
  cancel_reason text check (length(cancel_reason) between 1 and 500),
  unique (tenant_id, owner_id, key),
  foreign key (tenant_id, owner_id) references chime.users (tenant_id, id) on delete cascade,
  foreign key (tenant_id, channel_mapping_id) references chime.channel_mappings (tenant_id, id),
  constraint meetings_cancelled check ((status = 'cancelled') = (cancelled_at is not null) and (status = 'cancelled' or cancel_reason is null))
);
comment on table chime.meetings is 'Meetings of people, who are reminded of them. Written by book_meeting, reschedule_meeting and cancel_meeting alone, each together with the reminders.';
comment on column chime.meetings.key is 'What another calendar calls it, such as the UID of an invitation: booked with the same key again, it is changed; null = it has none.';
comment on column chime.meetings.title is 'What it is about.';
comment on column chime.meetings.location is 'Where it is: a place, a link; null = it was not said.';
comment on column chime.meetings.description is 'What else there is to know of it.';
comment on column chime.meetings.starts_at is 'When it begins.';
comment on column chime.meetings.ends_at is 'When it ends.';
comment on column chime.meetings.timezone is 'The time zone that it was booked in; a reminder some days before comes at the same time of day there.';
comment on column chime.meetings.channel_mapping_id is 'Where its reminders go; null = to the place where the person is best reached when one is due, else the inbox.';
comment on column chime.meetings.reminders is 'How long before it the reminders come: what was asked for, else what its tenant had (meeting_reminders of tenant_settings) when it was booked. Hours are exact; days keep the time of day in timezone.';
comment on column chime.meetings.revision is 'How often it was booked, changed or cancelled.';
comment on column chime.meetings.cancelled_at is 'When it was cancelled.';
comment on column chime.meetings.cancel_reason is 'Why it was cancelled, if that was said.';
create index meetings_of_tenant on chime.meetings (tenant_id, starts_at, id);
create index meetings_of_owner on chime.meetings (owner_id, starts_at);
-- What retention asks for, tenant by tenant.
create index meetings_by_end on chime.meetings (tenant_id, status, coalesce(cancelled_at, ends_at));
create index meetings_of_mapping on chime.meetings (channel_mapping_id) where channel_mapping_id is not null;

create table chime.meeting_reminders (
  id uuid primary key,
  tenant_id uuid not null,
  owner_id uuid not null,
  meeting_id uuid not null references chime.meetings (id) on delete cascade,
  before interval not null,
  remind_at timestamptz not null,
  schedule_id uuid not null unique,
  skip_reason text check (skip_reason in ('cancelled', 'begun', 'overtaken', 'missed')),
  created_at timestamptz not null,
  unique (meeting_id, before),
  foreign key (tenant_id, owner_id) references chime.users (tenant_id, id) on delete cascade,
  foreign key (tenant_id, schedule_id) references chime.schedules (tenant_id, id) on delete cascade
);
comment on table chime.meeting_reminders is 'Reminders of meetings, each a schedule that fires once, which says how far it is: made, moved and cancelled together with the meeting. Those whose time was over when the meeting was booked or moved are not there.';
comment on column chime.meeting_reminders.meeting_id is 'The meeting that it reminds of.';
comment on column chime.meeting_reminders.before is 'How long before the meeting it comes.';
comment on column chime.meeting_reminders.remind_at is 'When it comes.';
comment on column chime.meeting_reminders.schedule_id is 'The schedule that fires once, at that time.';
comment on column chime.meeting_reminders.skip_reason is 'Why it was not made when its time came: the meeting was cancelled; it had begun already; a later one was due by then, too (overtaken); pgchime was away until the meeting had begun (missed). null = it was, or will be. Why one that was made is not sent, its delivery says.';
create index meeting_reminders_of_owner on chime.meeting_reminders (owner_id, remind_at);

drop function if exists chime_private.meeting_reminder_unwanted(uuid, timestamptz);
drop function if exists chime_private.withdraw_run(uuid, timestamptz);
