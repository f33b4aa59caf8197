-- Up Migration

create table chime.calendars (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  name text not null check (length(name) between 1 and 200),
  timezone text references chime_private.timezones (name),
  dates datemultirange not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, name)
);
comment on table chime.calendars is 'Named sets of dates that schedules fire only on, or never on. Written by set_calendar and delete_calendar.';
comment on column chime.calendars.timezone is 'Where its days begin and end; null = in the zone of each schedule.';
comment on column chime.calendars.dates is 'Its days.';

create type chime.excluded_policy as enum ('skip', 'next_day');
comment on type chime.excluded_policy is
  'What happens to fires on days that calendars exclude: they are skipped, or made up for once on the next day that is not excluded.';

alter table chime.schedules
  add column rules jsonb,
  add column more_rules chime_private.rule[],
  add column only_on text[] check (cardinality(only_on) between 1 and 20),
  add column never_on text[] check (cardinality(never_on) between 1 and 20),
  add column on_excluded chime.excluded_policy not null default 'skip',
  add column excluded tstzmultirange;
comment on column chime.schedules.rules is 'The rules, where there are several: it fires when any of them does.';
comment on column chime.schedules.more_rules is 'All of rules but the first, in compiled form.';
comment on column chime.schedules.only_on is 'Names of calendars: it fires on their days alone.';
comment on column chime.schedules.never_on is 'Names of calendars: it does not fire on their days.';
comment on column chime.schedules.on_excluded is 'What happens to fires on days that calendars exclude.';
comment on column chime.schedules.excluded is 'When calendars keep it from firing, in compiled form.';
create index schedules_calendars on chime.schedules using gin ((coalesce(only_on, '{}') || coalesce(never_on, '{}')))
  where only_on is not null or never_on is not null;

alter table chime.schedules drop constraint schedules_one_rule;
alter table chime.schedules add constraint schedules_one_rule check (num_nonnulls(cron, every, at, rrule, rules) = 1);
alter table chime.schedules drop constraint schedules_anchor_of_interval;
alter table chime.schedules add constraint schedules_anchor_of_interval check (
  case when every is not null then anchor is not null else anchor is null or rrule is not null or rules is not null end);

-- With arguments more it would be a second function of its name; sql/ creates it anew.
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy);
