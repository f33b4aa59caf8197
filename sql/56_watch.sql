-- Schedules that are watched: paused or told of when so many of their runs in a row have failed, told of again when one succeeds, and
-- told of when they should have fired and did not. A run that fails leaves word where its schedule wants that; a tick looks at the
-- schedule's newest runs. So no run waits for the row of a schedule, and runs that succeed do nothing for it.

create or replace function chime_private.note_failed_end() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into chime_private.failed_ends (schedule_id, run_id)
  select s.id, new.id
  from chime.schedules s
  where s.id = new.schedule_id and (s.pause_after_failures is not null or s.alert_after_failures is not null)
  on conflict do nothing;
  if found then
    perform chime_private.wake_clock(chime.now());
  end if;
  return null;
end $$;
comment on function chime_private.note_failed_end is 'Leaves word of a run that failed, where its schedule is watched.';

create or replace trigger runs_failed_end
  after update of status on chime.runs
  for each row
  when (new.status in ('failed', 'timed_out') and old.status <> new.status and new.schedule_id is not null)
  execute function chime_private.note_failed_end();

create or replace function chime_private.tell(tenant_id uuid, owner_id uuid, name text, payload jsonb) returns void
language plpgsql volatile
as $$
begin
  perform chime_private.raise_event(tenant_id, owner_id, name, payload);
exception
  when insufficient_resources or operator_intervention or transaction_rollback or lock_not_available then
    raise;
  when others then
    -- What has to be told of goes on all the same.
    raise warning 'pgchime could not raise %: %', name, sqlerrm;
end $$;
comment on function chime_private.tell is 'Raises an event of pgchime itself.';

create or replace function chime_private.naming(s chime.schedules) returns jsonb
language sql stable
as $$ select jsonb_build_object('schedule_id', s.id, 'key', s.key, 'name', s.name, 'task', s.task) $$;
comment on function chime_private.naming is 'What an event of pgchime says of the schedule that it is about.';

create or replace function chime_private.tell_pause() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform chime_private.tell(new.tenant_id, new.owner_id, 'chime.schedule.paused', chime_private.naming(new) || jsonb_build_object('reason', new.status_reason));
  return null;
end $$;
comment on function chime_private.tell_pause is 'Raises chime.schedule.paused.';

create or replace trigger schedules_paused_by_pgchime
  after update of status on chime.schedules
  for each row
  when (new.status = 'paused' and old.status <> 'paused' and new.paused_by = 'pgchime')
  execute function chime_private.tell_pause();

