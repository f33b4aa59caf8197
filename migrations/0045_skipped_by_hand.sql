-- Up Migration

-- The new values are not used in this file: until the transaction that adds them ends, they may not be.
alter type chime.skip_reason add value 'by_hand';
comment on type chime.skip_reason is 'Why a fire was not run: an earlier run was not finished; pgchime was not there in time; the schedule was paused; its rule was changed, or it was cancelled or deleted, before the fire was handled; the wall-clock time did not exist; max_runs was reached; a calendar excluded it; somebody skipped it (skip_next).';

alter type chime.schedule_action add value 'skipped';
comment on type chime.schedule_action is 'What somebody did to a schedule; completed and, at the end of a pause, resumed are what pgchime itself does; skipped is one fire, by skip_next.';
