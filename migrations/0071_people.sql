-- Up Migration

create type chime.purpose as enum ('check_in', 'follow_up', 'meeting_reminder');
comment on type chime.purpose is 'What a schedule of pgchime''s own is for: check_in = to ask a person how they are, once a day; follow_up = to come back to somebody unless they speak first; meeting_reminder = to remind of a meeting. Whether it is still wanted is asked when it fires, and again just before it is sent.';

-- Copied from schedule to run to delivery, so that what has none pays nothing.
alter table chime.schedules add column purpose chime.purpose;
comment on column chime.schedules.purpose is 'What it is for, where pgchime keeps it for somebody; null = whatever its task does.';
alter table chime.runs add column purpose chime.purpose;
comment on column chime.runs.purpose is 'What its schedule is for.';
alter table chime.deliveries add column purpose chime.purpose;
comment on column chime.deliveries.purpose is 'What its schedule is for.';

-- Added here and used by functions alone: a new value cannot be used before this transaction has ended.
alter type chime.skip_reason add value 'not_wanted';
comment on type chime.skip_reason is 'Why a fire was not run: an earlier run was not finished; pgchime was not there in time; the schedule was paused; its rule was changed, or it was cancelled or deleted, before the fire was handled; the wall-clock time did not exist; max_runs was reached; a calendar excluded it; nobody could have been told, because the channel it delivers to is blocked (agents alone); it was not wanted any more, or not then (check-ins, follow-ups and reminders of meetings).';

create table chime.tenant_settings (
  tenant_id uuid primary key references chime.tenants (id) on delete cascade,
  timezone text not null default 'UTC',
  max_retries integer not null default 3 check (max_retries between 0 and 100),
  retry_delay interval not null default '1 minute' check (isfinite(retry_delay) and retry_delay between '0' and '365 days'),
  retry_backoff chime.retry_backoff not null default 'exponential',
  quiet_from time,
  quiet_until time,
  check_in_window interval not null default '30 minutes' check (check_in_window between '1 minute' and '12 hours'),
  check_in_silence interval check (check_in_silence between '1 minute' and '7 days'),
  meeting_reminders interval[] not null default '{24:00:00,01:00:00}' check (cardinality(meeting_reminders) <= 10 and array_position(meeting_reminders, null) is null),
  follow_up_limit integer not null default 20 check (follow_up_limit between 1 and 1000),
  keep_executed interval not null default '30 days' check (isfinite(keep_executed) and keep_executed between '1 hour' and '100 years'),
  keep_cancelled interval not null default '7 days' check (isfinite(keep_cancelled) and keep_cancelled between '1 hour' and '100 years'),
  updated_at timestamptz not null default clock_timestamp(),
  constraint tenant_settings_quiet_hours check ((quiet_from is null) = (quiet_until is null) and quiet_from <> quiet_until)
);
comment on table chime.tenant_settings is 'How a tenant wants things to be where nothing else is said: one row for each tenant. Changed by set_tenant_settings alone.';
comment on column chime.tenant_settings.timezone is 'The time zone of schedules, and of people, that name none.';
comment on column chime.tenant_settings.max_retries is 'How often a run that fails is tried again, where its schedule does not say.';
comment on column chime.tenant_settings.retry_delay is 'How long the first retry waits, where the schedule does not say.';
comment on column chime.tenant_settings.retry_backoff is 'How the wait grows from retry to retry, where the schedule does not say.';
comment on column chime.tenant_settings.quiet_from is 'From when on nothing is sent to people who have chosen no quiet hours of their own, on the clock of their zone; null = there are none.';
comment on column chime.tenant_settings.quiet_until is 'When those quiet hours end.';
comment on column chime.tenant_settings.check_in_window is 'How late a daily check-in may still be sent; later it is skipped.';
comment on column chime.tenant_settings.check_in_silence is 'No check-in to people who have said something so recently, where they do not say otherwise; null = it does not matter.';
comment on column chime.tenant_settings.meeting_reminders is 'How long before a meeting its reminders come, where the meeting does not say.';
comment on column chime.tenant_settings.follow_up_limit is 'How many follow-ups may be pending in one conversation.';
comment on column chime.tenant_settings.keep_executed is 'How long follow-ups, check-ins and meetings are kept after they took place.';
comment on column chime.tenant_settings.keep_cancelled is 'How long follow-ups and meetings are kept after they were cancelled, and check-ins that were skipped.';
insert into chime.tenant_settings (tenant_id) select t.id from chime.tenants t;

alter table chime.users
  add column preferred_message_time time check (extract(second from preferred_message_time) = 0),
  add column check_in_days integer[] check (cardinality(check_in_days) between 1 and 7 and check_in_days <@ '{1,2,3,4,5,6,7}'),
  add column check_in_silence interval check (check_in_silence between '0' and '7 days'),
  add column onboarded_at timestamptz,
  add column preferred_channels text[] not null default '{}' check (cardinality(preferred_channels) <= 20 and array_position(preferred_channels, null) is null),
  add column place text check (length(place) between 1 and 100),
  add column context jsonb not null default '{"facts": [], "situations": []}' check (jsonb_typeof(context) = 'object' and octet_length(context::text) <= 20000),
  add column own_quiet_hours boolean not null default false;
