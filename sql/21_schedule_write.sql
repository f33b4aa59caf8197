-- Creating and changing schedules: in the caller's transaction, answering what was done.

create or replace function chime_private.skip_fires(
  s chime.schedules, first timestamptz, last timestamptz, count bigint, reason chime.skip_reason, now timestamptz
) returns void
language sql volatile
as $$
  insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, task, payload, trigger, scheduled_for, due_at,
    status, skip_reason, covers_count, covers_until, finished_at, created_at)
  select chime_private.run_id(s.id, first), s.tenant_id, s.id, s.revision, s.task, s.payload, 'schedule', first, first,
    'skipped', reason, least(count, 2147483647), last, now, now
  where count > 0
  on conflict do nothing
$$;
comment on function chime_private.skip_fires is 'Records fires that are not run: one row, whatever their number.';

create or replace function chime_private.settle(s chime.schedules, now timestamptz, reason chime.skip_reason) returns void
language plpgsql volatile
as $$
declare
  v_first timestamptz := chime_private.next_fire(s.rule, s.accounted_until);
begin
  if v_first <= now then
    perform chime_private.skip_fires(s, v_first, chime_private.last_fire(s.rule, s.accounted_until, now),
      chime_private.count_fires(s.rule, s.accounted_until, now), reason, now);
  end if;
end $$;
comment on function chime_private.settle is
  'Accounts for fires that passed unhandled before a schedule changes its state, so that none is lost and none is run later.';

create or replace function chime_private.rule_changed(old chime.schedules, new chime.schedules) returns boolean
language sql immutable
as $$
  -- Intervals as text: to Postgres, 1 day equals 24 hours.
  select row(old.cron, old.every::text, old.at, old.anchor, old.timezone, old.dst_gap, old.dst_fold, old.starts_at, old.ends_at, old.jitter::text)
    is distinct from
    row(new.cron, new.every::text, new.at, new.anchor, new.timezone, new.dst_gap, new.dst_fold, new.starts_at, new.ends_at, new.jitter::text)
$$;
comment on function chime_private.rule_changed is 'Whether two definitions fire at different times.';

create or replace function chime_private.definition_changed(old chime.schedules, new chime.schedules) returns boolean
language sql immutable
as $$
  select chime_private.rule_changed(old, new)
    or row(old.key, old.name, old.description, old.task, old.payload, old.max_runs, old.catch_up, old.catch_up_window::text, old.overlap)
    is distinct from
    row(new.key, new.name, new.description, new.task, new.payload, new.max_runs, new.catch_up, new.catch_up_window::text, new.overlap)
$$;
comment on function chime_private.definition_changed is 'Whether two definitions differ.';

create or replace function chime_private.change_schedule(old chime.schedules, new chime.schedules) returns chime.schedules
language plpgsql volatile
as $$
declare
  v_now timestamptz := chime.now();
begin
  if not chime_private.definition_changed(old, new) then
    return old;
  end if;
  new.revision := old.revision + 1;
  new.updated_at := v_now;
  if chime_private.rule_changed(old, new) then
    -- A changed rule never fires the past: what the old one still owed is recorded as not run.
    if old.status = 'active' then perform chime_private.settle(old, v_now, 'edited'); end if;
    if new.status = 'completed' then new.status := 'active'; new.status_reason := null; end if;
    new := chime_private.aim(new, greatest(v_now, old.accounted_until));
    perform chime_private.require_future(new, v_now);
  end if;
  if new.status = 'active' and new.run_count >= new.max_runs then
    new.status := 'completed'; new.status_reason := 'It has run max_runs times.';
    new.next_run_at := null; new.next_due_at := null;
  elsif new.status = 'completed' and new.run_count < new.max_runs and old.max_runs <= old.run_count then
    new.status := 'active'; new.status_reason := null;
    new := chime_private.aim(new, greatest(v_now, old.accounted_until));
  end if;
  update chime.schedules set
    key = new.key, name = new.name, description = new.description, task = new.task, payload = new.payload,
    cron = new.cron, every = new.every, at = new.at, anchor = new.anchor, timezone = new.timezone,
    dst_gap = new.dst_gap, dst_fold = new.dst_fold, starts_at = new.starts_at, ends_at = new.ends_at,
    max_runs = new.max_runs, jitter = new.jitter, catch_up = new.catch_up, catch_up_window = new.catch_up_window,
    overlap = new.overlap, rule = new.rule, status = new.status, status_reason = new.status_reason,
    next_run_at = new.next_run_at, next_due_at = new.next_due_at, accounted_until = new.accounted_until,
    revision = new.revision, updated_at = new.updated_at
  where id = old.id;
  perform chime_private.wake_clock(new.next_due_at);
  return new;
