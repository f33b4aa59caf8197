-- How long history is kept. A pass over it every hour, in bites: first the schedules that have a policy of their own, then the weeks
-- whose runs are all old enough, which are dropped as a whole where nothing in them is kept. Runs that are not finished, and those
-- that are not counted for the statistics yet, are never removed.

create or replace function chime.retention(out keep_for interval, out keep_revisions interval)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select (s.value #>> '{}')::interval from chime_private.settings s where s.key = 'keep_for'), '30 days'),
    coalesce((select (s.value #>> '{}')::interval from chime_private.settings s where s.key = 'keep_revisions'), '1 year')
$$;
comment on function chime.retention is
  'How long runs are kept after they finished, where their schedule does not say otherwise, and how long schedule_revisions are kept; events and deliveries are kept as long as runs.';

create or replace function chime.set_retention(inout keep_for interval default null, inout keep_revisions interval default null)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_field text := case
    when not isfinite(keep_for) or keep_for < interval '1 hour' or keep_for > interval '100 years' then 'keep_for'
    when not isfinite(keep_revisions) or keep_revisions < interval '1 hour' or keep_revisions > interval '100 years' then 'keep_revisions'
  end;
begin
  perform chime_private.require_operator('change retention');
  if v_field is not null then
    perform chime_private.fail('CH007', format('%s must be between 1 hour and 100 years.', v_field), null, jsonb_build_object('field', v_field));
  end if;
  insert into chime_private.settings as s (key, value, updated_at)
  select k.key, to_jsonb(k.value::text), chime.now()
  from (values ('keep_for', keep_for), ('keep_revisions', keep_revisions)) k(key, value)
  where k.value is not null
  on conflict on constraint settings_pkey do update set value = excluded.value, updated_at = excluded.updated_at;
  select r.keep_for, r.keep_revisions into keep_for, keep_revisions from chime.retention() r;
end $$;
comment on function chime.set_retention is
  'Says how long runs (keep_for) and schedule_revisions (keep_revisions) are kept, in all tenants; what is not given stays as it is. For administrators of the default '
  'tenant. Errors: CH007, CH042.';

create or replace function chime_private.remove_runs(run_ids uuid[]) returns integer
language plpgsql volatile
as $$
declare
  v_count integer;
begin
  if run_ids = '{}' then return 0; end if;
  delete from chime.run_logs l where l.run_id = any (run_ids);
  delete from chime.run_attempts a where a.run_id = any (run_ids);
  delete from chime.deliveries d where d.run_id = any (run_ids);
  delete from chime_private.unsuccessful_runs u using chime.runs r where r.id = any (run_ids) and u.status = r.status and u.run_id = r.id;
  delete from chime.runs r where r.id = any (run_ids) and r.finished_at is not null;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function chime_private.remove_runs is 'Removes finished runs with their attempts and logs; answers how many.';

create or replace function chime_private.trim_schedule(s chime.schedules, now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_counted constant uuid := (select p.counted_to from chime.statistics_progress p);
  -- Of a schedule that was deleted, nothing is kept for ever.
  v_old constant timestamptz := now - case when s.deleted_at is null then s.keep_for else coalesce(s.keep_for, (chime.retention()).keep_for) end;
  v_ran uuid;
  v_skipped uuid;
begin
  if s.keep_runs is not null then
    v_ran := (select r.id from chime.runs r where r.schedule_id = s.id and r.finished_at is not null and r.status <> 'skipped'
      order by r.id desc offset s.keep_runs - 1 limit 1);
    v_skipped := (select r.id from chime.runs r where r.schedule_id = s.id and r.finished_at is not null and r.status = 'skipped'
      order by r.id desc offset s.keep_runs - 1 limit 1);
  end if;
  return chime_private.remove_runs(array(
    select r.id from chime.runs r
    where r.schedule_id = s.id and r.finished_at is not null
      and r.id <= least(v_counted, greatest(v_ran, v_skipped, chime_private.first_id(v_old)))
      and (r.id < case r.status when 'skipped' then v_skipped else v_ran end or r.id < chime_private.first_id(v_old) and r.finished_at < v_old)
    order by r.id
    limit most));
end $$;
comment on function chime_private.trim_schedule is 'Removes what the policy of a schedule does not keep, `most` runs at most; answers how many.';

create or replace function chime_private.retain_schedules(inout after_id uuid, inout kept_weeks timestamptz[], now timestamptz, out done boolean)
language plpgsql volatile
as $$
declare
  c_most_runs constant integer := 1000;
  c_most_schedules constant integer := 200;
  v_old constant uuid := chime_private.first_id(now - (chime.retention()).keep_for);
  v_schedule chime.schedules;
  v_removed integer := 0;
  v_seen integer := 0;
begin
  done := false;
  for v_schedule in
    select * from chime.schedules s
    where (s.keep_runs is not null or s.keep_for is not null) and s.id > coalesce(retain_schedules.after_id, '00000000-0000-0000-0000-000000000000')
    order by s.id limit c_most_schedules
  loop
    v_removed := v_removed + chime_private.trim_schedule(v_schedule, now, c_most_runs - v_removed);
    if v_removed >= c_most_runs then return; end if;
    -- Weeks that it still has runs in, though others would have been dropped by now.
    if exists (select from chime.runs r where r.schedule_id = v_schedule.id and r.id < v_old) then
      kept_weeks := array(
        select k from unnest(kept_weeks) k
        union
        select chime_private.week_of(chime_private.id_time(w.from_id))
        from chime_private.weeks_of('runs') w
        where w.from_id < v_old
          and exists (select from chime.runs r where r.schedule_id = v_schedule.id and r.id >= w.from_id and r.id < w.to_id));
    end if;
    after_id := v_schedule.id;
    v_seen := v_seen + 1;
  end loop;
  done := v_seen < c_most_schedules;
end $$;
comment on function chime_private.retain_schedules is
  'A bite of the pass: some of the schedules with a policy of their own, from after_id on, and the weeks in which they keep runs.';

create or replace function chime_private.remove_schedule(schedule_id uuid) returns boolean
language plpgsql volatile
as $$
begin
  delete from chime.schedules s where s.id = remove_schedule.schedule_id;
  delete from chime.schedule_totals t where t.schedule_id = remove_schedule.schedule_id;
  delete from chime_private.failing_schedules f where f.schedule_id = remove_schedule.schedule_id;
  return true;
exception when foreign_key_violation then
  return false;
end $$;
comment on function chime_private.remove_schedule is 'Removes the row of a schedule and what hangs on it; answers whether nothing else held it.';

create or replace function chime_private.forget_schedules(inout after_id uuid, now timestamptz, out done boolean)
language plpgsql volatile
as $$
declare
  c_most constant integer := 200;
  v_schedule chime.schedules;
  v_seen integer := 0;
begin
  for v_schedule in
    select * from chime.schedules s
    where s.deleted_at is not null and s.id > coalesce(forget_schedules.after_id, '00000000-0000-0000-0000-000000000000')
    order by s.id limit c_most
  loop
    after_id := v_schedule.id;
    v_seen := v_seen + 1;
    continue when v_schedule.deleted_at > now - coalesce(v_schedule.keep_for, (chime.retention()).keep_for)
      or exists (select from chime.runs r where r.schedule_id = v_schedule.id)
      or exists (select from chime.late_ends l where l.schedule_id = v_schedule.id)
      -- Its tenant says how long that is kept: see forget_follow_ups.
      or exists (select from chime.follow_ups f where f.schedule_id = v_schedule.id);
    perform chime_private.remove_schedule(v_schedule.id);
  end loop;
  done := v_seen < c_most;
end $$;
comment on function chime_private.forget_schedules is
  'A bite of the pass: removes schedules that were deleted as long ago as runs are kept, once none of their runs is left.';

create or replace function chime_private.forget_records(now timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  c_most constant integer := 2000;
  -- Each of them may be a schedule, too.
  c_most_of_people constant integer := 200;
  v_hours integer;
  v_revisions integer;
  v_deliveries integer;
begin
  delete from chime_private.late_weeks w where w.finished_at < now - (chime.retention()).keep_for;
  delete from chime.run_hours h
  where (h.hour, h.tenant_id, h.task) in (
    select o.hour, o.tenant_id, o.task from chime.run_hours o where o.hour < now - interval '400 days' order by o.hour limit c_most);
  get diagnostics v_hours = row_count;
  delete from chime.schedule_revisions r
  where r.id in (
    select o.id from (select f.id, f.changed_at from chime.schedule_revisions f order by f.id limit c_most) o
    where o.changed_at < now - (chime.retention()).keep_revisions);
  get diagnostics v_revisions = row_count;
  delete from chime.deliveries d
  where d.id in (
    select o.id from chime.deliveries o
    where o.id < chime_private.first_id(forget_records.now - (chime.retention()).keep_for) and o.finished_at < forget_records.now - (chime.retention()).keep_for
    order by o.id limit c_most);
  get diagnostics v_deliveries = row_count;
  return greatest(v_hours, v_revisions, v_deliveries, chime_private.forget_events(now - (chime.retention()).keep_for, c_most),
    chime_private.forget_updates(now, c_most)) < c_most
    and chime_private.forget_people_records(now, c_most_of_people) < c_most_of_people;
end $$;
comment on function chime_private.forget_records is
  'A bite of the pass: removes statistics by the hour after 400 days, revisions, deliveries and events when their time is over, what the bot heard and said '
  'after a week, and what was kept for people; answers whether that is all.';

create or replace function chime_private.retain(now timestamptz) returns boolean
language plpgsql volatile
as $$
declare
  c_phases constant text[] := '{schedules,weeks,default,deleted,records}';
  v_pass chime_private.retention_pass;
  v_done boolean;
begin
  select * into v_pass from chime_private.retention_pass p where p.due_at <= retain.now for update skip locked;
  if not found then return false; end if;
  case v_pass.phase
    when 'schedules' then
      select r.after_id, r.kept_weeks, r.done into v_pass.after_id, v_pass.kept_weeks, v_done
      from chime_private.retain_schedules(v_pass.after_id, v_pass.kept_weeks, now) r;
    when 'weeks' then
      select r.after_id, r.done into v_pass.after_id, v_done from chime_private.retain_week(v_pass.after_id, v_pass.kept_weeks, now) r;
    when 'default' then
      select r.after_id, r.done into v_pass.after_id, v_done
      from chime_private.sweep('runs_default', v_pass.after_id, chime_private.first_id(now - (chime.retention()).keep_for), now - (chime.retention()).keep_for) r;
    when 'deleted' then
      select r.after_id, r.done into v_pass.after_id, v_done from chime_private.forget_schedules(v_pass.after_id, now) r;
    when 'records' then
      v_done := chime_private.forget_records(now);
  end case;
  if v_done and v_pass.phase = 'records' then
    v_pass.kept_weeks := '{}';
    v_pass.due_at := now + interval '1 hour';
  end if;
  update chime_private.retention_pass p set
    phase = case when v_done then c_phases[array_position(c_phases, p.phase) % cardinality(c_phases) + 1] else p.phase end,
    after_id = case when not v_done then v_pass.after_id end,
    kept_weeks = v_pass.kept_weeks, due_at = v_pass.due_at;
  return v_pass.due_at <= now;
end $$;
comment on function chime_private.retain is 'One bite of the pass over the history that removes what need not be kept; answers whether there is more to do at once.';

insert into chime_private.retention_pass (phase, kept_weeks, due_at) values ('schedules', '{}', '-infinity') on conflict do nothing;
