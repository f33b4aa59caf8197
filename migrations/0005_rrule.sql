-- Up Migration

-- The new value is not used in this file: until the transaction that adds it ends, it may not be.
alter type chime_private.rule_kind add value 'rrule';

alter type chime_private.rule add attribute rrule bigint[];        -- see chime_private.compile_rrule
alter type chime_private.rule add attribute positions integer[];   -- BYSETPOS, where it is not compiled away
alter type chime_private.rule add attribute added bigint[];        -- RDATE: wall seconds that the rule itself does not name
alter type chime_private.rule add attribute excluded bigint[];     -- EXDATE: wall seconds that the rule itself names

alter table chime.schedules add column rrule text;
comment on column chime.schedules.rrule is 'The rule, where it is a recurrence rule (RFC 5545): RRULE, with DTSTART, RDATE and EXDATE where they are given.';
comment on column chime.schedules.anchor is 'What an interval counts from; also its first fire, if that is still to come. The DTSTART of a recurrence rule that gives none.';

alter table chime.schedules drop constraint schedules_one_rule;
alter table chime.schedules add constraint schedules_one_rule check (num_nonnulls(cron, every, at, rrule) = 1);
alter table chime.schedules drop constraint schedules_anchor_of_interval;
alter table chime.schedules add constraint schedules_anchor_of_interval check (
  case when every is not null then anchor is not null else anchor is null or rrule is not null end);

-- With one argument more these would be second functions of their names; sql/ creates them anew.
drop function if exists chime.preview(text, interval, text, text, timestamptz, integer, timestamptz, timestamptz, timestamptz, chime.dst_gap_policy, chime.dst_fold_policy);
drop function if exists chime.create_schedule(text, text, interval, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy);
drop function if exists chime_private.read_rule(text, interval, text, text, chime.dst_gap_policy, chime.dst_fold_policy, timestamptz, timestamptz, timestamptz);
