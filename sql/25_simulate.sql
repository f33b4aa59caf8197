-- What a schedule does in a range of time: of the past each fire and what became of it, of the future what would.

create or replace function chime_private.fires_between(s chime.schedules, since timestamptz, until timestamptz, most integer)
returns table (scheduled_for timestamptz, note text)
language sql stable
as $$
  select p.scheduled_for, p.note
  from chime_private.preview_timetable(s, since - interval '1 microsecond', most) p
  where p.scheduled_for <= until
$$;
comment on function chime_private.fires_between is 'The first fires of a stored schedule from since to until, both included.';

create or replace function chime_private.simulate_past(s chime.schedules, since timestamptz, until timestamptz, most integer)
returns table (scheduled_for timestamptz, outcome text, reason text, run_id uuid, note text)
language sql stable
as $$
  with recorded as (
    select r.* from chime.runs r
    where r.schedule_id = s.id
      and r.id >= chime_private.first_id(simulate_past.since) and r.id < chime_private.first_id(simulate_past.until + interval '1 second')
      and r.scheduled_for between simulate_past.since and simulate_past.until
    union all
    -- A skipped run may begin before the range and cover some of it.
    select r.* from (
      select e.* from chime.runs e
      where e.schedule_id = s.id and e.id < chime_private.first_id(simulate_past.since)
      order by e.id desc
      limit 100) r
    where r.covers_until >= simulate_past.since
  ), fires as (
    select f.scheduled_for, f.note from chime_private.fires_between(s, since, until, most) f
  ), joined as (
    -- The fire's own run says more than a skipped one that covers it.
    select distinct on (f.scheduled_for) f.scheduled_for, f.note, r.id, r.status, r.skip_reason, r.trigger
    from fires f
    left join recorded r on r.trigger <> 'manual' and f.scheduled_for between r.scheduled_for and coalesce(r.covers_until, r.scheduled_for)
    order by f.scheduled_for, r.status = 'skipped', r.created_at desc
  )
  select j.scheduled_for, coalesce(j.status::text, 'none'),
    coalesce(j.skip_reason::text, case when j.id is null then
      case when j.scheduled_for <= s.created_at then 'not_created' else 'rule_changed' end end), j.id, j.note
  from joined j
  union all
  -- Runs beside the rule as it is now: by hand, or fired by an earlier revision.
  select r.scheduled_for, r.status::text, case when r.status = 'skipped' then r.skip_reason::text when r.trigger <> 'schedule' then r.trigger::text else 'rule_changed' end, r.id, null
  from recorded r
  where r.scheduled_for >= simulate_past.since
    and not exists (select from joined j where j.id = r.id)
  order by 1
  limit most
$$;
comment on function chime_private.simulate_past is 'What became of each fire of a range that is over, and what else ran in it.';

create or replace function chime_private.simulate_future(s chime.schedules, since timestamptz, until timestamptz, most integer)
returns table (scheduled_for timestamptz, outcome text, reason text, run_id uuid, note text)
language plpgsql stable
as $$
declare
  v_count bigint := s.run_count;
begin
  if s.status in ('cancelled', 'completed') then return; end if;
  if s.max_runs is not null then
    v_count := v_count + chime_private.timetable_count(s, greatest(s.accounted_until, s.paused_until), since - interval '1 microsecond');
  end if;
  for scheduled_for, note in select f.scheduled_for, f.note from chime_private.fires_between(s, since, until, most) f loop
    run_id := null;
    if s.status = 'paused' and (s.paused_until is null or scheduled_for <= s.paused_until) then
      outcome := 'skipped'; reason := 'paused';
    elsif v_count >= s.max_runs then
      return;
    else
      outcome := 'fires'; reason := null; run_id := chime_private.run_id(s.id, scheduled_for);
      v_count := v_count + 1;
    end if;
    return next;
  end loop;
end $$;
comment on function chime_private.simulate_future is 'What would become of each fire of a range that is still to come.';

create or replace function chime.simulate(
  schedule_id uuid,
  since timestamptz,
  until timestamptz,
  count integer default 1000
) returns table (scheduled_for timestamptz, local_time timestamp, outcome text, reason text, run_id uuid, note text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_first constant timestamptz := '1970-01-02 00:00:00Z';
  c_last constant timestamptz := '9999-01-01 00:00:00Z';
  v_schedule chime.schedules := chime_private.visible_schedule(schedule_id);
begin
  if count is null or count not between 1 and 1000 then
    perform chime_private.fail('CH007', format('count must be between 1 and 1000, not %s.', coalesce(count::text, 'null')));
  elsif since is null or until is null or since not between c_first and c_last or until not between c_first and c_last or since > until then
    perform chime_private.fail('CH007', 'A simulation needs a range: since, and until, which is not earlier, between the years 1970 and 9998.');
  end if;
  return query
    select f.scheduled_for, f.scheduled_for at time zone v_schedule.timezone, f.outcome, f.reason, f.run_id, f.note
    from (
      select * from chime_private.simulate_past(v_schedule, since, least(until, v_schedule.accounted_until), simulate.count)
      where since <= v_schedule.accounted_until
      union all
      select * from chime_private.simulate_future(v_schedule,
        greatest(since, v_schedule.accounted_until + interval '1 microsecond'), until, simulate.count)
      where until > v_schedule.accounted_until
    ) f
    order by f.scheduled_for
    limit simulate.count;
end $$;
comment on function chime.simulate is
  'Each fire of a stored schedule from since to until, both included, the first `count` of them (1 to 1000). outcome of the past is the '
  'status of its run (see chime.run_status), or none where there is no run, with the reason: not_created = the schedule did not exist '
  'yet, rule_changed = it had another rule. outcome of the future is fires, or skipped with the reason. Runs that the rule does not '
  'account for (manual, backfill, an earlier revision) are told too. Errors: CH007, CH010.';
