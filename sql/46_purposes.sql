-- What pgchime keeps for people: check-ins, follow-ups and reminders of meetings. Between the moment at which such a message was planned
-- and the one at which it is sent the world may change, so it is asked twice whether it is still wanted: when its run is made, in the
-- row that is about to be inserted, and when a sender takes it. Runs without a purpose pay nothing for that.

create or replace function chime_private.unwanted(r chime.runs) returns chime.runs
language plpgsql immutable
as $$
begin
  r.status := 'skipped'; r.skip_reason := 'not_wanted'; r.in_turn := false; r.finished_at := r.created_at;
  r.covers_count := 1; r.covers_until := r.scheduled_for;
  return r;
end $$;
comment on function chime_private.unwanted is 'A run that is about to be inserted, as one that is skipped because nobody wants it.';

create or replace function chime_private.judge_run() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return case new.purpose
    when 'follow_up' then chime_private.judge_follow_up(new)
    when 'check_in' then chime_private.judge_check_in(new)
    when 'meeting_reminder' then chime_private.judge_meeting_reminder(new)
  end;
end $$;
comment on function chime_private.judge_run is 'Makes a run that serves a purpose what it has to be: with its text and its place, or skipped.';

-- Before the insert, so that the run needs no second write.
create or replace trigger runs_with_purpose
  before insert on chime.runs
  for each row
  when (new.purpose is not null)
  execute function chime_private.judge_run();

create or replace function chime_private.why_unwanted(d chime.deliveries, now timestamptz) returns text
language plpgsql volatile
as $$
begin
  return case d.purpose
    when 'follow_up' then chime_private.follow_up_unwanted(d.schedule_id)
    when 'check_in' then chime_private.check_in_unwanted(d.run_id, now)
    when 'meeting_reminder' then chime_private.meeting_reminder_unwanted(d, now)
  end;
end $$;
comment on function chime_private.why_unwanted is 'Why a message that is about to be sent is not wanted any more; null where it is.';

create or replace function chime_private.drop_unwanted(delivery_ids uuid[], now timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  v_dropped uuid[];
begin
  if not exists (select from chime.deliveries d where d.id = any (delivery_ids) and d.purpose is not null) then return delivery_ids; end if;
  with judged as materialized (
    select d.id, chime_private.why_unwanted(d, drop_unwanted.now) as reason
    from chime.deliveries d where d.id = any (delivery_ids) and d.purpose is not null
  ), dropped as (
    update chime.deliveries d set status = 'skipped', skip_reason = j.reason, due_at = null, finished_at = drop_unwanted.now
    from judged j
    where d.id = j.id and j.reason is not null and d.status = 'pending'
    returning d.id
  )
  select array_agg(d.id) into v_dropped from dropped d;
  return array(select u.id from unnest(delivery_ids) with ordinality u(id, place) where u.id <> all (coalesce(v_dropped, '{}')) order by u.place);
end $$;
comment on function chime_private.drop_unwanted is 'Skips those of these messages that are not wanted any more; answers the others.';

create or replace function chime_private.withdraw_run(schedule_id uuid, reason text, now timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  v_withdrawn boolean;
begin
  update chime.runs r set status = case r.status when 'running' then r.status else 'cancelled' end,
    finished_at = case r.status when 'running' then null else withdraw_run.now end, retry_at = null, waits_for = null,
    cancel_requested_at = withdraw_run.now, cancel_reason = withdraw_run.reason
  from chime_private.unfinished_runs u
  where u.schedule_id = withdraw_run.schedule_id and r.id = u.run_id and r.finished_at is null and r.cancel_requested_at is null;
  v_withdrawn := found;
  perform pg_notify('chime_worker', r.worker_id::text)
  from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
  where u.schedule_id = withdraw_run.schedule_id and r.status = 'running';
  perform chime_private.wake_clock(withdraw_run.now + chime_private.write_off_after()) where found;
  update chime.deliveries d set status = 'skipped', skip_reason = withdraw_run.reason, due_at = null, finished_at = withdraw_run.now
  -- The first of these is what the index has.
  where d.schedule_id = withdraw_run.schedule_id and d.status not in ('failed', 'skipped') and d.status = 'pending';
  return v_withdrawn or found;
end $$;
comment on function chime_private.withdraw_run is
  'Cancels what runs of a schedule have not said yet: those that wait, those that are being executed as far as they heed it, and messages that are not being sent '
  'yet. Answers whether there was anything.';