end $$;
comment on function chime_private.change_schedule is
  'Stores a changed definition of a schedule whose row the caller has locked, and points it at its next fire.';

create or replace function chime_private.lock_key(tenant_id uuid, key text) returns void
language sql volatile
as $$ select pg_advisory_xact_lock(hashtextextended(format('chime:%s:%s', tenant_id, key), 0)) where key is not null $$;
comment on function chime_private.lock_key is
  'Makes callers who write the same key take turns until their transactions end, also while there is no row to lock yet.';

create or replace function chime.create_schedule(
  task text,
  cron text default null,
  every interval default null,
  at text default null,
  timezone text default 'UTC',
  payload jsonb default '{}',
  name text default null,
  key text default null,
  description text default null,
  anchor timestamptz default null,
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  max_runs integer default null,
  jitter interval default null,
  dst_gap chime.dst_gap_policy default 'next',
  dst_fold chime.dst_fold_policy default 'first',
  catch_up chime.catch_up_policy default 'latest',
  catch_up_window interval default '365 days',
  overlap chime.overlap_policy default 'skip',
  out id uuid,
  out outcome text,
  out revision integer,
  out next_run_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_tenant uuid := chime.current_tenant();
  v_old chime.schedules;
  v_new chime.schedules;
begin
  if key is not null then
    perform chime_private.lock_key(v_tenant, key);
    select * into v_old from chime.schedules s
    where s.tenant_id = v_tenant and s.key = create_schedule.key and s.deleted_at is null and s.status <> 'cancelled'
    for no key update;
  end if;
  v_new := v_old;
  v_new.task := task; v_new.cron := cron; v_new.every := every; v_new.at := at; v_new.timezone := timezone;
  v_new.payload := payload; v_new.name := name; v_new.key := key; v_new.description := description;
  v_new.starts_at := starts_at; v_new.ends_at := ends_at; v_new.max_runs := max_runs; v_new.jitter := jitter;
  v_new.dst_gap := dst_gap; v_new.dst_fold := dst_fold; v_new.catch_up := catch_up;
  v_new.catch_up_window := catch_up_window; v_new.overlap := overlap;
  -- Creating it again does not start its interval anew.
  v_new.anchor := coalesce(anchor, case when every is not null then v_old.anchor end);
  v_new := chime_private.define_schedule(v_new);

  if v_old.id is not null then
    v_new := chime_private.change_schedule(v_old, v_new);
    outcome := case v_new.revision when v_old.revision then 'unchanged' else 'changed' end;
  else
    v_new.id := chime_private.new_id(v_now);
    v_new.tenant_id := v_tenant;
    v_new.status := 'active';
    v_new.run_count := 0; v_new.active_run_ids := '{}'; v_new.revision := 1;
    v_new.created_at := v_now; v_new.updated_at := v_now;
    v_new := chime_private.aim(v_new, v_now);
    perform chime_private.require_future(v_new, v_now);
    insert into chime.schedules select v_new.*;
    perform chime_private.wake_clock(v_new.next_due_at);
    outcome := 'created';
  end if;
  id := v_new.id;
  revision := v_new.revision;
  next_run_at := v_new.next_run_at;
end $$;
comment on function chime.create_schedule(text, text, interval, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy) is
  'Creates a schedule, in the caller''s transaction. Give exactly one rule: cron, every (an interval) or at (an instant, or a '
  'wall-clock time in timezone). With a key that a live schedule of the tenant has, it is changed to what is given here; '
  'outcome says created, changed or unchanged. Errors: CH001 to CH007.';

-- An overload, so that `at` also takes an expression such as now() + interval '1 hour'. A plain literal is text.
create or replace function chime.create_schedule(
  task text,
  at timestamptz,
  timezone text default 'UTC',
  payload jsonb default '{}',
  name text default null,
  key text default null,
  description text default null,
  catch_up_window interval default '365 days',
  out id uuid,
  out outcome text,
  out revision integer,
  out next_run_at timestamptz
)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.outcome, c.revision, c.next_run_at
  from chime.create_schedule(task => task, at => chime_private.instant_text(at), timezone => timezone, payload => payload,
    name => name, key => key, description => description, catch_up_window => catch_up_window) c
$$;
comment on function chime.create_schedule(text, timestamptz, text, jsonb, text, text, text, interval) is
  'Creates a schedule that fires once, at an instant.';

create or replace function chime_private.live_schedule(schedule_id uuid) returns chime.schedules
language plpgsql volatile
as $$
declare
  v_schedule chime.schedules;
begin
  select * into v_schedule from chime.schedules s
  where s.id = live_schedule.schedule_id and s.tenant_id = chime.current_tenant() and s.deleted_at is null
  for no key update;
  if v_schedule.id is null then
    perform chime_private.fail('CH010', format('There is no schedule %s.', coalesce(schedule_id::text, 'without an id')),
      'chime.find_schedule finds one by id, key or name.');
  end if;
  return v_schedule;
end $$;
comment on function chime_private.live_schedule is 'A schedule of the current tenant, its row locked against ticks and other changes. Raises CH010.';

create or replace function chime.update_schedule(
  schedule_id uuid,
  patch jsonb,
  expected_revision integer default null
) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_fields constant text[] := '{task,cron,every,at,timezone,payload,name,key,description,anchor,starts_at,ends_at,max_runs,jitter,dst_gap,dst_fold,catch_up,catch_up_window,overlap}';
  c_rules constant text[] := '{cron,every,at}';
  v_old chime.schedules := chime_private.live_schedule(schedule_id);
  v_new chime.schedules := v_old;
  v_field text;
begin
  if jsonb_typeof(patch) is distinct from 'object' then
    perform chime_private.fail('CH007', 'The patch must be a JSON object.', 'Fields that are absent are kept, null clears.');
  elsif v_old.status = 'cancelled' then
    perform chime_private.fail('CH013', format('The schedule "%s" is cancelled.', v_old.name), 'Create a new one.');
  elsif expected_revision <> v_old.revision then
    perform chime_private.fail('CH012',
      format('The schedule "%s" is at revision %s, not %s: somebody changed it.', v_old.name, v_old.revision, expected_revision),
      'Read it again, then change what is there now.', jsonb_build_object('revision', v_old.revision));
  end if;
  for v_field in select f from jsonb_object_keys(patch) f order by f loop
    if v_field <> all (c_fields) then
      perform chime_private.fail('CH007', format('A schedule has no field "%s" to change.', left(v_field, 80)),
        'Fields: ' || array_to_string(c_fields, ', ') || '.', jsonb_build_object('field', left(v_field, 80)));
    end if;
    begin
      v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, patch -> v_field));
    exception when data_exception or invalid_text_representation then
      perform chime_private.fail('CH007', format('%s: %s.', v_field, sqlerrm), null, jsonb_build_object('field', v_field));
    end;
  end loop;
  -- A new rule takes the place of the old one, whatever kind that was.
  if (select count(*) from unnest(c_rules) r where jsonb_typeof(patch -> r) <> 'null') = 1 then
    foreach v_field in array c_rules loop
      if not patch ? v_field then v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, null)); end if;
    end loop;
  end if;
  perform chime_private.lock_key(v_old.tenant_id, v_new.key) where v_new.key is distinct from v_old.key;
  if v_new.key is distinct from v_old.key and exists (
    select from chime.schedules s
    where s.tenant_id = v_old.tenant_id and s.key = v_new.key and s.deleted_at is null and s.status <> 'cancelled') then
    perform chime_private.fail('CH007', format('Another schedule has the key "%s".', v_new.key), null, jsonb_build_object('field', 'key'));
  end if;
  return chime_private.change_schedule(v_old, chime_private.define_schedule(v_new));
end $$;
comment on function chime.update_schedule is
  'Changes fields of a schedule: those absent from the patch are kept, null clears. A changed rule counts from now and never '
  'fires the past; runs that exist keep the revision they were fired from. With expected_revision, refuses (CH012) if '
  'somebody else changed it meanwhile. Errors: CH001 to CH007, CH010, CH012, CH013.';
