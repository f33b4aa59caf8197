-- How long what pgchime kept for people is kept: by the settings of their tenant, from its end on. What is not over stays, and so does what is
-- asked for until the day is over, which is that somebody was written to: see chime_private.messaged_on and heard_follow_ups.

create or replace function chime_private.ended_before(now timestamptz, keep interval) returns timestamptz
language sql immutable parallel safe
as $$ select now - greatest(keep, interval '3 days') $$;
comment on function chime_private.ended_before is 'Before when something has to have ended that is not to be kept any more, of what says that somebody was written to.';

create or replace function chime_private.is_over(schedule_id uuid) returns boolean
language plpgsql stable
as $$
begin
  -- Not in SQL, which would be taken into the statement that asks: all runs would be read for it then.
  return not exists (
      select from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
      where u.schedule_id = is_over.schedule_id and r.finished_at is null)
    and not exists (
      select from chime.deliveries d
      -- The first of these is what the index has.
      where d.schedule_id = is_over.schedule_id and d.status not in ('failed', 'skipped') and d.status in ('pending', 'sending'));
end $$;
comment on function chime_private.is_over is 'Whether all that a schedule has led to has ended: its runs, and what was to be sent of them.';

create or replace function chime_private.leave_schedule(s chime.schedules, ended_at timestamptz) returns void
language plpgsql volatile
as $$
begin
  -- Its runs are kept as long as all runs are; then the pass takes it with those that were deleted.
  if exists (select from chime.runs r where r.schedule_id = s.id) or exists (select from chime.late_ends l where l.schedule_id = s.id) then
    update chime.schedules u set deleted_at = leave_schedule.ended_at, updated_at = chime.now() where u.id = s.id and u.deleted_at is null;
  else
    perform chime_private.remove_schedule(s.id);
  end if;
end $$;
comment on function chime_private.leave_schedule is 'Removes a schedule that has served its purpose, its row locked by the caller: at once, or when the last of its runs goes.';

create or replace function chime_private.forget_follow_ups(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_old record;
  v_schedule chime.schedules;
  v_count integer := 0;
begin
  for v_old in
    select f.*
    from chime.tenant_settings t
    cross join (values ('executed'::chime.follow_up_status), ('cancelled')) k(status)
    cross join lateral (
      select o.id, o.schedule_id, coalesce(o.executed_at, o.cancelled_at) as ended_at
      from chime.follow_ups o join chime.schedules s on s.id = o.schedule_id
      where o.tenant_id = t.tenant_id and o.status = k.status and o.status <> 'pending'
        and coalesce(o.executed_at, o.cancelled_at)
          < chime_private.ended_before(forget_follow_ups.now, case k.status when 'executed' then t.keep_executed else t.keep_cancelled end)
        -- Somebody may have made a schedule of it that goes on.
        and s.status in ('completed', 'cancelled') and chime_private.is_over(s.id)
      limit most) f
    limit most
  loop
    select * into v_schedule from chime.schedules s
    where s.id = v_old.schedule_id and s.status in ('completed', 'cancelled') for update skip locked;
    continue when v_schedule.id is null;
    delete from chime.follow_ups f where f.id = v_old.id and f.status <> 'pending' and coalesce(f.executed_at, f.cancelled_at) = v_old.ended_at;
    continue when not found;
    perform chime_private.leave_schedule(v_schedule, v_old.ended_at);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function chime_private.forget_follow_ups is
  'Removes follow-ups whose end is as long ago as their tenant keeps them, with their schedules, `most` at most; answers how many.';

create or replace function chime_private.forget_check_ins(now timestamptz, most integer) returns integer
language sql volatile
as $$
  with gone as (
    delete from chime.check_ins c
    where c.id in (
      select o.id
      from chime.tenant_settings t
      cross join (values (true), (false)) k(is_sent)
      cross join lateral (
        select o.id from chime.check_ins o
        where o.tenant_id = t.tenant_id and (o.skip_reason is null) = k.is_sent
          and o.created_at < case when k.is_sent then chime_private.ended_before(forget_check_ins.now, t.keep_executed) else forget_check_ins.now - t.keep_cancelled end
          and not coalesce((select r.finished_at is null from chime.runs r where r.id = o.run_id), false)
          and not exists (select from chime.deliveries d where d.run_id = o.run_id and d.status in ('pending', 'sending'))
        limit most) o
      limit most)
    returning c.id
  )
  select count(*)::integer from gone
$$;
comment on function chime_private.forget_check_ins is
  'Removes check-ins that are as old as their tenant keeps them, those that were skipped by keep_cancelled, `most` at most; answers how many. Their runs are kept as runs are.';

create or replace function chime_private.forget_meetings(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_old record;
  v_schedules chime.schedules[];
  v_count integer := 0;
begin
  for v_old in
    select m.*
    from chime.tenant_settings t
    cross join (values ('scheduled'::chime.meeting_status), ('cancelled')) k(status)
    cross join lateral (
      select o.id, o.revision, coalesce(o.cancelled_at, o.ends_at) as ended_at
      from chime.meetings o
      where o.tenant_id = t.tenant_id and o.status = k.status
        and coalesce(o.cancelled_at, o.ends_at) < forget_meetings.now - case k.status when 'scheduled' then t.keep_executed else t.keep_cancelled end
        and not exists (select from chime.meeting_reminders r where r.meeting_id = o.id and not chime_private.is_over(r.schedule_id))
      limit most) m
    limit most
  loop
    -- The meeting first, as whoever changes it does.
    perform from chime.meetings m where m.id = v_old.id and m.revision = v_old.revision for update skip locked;
    continue when not found;
    v_schedules := array(
      select s from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id where r.meeting_id = v_old.id order by s.id for update of s);
    delete from chime.meetings m where m.id = v_old.id;
    perform chime_private.leave_schedule(s, v_old.ended_at) from unnest(v_schedules) s;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function chime_private.forget_meetings is
  'Removes meetings whose end, or cancelling, is as long ago as their tenant keeps them, with the schedules of their reminders, `most` at most; answers how many.';

create or replace function chime_private.forget_people_records(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_count integer := greatest(
    chime_private.forget_follow_ups(now, most),
    chime_private.forget_check_ins(now, most),
    chime_private.forget_meetings(now, most)
  );
begin
  perform chime_private.forget_again(now) where v_count < most;
  return v_count;
end $$;
comment on function chime_private.forget_people_records is
  'A bite of the pass over the history: what pgchime kept for people and its tenant does not keep any more, `most` of a kind at most; answers how many of a kind.';
