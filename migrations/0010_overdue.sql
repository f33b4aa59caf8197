-- Up Migration

create type chime.overdue_policy as enum ('refuse', 'run_now');
comment on type chime.overdue_policy is 'What becomes of a one-off whose time is over when it is written: it is refused, or run at once.';

-- With arguments more these would be second functions of their names; sql/ creates them anew.
drop function if exists chime.preview(text, interval, text, text, text, timestamptz, integer, timestamptz, timestamptz, timestamptz, chime.dst_gap_policy, chime.dst_fold_policy);
drop function if exists chime.preview(timestamptz, text, timestamptz, integer);
drop function if exists chime.describe(text, interval, text, text, text, text, timestamptz, timestamptz, timestamptz);
drop function if exists chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy);
drop function if exists chime.create_schedule(text, timestamptz, text, jsonb, text, text, text, interval);
drop function if exists chime_private.change_schedule(chime.schedules, chime.schedules);
drop function if exists chime_private.require_future(chime.schedules, timestamptz);
