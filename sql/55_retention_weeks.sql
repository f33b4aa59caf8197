-- What retention does to a week of the history: drops its partitions as a whole, where nothing in them is kept, or sweeps out single runs.

create or replace function chime_private.sweep(part text, inout after_id uuid, to_id uuid, old timestamptz, out done boolean)
language plpgsql volatile
as $$
declare
  c_most constant integer := 2000;
  v_ids uuid[];
  v_seen integer;
begin
  -- Dynamic, because what is looked at is one partition: the others need not be locked for it.
  execute format('
    with seen as materialized (
      select r.id, r.schedule_id, r.finished_at from chime_private.%I r where r.id > $1 and r.id < $2 order by r.id limit $4
    )
    select (select s.id from seen s order by s.id desc limit 1), (select count(*) from seen), array(
      select s.id from seen s left join chime.schedules c on c.id = s.schedule_id
      where s.finished_at < $3 and c.keep_runs is null and c.keep_for is null
        and s.id <= (select p.counted_to from chime.statistics_progress p))', part)
    into after_id, v_seen, v_ids
    using coalesce(after_id, '00000000-0000-0000-0000-000000000000'), to_id, old, c_most;
  perform chime_private.remove_runs(v_ids);
  done := v_seen < c_most;
end $$;
comment on function chime_private.sweep is
  'A bite of the pass: removes from a partition runs that finished before an instant, of schedules without a policy of their own.';

create or replace function chime_private.may_drop(from_id uuid, to_id uuid, old timestamptz, kept_weeks timestamptz[]) returns boolean
language plpgsql stable
as $$
begin
  return to_id <= (select p.counted_to from chime.statistics_progress p)
    and not exists (
      select from unnest(kept_weeks) k where chime_private.first_id(k) >= may_drop.from_id and chime_private.first_id(k) < may_drop.to_id)
    and not exists (
      select from chime_private.late_weeks w
      where w.finished_at >= may_drop.old and chime_private.first_id(w.week) >= may_drop.from_id and chime_private.first_id(w.week) < may_drop.to_id)
    and not exists (select from chime.late_ends l where l.run_id >= may_drop.from_id and l.run_id < may_drop.to_id)
    and not exists (
      select from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
      where u.run_id >= may_drop.from_id and u.run_id < may_drop.to_id and r.finished_at is null);
end $$;
comment on function chime_private.may_drop is 'Whether nothing in a partition of runs, all old enough by their nominal times, has to be kept.';

create or replace function chime_private.drop_weeks(from_id uuid, to_id uuid) returns void
language plpgsql volatile
as $$
declare
  v_name text;
begin
  delete from chime_private.run_logs_default l where l.run_id >= drop_weeks.from_id and l.run_id < drop_weeks.to_id;
  delete from chime_private.unsuccessful_runs u
  where u.status in ('failed', 'timed_out', 'cancelled', 'skipped') and u.run_id >= drop_weeks.from_id and u.run_id < drop_weeks.to_id;
  delete from chime_private.run_attempts_default a where a.run_id >= drop_weeks.from_id and a.run_id < drop_weeks.to_id;
  for v_name in
    select w.name from unnest('{run_logs,run_attempts,runs}'::text[]) h(history), chime_private.weeks_of(h.history) w
    where w.from_id >= drop_weeks.from_id and w.to_id <= drop_weeks.to_id
  loop
    execute format('drop table chime_private.%I', v_name);
  end loop;
end $$;
comment on function chime_private.drop_weeks is 'Drops the partitions of a stretch of time, with all that is in them.';

create or replace function chime_private.retain_week(inout after_id uuid, kept_weeks timestamptz[], now timestamptz, out done boolean)
language plpgsql volatile
as $$
declare
  v_old constant timestamptz := now - (chime.retention()).keep_for;
  v_week record;
begin
  done := false;
  select * into v_week
  from chime_private.weeks_of('runs') w
  where w.to_id <= chime_private.first_id(v_old - chime_private.counted_after())
    and w.to_id > coalesce(retain_week.after_id, '00000000-0000-0000-0000-000000000000')
  order by w.to_id limit 1;
  if v_week is null then
    done := true;
  elsif chime_private.may_drop(v_week.from_id, v_week.to_id, v_old, kept_weeks) then
    begin
      -- It needs a lock that whoever reads the history holds off, and that holds off all others meanwhile: not for long. Else next time.
      perform set_config('lock_timeout', '200ms', true);
      perform chime_private.drop_weeks(v_week.from_id, v_week.to_id);
      perform set_config('lock_timeout', '0', true);
      after_id := v_week.to_id;
    exception when lock_not_available then
      done := true;
    end;
  else
    select s.after_id, s.done into after_id, done
    from chime_private.sweep(v_week.name, greatest(after_id, v_week.from_id), v_week.to_id, v_old) s;
    if done then after_id := v_week.to_id; end if;
    done := false;
  end if;
end $$;
comment on function chime_private.retain_week is
  'A bite of the pass: drops the next week whose runs are all old enough, or removes some single runs of it where others have to be kept.';
