-- Steering a run by hand: cancel it, run it again. A worker that holds it is told by a notification, and where that does not
-- get through, when it next renews its lease.

create or replace function chime_private.visible_run(run_id uuid) returns chime.runs
language plpgsql volatile
as $$
declare
  v_run chime.runs;
begin
  select * into v_run from chime.runs r
  where r.id = visible_run.run_id and r.tenant_id = chime.current_tenant() and chime_private.may_see(r.owner_id)
  for no key update;
  if v_run.id is null then
    perform chime_private.fail('CH011', format('There is no run %s.', coalesce(run_id::text, 'without an id')),
      'chime.find_run finds one by the beginning of its id.');
  end if;
  return v_run;
end $$;
comment on function chime_private.visible_run is 'A run that the caller may see, its row locked against workers, ticks and other changes. Raises CH011.';

create or replace function chime.cancel_run(run_id uuid, reason text default null) returns chime.runs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_run chime.runs := chime_private.visible_run(run_id);
begin
  if length(reason) > 2000 then
    perform chime_private.fail('CH007', 'reason must have at most 2000 characters.', null, '{"field": "reason"}');
  elsif v_run.status = 'cancelled' or v_run.status = 'running' and v_run.cancel_requested_at is not null then
    return v_run;
  elsif v_run.finished_at is not null then
    perform chime_private.fail('CH013', format('The run %s cannot be cancelled: it is %s.', v_run.id, v_run.status), null,
      jsonb_build_object('status', v_run.status));
  elsif v_run.status = 'running' then
    update chime.runs r set cancel_requested_at = v_now, cancel_reason = reason where r.id = v_run.id returning * into v_run;
    perform pg_notify('chime_worker', v_run.worker_id::text);
    perform chime_private.wake_clock(v_now + chime_private.write_off_after());
    -- A workflow whose step was only waiting has ended with it.
    select * into v_run from chime.runs r where r.id = v_run.id;
  else
    update chime.runs r set status = 'cancelled', finished_at = v_now, retry_at = null, waits_for = null, cancel_requested_at = v_now, cancel_reason = reason
    where r.id = v_run.id
    returning * into v_run;
  end if;
  return v_run;
end $$;
comment on function chime.cancel_run is
  'Cancels a run: at once if it waits, for a worker or for a retry. If it is running, its handler is told to end, and the run is '
  'cancelled when that has happened, after some seconds in any case; if the handler is done before, the run has succeeded after '
  'all. A cancelled run is left as it is. Errors: CH007, CH011, CH013.';

create or replace function chime_private.cancelled_runs(worker_id uuid) returns table (run_id uuid, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select r.id, r.cancel_reason
  from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
  where u.cancel_requested_at is not null and r.finished_at is null and r.worker_id = cancelled_runs.worker_id
  union all
  select f.run_id, null from chime_private.forgotten_runs f where f.worker_id = cancelled_runs.worker_id
$$;
comment on function chime_private.cancelled_runs is 'Runs that a worker holds and somebody wants cancelled, or that are no more because their owner was forgotten.';

create or replace function chime_private.repeat_run(r chime.runs, in_turn boolean, now timestamptz) returns chime.runs
language plpgsql volatile
as $$
declare
  v_run chime.runs;
begin
  insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, owner_id, channel_mapping_id, task, payload, trigger, retry_of, event_id, policy, scheduled_for, due_at, status,
    concurrency_key, priority, in_turn, purpose, traceparent, created_at)
  values (chime_private.new_id(now), r.tenant_id, r.schedule_id, r.schedule_revision, r.owner_id, r.channel_mapping_id, r.task, r.payload, 'manual', r.id, r.event_id, r.policy,
    r.scheduled_for, now, 'queued', r.concurrency_key, r.priority, repeat_run.in_turn,
    r.purpose, chime_private.current_traceparent(), now)
  returning * into v_run;
  return v_run;
end $$;
comment on function chime_private.repeat_run is 'Makes a run that does again what another one was to do, for the same nominal time; it has no job yet.';

create or replace function chime.retry_run(run_id uuid, allow_overlap boolean default false) returns chime.runs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_run chime.runs := chime_private.visible_run(run_id);
  v_schedule chime.schedules;
  v_again uuid;
begin
  if v_run.status = 'retrying' then
    update chime.runs r set retry_at = least(r.retry_at, v_now) where r.id = v_run.id returning * into v_run;
    perform chime_private.wake_clock(v_now);
    return v_run;
  elsif v_run.status not in ('failed', 'timed_out', 'cancelled') then
    perform chime_private.fail('CH013', format('The run %s cannot be retried: it is %s.', v_run.id, v_run.status),
      case when v_run.finished_at is not null then 'chime.run_now runs its schedule once more.' end,
      jsonb_build_object('status', v_run.status));
  end if;
  v_again := (select r.id from chime.runs r where r.retry_of = v_run.id and r.finished_at is null limit 1);
  if v_again is not null then
    perform chime_private.fail('CH013', format('The run %s is retried already.', v_run.id), null, jsonb_build_object('run_id', v_again));
  elsif v_run.schedule_id is null then
    v_run := chime_private.repeat_run(v_run, false, v_now);
    perform chime_private.enqueue(array[v_run.id], array[v_run.task], array[v_run.priority]);
    return v_run;
  end if;
  select * into v_schedule from chime.schedules s where s.id = v_run.schedule_id for no key update;
  if not chime_private.may_see(v_schedule.owner_id) then
    perform chime_private.fail('CH010', format('There is no schedule %s.', v_schedule.id), 'It is somebody else''s by now, or the tenant''s own.');
  elsif v_schedule.status = 'cancelled' then
    perform chime_private.fail('CH013', format('The schedule "%s" is cancelled and cannot be run.', v_schedule.name));
  end if;
  perform chime_private.refuse_overlap(v_schedule) where not allow_overlap;
  v_run := chime_private.repeat_run(v_run, chime_private.needs_turn(v_schedule.overlap) and not allow_overlap, v_now);
  perform chime_private.queue_manual(v_schedule, v_run, v_now);
  return v_run;
end $$;
comment on function chime.retry_run is
  'Runs again what a run did that failed, timed out or was cancelled: answers a new run of the same task, payload and nominal time, '
  'whose retry_of is the old one, which stays as it is. A run that waits for its retry does not wait any longer, and is itself the '
  'answer. Refuses (CH013) while such a run is not finished; and goes by the overlap policy as run_now does. Errors: CH010 where the schedule '
  'has another owner by now, CH011, CH013.';
