-- Meetings.
create or replace function chime_private.judge_meeting_reminder(r chime.runs) returns chime.runs
language plpgsql volatile
as $$ begin return r; end $$;
create or replace function chime_private.meeting_reminder_unwanted(schedule_id uuid, now timestamptz) returns text
language sql stable
as $$ select null::text $$;