create or replace function chime_private.judge_failures(s chime.schedules, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  -- Who changes or resumes a schedule has seen what was.
  v_failures integer := chime_private.failures_in_a_row(s.id, s.updated_at);
  v_run chime.runs;
begin
  if s.deleted_at is not null or s.status = 'cancelled' or v_failures = 0 then return; end if;
  if v_failures >= s.alert_after_failures then
    insert into chime_private.failing_schedules (schedule_id, failures, since, check_at)
    values (s.id, v_failures, now, now + interval '5 seconds')
    on conflict do nothing;
    if found then
      select * into v_run from chime.runs r
      where r.schedule_id = s.id and r.error is not null and r.status in ('failed', 'timed_out') order by r.id desc limit 1;
      perform chime_private.tell(s.tenant_id, s.owner_id, 'chime.schedule.failing', chime_private.naming(s)
        || jsonb_build_object('failures', v_failures, 'run_id', v_run.id, 'error', left(v_run.error, 2000)));
    end if;
  end if;
  if v_failures >= s.pause_after_failures and s.status = 'active' then
    perform chime_private.pause(s, case v_failures when 1 then 'Its last run has failed.' else format('Its last %s runs have failed.', v_failures) end,
      null, 'pgchime', now);
  end if;
end $$;
comment on function chime_private.judge_failures is
  'Pauses a schedule, whose row the caller has locked, or tells of it, if enough of its newest runs have failed since it was last changed.';

create or replace function chime_private.watch_failures(now timestamptz, most integer) returns void
language plpgsql volatile
as $$
declare
  v_schedule chime.schedules;
begin
  if not exists (select from chime_private.failed_ends) then return; end if;
  for v_schedule in
    select * from chime.schedules s
    where s.id in (select f.schedule_id from chime_private.failed_ends f group by f.schedule_id order by f.schedule_id limit most)
    for no key update skip locked
  loop
    -- A run that fails from here on leaves word anew.
    delete from chime_private.failed_ends f where f.schedule_id = v_schedule.id;
    begin
      perform chime_private.judge_failures(v_schedule, now);
    exception
      when insufficient_resources or operator_intervention or transaction_rollback or lock_not_available then
        raise;
      when others then
        perform chime_private.set_aside(v_schedule.id, sqlerrm, now);
    end;
  end loop;
  delete from chime_private.failed_ends f where not exists (select from chime.schedules s where s.id = f.schedule_id);
end $$;
comment on function chime_private.watch_failures is 'Looks at the schedules of runs that failed since the last time, `most` of them at most.';

create or replace function chime_private.watch_recoveries(now timestamptz, most integer) returns void
language plpgsql volatile
as $$
declare
  v_failing chime_private.failing_schedules;
  v_schedule chime.schedules;
  v_last chime.runs;
begin
  for v_failing in
    select * from chime_private.failing_schedules f where f.check_at <= now order by f.check_at limit most for update skip locked
  loop
    select * into v_schedule from chime.schedules s where s.id = v_failing.schedule_id;
    select l.* into v_last
    from (select r.id from chime.runs r where r.schedule_id = v_failing.schedule_id order by r.id desc limit 1000) n
    join chime.runs l on l.id = n.id
    where l.status in ('succeeded', 'failed', 'timed_out')
    order by l.id desc limit 1;
    if v_schedule.id is null or v_schedule.status = 'cancelled' then
      delete from chime_private.failing_schedules f where f.schedule_id = v_failing.schedule_id;
    elsif v_last.status = 'succeeded' and v_last.finished_at >= v_failing.since then
      delete from chime_private.failing_schedules f where f.schedule_id = v_failing.schedule_id;
      perform chime_private.tell(v_schedule.tenant_id, v_schedule.owner_id, 'chime.schedule.recovered', chime_private.naming(v_schedule)
        || jsonb_build_object('failing_since', chime_private.instant_text(v_failing.since), 'run_id', v_last.id));
    else
      -- The longer it has failed, the less often it is looked at.
      update chime_private.failing_schedules f set
        check_at = watch_recoveries.now + least(interval '1 minute', greatest(interval '5 seconds', (watch_recoveries.now - f.since) / 50))
      where f.schedule_id = v_failing.schedule_id;
    end if;
  end loop;
end $$;
comment on function chime_private.watch_recoveries is 'Looks at schedules that were told of as failing, whether their newest run has succeeded.';

create or replace function chime_private.watch_late(now timestamptz) returns void
language plpgsql volatile
as $$
declare
  c_late constant interval := '1 minute';
  c_most constant integer := 1000;
  v_late record;
begin
  -- The oldest, by its index: asked whether there is any, the planner may look through all schedules, and each tick asks.
  if (select s.next_due_at from chime.schedules s where s.next_due_at is not null order by s.next_due_at limit 1) < now - c_late is not true then
    return;
  end if;
  -- Once a minute, whatever their number, and by one tick.
  perform from chime_private.settings s
  where s.key = 'late_told_at' and (s.value #>> '{}')::timestamptz < now - c_late
  for no key update skip locked;
  if not found then return; end if;
  update chime_private.settings s set value = to_jsonb(watch_late.now), updated_at = watch_late.now where s.key = 'late_told_at';
  for v_late in
    select l.tenant_id, count(*) as schedules, min(l.next_due_at) as oldest,
      jsonb_agg(jsonb_build_object('schedule_id', l.id, 'key', l.key, 'name', l.name, 'due_at', chime_private.instant_text(l.next_due_at))
        order by l.next_due_at) filter (where l.place <= 20) as list
    from (
      select s.*, row_number() over (partition by s.tenant_id order by s.next_due_at) as place
      from (select * from chime.schedules d where d.next_due_at < now - c_late order by d.next_due_at limit c_most) s
    ) l
    group by l.tenant_id
  loop
    perform chime_private.tell(v_late.tenant_id, null, 'chime.schedule.late', jsonb_build_object('count', v_late.schedules,
      'oldest_due_at', chime_private.instant_text(v_late.oldest), 'schedules', v_late.list));
  end loop;
end $$;
comment on function chime_private.watch_late is
  'Raises chime.schedule.late where schedules should have fired a minute ago: one event for all of a tenant, a thousand of which are '
  'counted and twenty named, once a minute.';

create or replace function chime_private.watch(now timestamptz, most integer) returns void
language plpgsql volatile
as $$
begin
  perform chime_private.watch_late(now);
  perform chime_private.watch_failures(now, most);
  perform chime_private.watch_recoveries(now, most);
end $$;
comment on function chime_private.watch is 'Looks at schedules that are late, that fail, and that have failed.';

create or replace function chime_private.upkeep_due_at(now timestamptz) returns timestamptz
language sql stable
as $$
  select least(
    case when exists (select from chime_private.failed_ends) then upkeep_due_at.now end,
    (select f.check_at from chime_private.failing_schedules f order by f.check_at limit 1),
    chime_private.maintenance_due_at())
$$;
comment on function chime_private.upkeep_due_at is 'When somebody has to look after schedules or history next.';

insert into chime_private.settings (key, value) values ('late_told_at', to_jsonb(timestamptz '-infinity')) on conflict do nothing;