update chime.users set own_quiet_hours = true where quiet_from is not null;
comment on column chime.users.preferred_message_time is 'When the person gets a daily check-in, on the wall clock of timezone; null = they get none.';
comment on column chime.users.check_in_days is 'On which days of the week they get it, 1 = Monday to 7 = Sunday; null = every day.';
comment on column chime.users.check_in_silence is 'No check-in when they have said something so recently; 0 = it does not matter; null = as their tenant has it.';
comment on column chime.users.onboarded_at is 'When they had told what is needed to write to them of one''s own accord; null = they have not: no check-ins then.';
comment on column chime.users.preferred_channels is 'Where they would rather be written to, the best first: ids of channels, such as telegram. Channels that are not named come after these, that one first where they wrote last.';
comment on column chime.users.place is 'The town whose weather concerns them; null = none.';
comment on column chime.users.context is 'What is remembered of the person, to speak to them: {"facts": [{"text", "at"}], "situations": [{"text", "at"}]}, the newest last; see remember.';
comment on column chime.users.own_quiet_hours is 'Whether they have chosen their quiet hours themselves, none included; those of their tenant hold for others.';

create type chime.message_status as enum ('pending', 'sent', 'failed');
comment on type chime.message_status is 'How far a message is: pending = its time has not come, or it is on its way; sent = it was sent; failed = it was not, or nobody knows.';
create index runs_with_purpose on chime.runs (owner_id, id) where purpose is not null;
create index schedules_with_purpose on chime.schedules (owner_id, purpose) where purpose is not null;

create table chime.check_ins (
  id uuid primary key,
  tenant_id uuid not null,
  user_id uuid not null,
  schedule_id uuid not null,
  run_id uuid not null unique,
  day date not null,
  scheduled_for timestamptz not null,
  channel_mapping_id uuid,
  skip_reason text check (skip_reason in ('late', 'blocked', 'not_onboarded', 'unreachable', 'messaged_today', 'quiet_hours', 'spoke_recently')),
  created_at timestamptz not null,
  foreign key (tenant_id, user_id) references chime.users (tenant_id, id) on delete cascade
);
comment on table chime.check_ins is 'Daily check-ins that came due: those that are sent, and those that are not, with the reason. Written by functions alone.';
comment on column chime.check_ins.run_id is 'The run that makes its text, or that says that it was skipped.';
comment on column chime.check_ins.day is 'The day of the person for which it counts: there is one a day at most that is not skipped.';
comment on column chime.check_ins.scheduled_for is 'When it was to be.';
comment on column chime.check_ins.channel_mapping_id is 'Where it goes: the best place that could be reached; null = the inbox.';
comment on column chime.check_ins.skip_reason is 'Why it is not sent: it came too late; the person is blocked; they are not onboarded; all of their channels are blocked; they had a check-in or a follow-up that day; they were in their quiet hours; they had said something a short time before. null = it is sent.';
-- What holds whoever writes: one a day.
create unique index check_ins_one_a_day on chime.check_ins (user_id, day) where skip_reason is null;
create index check_ins_of_user on chime.check_ins (user_id, created_at);

alter type chime.follow_up_status rename value 'waiting' to 'pending';
alter type chime.follow_up_status rename value 'fired' to 'executed';
comment on type chime.follow_up_status is 'pending = its time has not come; executed = its time came first; cancelled = the person spoke first, somebody took it back, or it came too late.';
alter table chime.follow_ups rename column fired_at to executed_at;
alter table chime.follow_ups rename constraint follow_ups_fired to follow_ups_executed;
alter table chime.follow_ups drop constraint follow_ups_cancel_reason_check;
update chime.follow_ups set cancel_reason = 'client_responded' where cancel_reason = 'replied';
alter table chime.follow_ups
  add constraint follow_ups_cancel_reason_check check (cancel_reason in ('client_responded', 'by_hand', 'missed')),
  add column task text not null default 'remind',
  alter column message_template drop not null;
alter table chime.follow_ups alter column task drop default;
comment on column chime.follow_ups.task is 'What makes its text: remind says message_template.';
comment on column chime.follow_ups.message_template is 'What is said; {{person}} and {{reason}} in it are filled in when it is executed. null = its task makes the text.';
comment on column chime.follow_ups.executed_at is 'When its time came.';
comment on column chime.follow_ups.cancel_reason is 'client_responded = the person spoke first; by_hand = its schedule was cancelled or deleted; missed = pgchime was away at its time, for longer than it may be late.';
-- For the limit of a conversation, and "not messaged today".
create index follow_ups_pending on chime.follow_ups (person_id, channel_mapping_id) where status = 'pending';
create index follow_ups_executed on chime.follow_ups (person_id, executed_at) where status = 'executed';
update chime.schedules s set purpose = 'follow_up' from chime.follow_ups f where f.schedule_id = s.id;
update chime.runs r set purpose = 'follow_up' from chime_private.unfinished_runs u join chime.follow_ups f on f.schedule_id = u.schedule_id where r.id = u.run_id;
update chime.deliveries d set purpose = 'follow_up' from chime.follow_ups f where f.schedule_id = d.schedule_id and d.status in ('pending', 'sending');

drop trigger if exists runs_of_follow_ups on chime.runs;
drop function if exists chime_private.fire_follow_up();
drop trigger if exists schedules_of_follow_ups on chime.schedules;
drop function if exists chime_private.check_follow_up(text, text);
drop function if exists chime.schedule_follow_up(text, text, text, text, uuid, uuid);
drop function if exists chime.set_preferences(text, text, time, time, uuid);
