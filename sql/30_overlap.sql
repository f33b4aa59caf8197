-- Fires while an earlier run of the same schedule is not finished, where policies want more than to skip them or to let them be.

create or replace function chime_private.needs_turn(overlap chime.overlap_policy) returns boolean
language sql immutable parallel safe
as $$ select overlap not in ('skip', 'allow') $$;
comment on function chime_private.needs_turn is 'Whether runs of a schedule with this policy wait for each other.';

create or replace function chime_private.buffer_is_full(schedule_id uuid, overlap chime.overlap_policy) returns boolean
language sql volatile
as $$
  -- One that runs, or is about to, and those that wait. Backfilled runs are no matter of the schedule's own. Whether so many have been
  -- begun at all is quick to see, and mostly the answer.
  select case
    when (
      select count(*) from (
        select from chime_private.unfinished_runs u where u.schedule_id = buffer_is_full.schedule_id
        limit 1001) u) <= m.most
    then false
    else (
      select count(*) from (
        select from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
        where u.schedule_id = buffer_is_full.schedule_id and r.finished_at is null and r.trigger <> 'backfill'
        limit 1001) r) > m.most end
  from (select case overlap when 'buffer_one' then 1 else 1000 end as most) m
$$;
comment on function chime_private.buffer_is_full is 'Whether so many runs of a schedule wait for their turn that no other may.';

create or replace function chime_private.cancel_others(r chime.runs, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_workers uuid[];
begin
  -- What somebody has locked is just being started or finished. If it was started, this is done again when its worker wants to
  -- start the run that takes its place.
  v_ids := array(
    select o.id
    from chime_private.unfinished_runs u
    join chime.runs o on o.id = u.run_id
    where u.schedule_id = r.schedule_id and o.finished_at is null and o.in_turn and o.trigger <> 'backfill'
      and o.cancel_requested_at is null and (o.due_at, o.id) < (r.due_at, r.id)
    for no key update of o skip locked);
  if v_ids = '{}' then return; end if;
  with changed as (
    update chime.runs u set
      status = case when u.status = 'running' then u.status else 'cancelled' end,
      finished_at = case when u.status <> 'running' then cancel_others.now end, retry_at = null, waits_for = null,
      cancel_requested_at = cancel_others.now, cancel_reason = 'A later run of its schedule took its place.'
    where u.id = any (v_ids)
    returning u.worker_id
  )
  select array_agg(distinct c.worker_id) into v_workers from changed c where c.worker_id is not null;
  if v_workers is null then return; end if;
  perform pg_notify('chime_worker', w::text) from unnest(v_workers) w;
  perform chime_private.wake_clock(cancel_others.now + chime_private.write_off_after());
end $$;
comment on function chime_private.cancel_others is
  'Cancels the earlier runs of the same schedule, in whose place this one is to run; those that are running are told to end.';
