-- Which runs are not finished, and which ended otherwise than by success: tables beside the history have them, so that nobody has to
-- look through it. Most runs end well in finish_runs, which takes them out itself; what ends otherwise comes by here, whatever its path.

create or replace function chime_private.note_new_runs() returns trigger
language plpgsql
as $$
begin
  insert into chime_private.unfinished_runs (run_id, schedule_id, cancel_requested_at)
  select a.id, a.schedule_id, a.cancel_requested_at from added a where a.finished_at is null;
  -- Skipped, or refused at once.
  insert into chime_private.unsuccessful_runs (status, run_id)
  select a.status, a.id from added a where a.finished_at is not null and a.status <> 'succeeded' on conflict do nothing;
  return null;
end $$;
comment on function chime_private.note_new_runs is 'Puts new runs among those that are not finished, or that ended otherwise than by success.';

create or replace trigger runs_added
  after insert on chime.runs
  referencing new table as added
  for each statement
  execute function chime_private.note_new_runs();

create or replace function chime_private.note_end() returns trigger
language plpgsql
as $$
begin
  delete from chime_private.unfinished_runs u where u.run_id = new.id;
  if new.status <> 'succeeded' then
    insert into chime_private.unsuccessful_runs (status, run_id) values (new.status, new.id) on conflict do nothing;
  end if;
  return null;
end $$;
comment on function chime_private.note_end is
  'Takes a run that has ended out of those that are not finished, and puts it among the unsuccessful ones, if it is one.';

create or replace trigger runs_ended
  after update of finished_at on chime.runs
  for each row
  -- The others are taken out by finish_runs, all of a batch at once.
  when (old.finished_at is null and new.finished_at is not null and (new.status <> 'succeeded' or new.steps is not null))
  execute function chime_private.note_end();

create or replace function chime_private.note_cancelling() returns trigger
language plpgsql
as $$
begin
  update chime_private.unfinished_runs u set cancel_requested_at = new.cancel_requested_at where u.run_id = new.id;
  return null;
end $$;
comment on function chime_private.note_cancelling is 'Marks a run among those that are not finished as one that somebody wants cancelled.';

create or replace trigger runs_cancelling
  after update of cancel_requested_at on chime.runs
  for each row
  when (new.finished_at is null and new.cancel_requested_at is distinct from old.cancel_requested_at)
  execute function chime_private.note_cancelling();

create or replace function chime_private.check_unfinished() returns integer
language sql volatile
as $$
  with gone as (
    delete from chime_private.unfinished_runs u
    where u.run_id in (
      select o.run_id from chime_private.unfinished_runs o
      where not exists (select from chime.runs r where r.id = o.run_id and r.finished_at is null)
      limit 1000)
    returning u.run_id
  )
  select count(*)::integer from gone
$$;
comment on function chime_private.check_unfinished is
  'Looks for what should never happen: runs among those that are not finished that have ended, or are no more. A thousand at most; answers how many it took out.';
