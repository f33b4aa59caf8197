-- Running the past: fires that no run stands for, because the schedule did not exist then, was paused, or was down.

create or replace function chime_private.backfill_id(schedule_id uuid, scheduled_for timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
  select (chime_private.id_prefix(scheduled_for) || '8' || substr(h.hash, 1, 3) || '8' || substr(h.hash, 4, 15))::uuid
  from md5('backfill ' || schedule_id || ' ' || chime_private.instant_text(scheduled_for)) h(hash)
$$;
comment on function chime_private.backfill_id is
  'The id of the backfilled run of a fire: always the same, and never that of the fire''s own run, which may be a skipped one.';

create or replace function chime_private.backfill_fires(s chime.schedules, since timestamptz, until timestamptz)
returns setof timestamptz
language plpgsql stable
as $$
declare
  c_most constant integer := 1000;
  c_moment constant interval := '1 microsecond';
  v_count bigint;
begin
  if since is null or until is null or not isfinite(since) or not isfinite(until) or since > until or until > chime.now() then
    perform chime_private.fail('CH007', 'A backfill needs a range of the past: since, and until, which is not earlier and not in the future.');
  end if;
  v_count := chime_private.timetable_count(s, since - c_moment, until);
  if v_count > c_most then
    perform chime_private.fail('CH007', format('The range has %s fires; a backfill takes %s at most.', v_count, c_most),
      'Take it in parts: what is done already is not done again.', jsonb_build_object('field', 'until', 'count', v_count));
  end if;
  return query select p.scheduled_for from chime_private.preview_timetable(s, since - c_moment, v_count::integer) p;
end $$;
comment on function chime_private.backfill_fires is 'The fires of a schedule from since to until, both included. Raises CH007: no range of the past, or too many.';

create or replace function chime.backfill(
  schedule_id uuid,
  since timestamptz,
  until timestamptz,
  overlap chime.overlap_policy default 'allow',
  dry_run boolean default true
) returns table (scheduled_for timestamptz, outcome text, run_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_schedule chime.schedules := chime_private.live_schedule(schedule_id);
  v_waiting integer;
  v_most integer := case overlap when 'skip' then 1 when 'buffer_one' then 2 else 1001 end;
  v_queued uuid[] := '{}';
begin
  if overlap is null or overlap = 'cancel_other' then
    perform chime_private.fail('CH007', 'overlap must be allow, skip, buffer_one or buffer_all: a backfill cancels nothing.', null,
      jsonb_build_object('field', 'overlap'));
  elsif v_schedule.status = 'cancelled' then
    perform chime_private.fail('CH013', format('The schedule "%s" is cancelled and cannot be run.', v_schedule.name));
  end if;
  v_waiting := (
    select count(*) from (select from chime.runs r where r.schedule_id = v_schedule.id and r.finished_at is null limit v_most) r);
  for scheduled_for in select f from chime_private.backfill_fires(v_schedule, since, until) f loop
    run_id := (
      select r.id from chime.runs r
      where r.id in (chime_private.run_id(v_schedule.id, backfill.scheduled_for), chime_private.backfill_id(v_schedule.id, backfill.scheduled_for))
        and r.status not in ('skipped', 'cancelled')
      limit 1);
    outcome := case when run_id is not null then 'exists' when overlap <> 'allow' and v_waiting >= v_most then 'overlap' else 'queued' end;
    if outcome = 'queued' then
      v_waiting := v_waiting + 1;
      run_id := chime_private.backfill_id(v_schedule.id, backfill.scheduled_for);
      v_queued := v_queued || run_id;
      if not dry_run then
        insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, owner_id, task, payload, trigger, scheduled_for, due_at, status,
          concurrency_key, priority, in_turn, created_at)
        values (run_id, v_schedule.tenant_id, v_schedule.id, v_schedule.revision, v_schedule.owner_id, v_schedule.task, v_schedule.payload, 'backfill',
          backfill.scheduled_for, v_now, 'queued', v_schedule.concurrency_key, v_schedule.priority, chime_private.needs_turn(overlap), v_now)
        on conflict do nothing;
      end if;
    end if;
    return next;
  end loop;
  if not dry_run then
    perform chime_private.record_revision(v_schedule, 'backfilled', '{}',
      jsonb_build_object('since', since, 'until', until, 'runs', cardinality(v_queued)), v_now)
    where v_queued <> '{}';
    perform chime_private.enqueue(v_queued, array_fill(v_schedule.task, array[cardinality(v_queued)]),
      array_fill(v_schedule.priority, array[cardinality(v_queued)]));
  end if;
end $$;
comment on function chime.backfill is
  'Runs fires of the past, since and until included, a thousand at most. As a dry run, the default, it only tells; then again with '
  'dry_run => false. outcome of each fire: queued (or would be); exists = it has a run that was not skipped or cancelled; '
  'overlap = left out, because another run is not finished and overlap => ''skip'', or one waits and overlap => ''buffer_one'', or a '
  'thousand wait and overlap => ''buffer_all''; runs that wait run one after the other. Doing it twice does it once. Backfilled runs '
  'do not count for max_runs and do not keep the schedule from firing. Errors: CH007, CH010, CH013.';
