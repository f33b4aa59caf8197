-- What a rule would do in a range of time, without storing anything.

create or replace function chime.simulate_rule(
  since timestamptz,
  until timestamptz,
  cron text default null,
  every interval default null,
  at text default null,
  rrule text default null,
  timezone text default null,
  count integer default 1000,
  anchor timestamptz default null,
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  max_runs integer default null,
  dst_gap chime.dst_gap_policy default null,
  dst_fold chime.dst_fold_policy default 'first',
  rules jsonb default null,
  only_on text[] default null,
  never_on text[] default null,
  on_excluded chime.excluded_policy default 'skip',
  repeat_interval text default null
) returns table (scheduled_for timestamptz, local_time timestamp, note text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules;
  v_most integer := least(count, max_runs);
begin
  if since > until or since is null or until is null or not isfinite(until) then
    perform chime_private.fail('CH007', 'A simulation needs a range: since, and until, which is not earlier.');
  elsif max_runs < 1 then
    perform chime_private.fail('CH007', format('max_runs must be at least 1, not %s.', max_runs), null, jsonb_build_object('field', 'max_runs'));
  end if;
  perform chime_private.check_preview(since, count);
  v_schedule.tenant_id := chime.current_tenant();
  v_schedule := chime_private.set_rules(v_schedule, cron, every, at, rrule, rules, repeat_interval, chime_private.zone_or_default(timezone), dst_gap, dst_fold,
    anchor, starts_at, ends_at, only_on, never_on, on_excluded);
  v_schedule := chime_private.define_rules(v_schedule, since);
  return query
    select f.scheduled_for, f.scheduled_for at time zone v_schedule.timezone, f.note
    from chime_private.fires_between(v_schedule, since, until, v_most) f;
end $$;
comment on function chime.simulate_rule is
  'Each fire that a rule has from since to until, both included, the first `count` of them (1 to 1000) and no more than max_runs. Rules, '
  'calendars and repeat_interval are given as to create_schedule; timezone is that of the tenant by default. An interval counts from anchor (default starts_at, else since), and so does a '
  'recurrence rule without DTSTART. note says what a clock change did to a fire. Errors: CH001, CH002, CH003, CH007.';
