-- Creating and changing schedules: in the caller's transaction, answering what was done.

create or replace function chime_private.store_schedule(s chime.schedules, overdue chime.overdue_policy, now timestamptz) returns chime.schedules
language plpgsql volatile
as $$
begin
  s.id := chime_private.new_id(now);
  s.status := 'active';
  s.run_count := 0; s.active_run_ids := '{}'; s.revision := 1;
  s.blocked_at := chime_private.blocked_at(s.task, s.channel_mapping_id);
  s.created_at := now; s.updated_at := now;
  perform chime_private.check_overdue(s, overdue);
  s := chime_private.aim_first(s, overdue, now, now);
  perform chime_private.require_future(s, overdue, now);
  insert into chime.schedules select s.*;
  perform chime_private.record_revision(s, 'created', '{}', chime_private.changeable(s), now);
  s := chime_private.fire_overdue(s, now);
  perform chime_private.wake_clock(s.next_due_at);
  return s;
end $$;
comment on function chime_private.store_schedule is 'Stores a new schedule that is defined and has its owner. Raises CH002, CH004, CH007.';

create or replace function chime.create_schedule(
  task text,
  cron text default null,
  every interval default null,
  at text default null,
  rrule text default null,
  timezone text default null,
  payload jsonb default '{}',
  name text default null,
  key text default null,
  description text default null,
  anchor timestamptz default null,
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  max_runs integer default null,
  jitter interval default null,
  dst_gap chime.dst_gap_policy default null,
  dst_fold chime.dst_fold_policy default 'first',
  catch_up chime.catch_up_policy default 'latest',
  catch_up_window interval default '365 days',
  overlap chime.overlap_policy default 'skip',
  rules jsonb default null,
  only_on text[] default null,
  never_on text[] default null,
  on_excluded chime.excluded_policy default 'skip',
  repeat_interval text default null,
  overdue chime.overdue_policy default 'refuse',
  max_retries integer default null,
  retry_delay interval default null,
  retry_backoff chime.retry_backoff default null,
  retry_max_delay interval default null,
  timeout interval default '5 minutes',
  concurrency_key text default null,
  priority chime.priority default 'medium',
  keep_runs integer default null,
  keep_for interval default null,
  pause_after_failures integer default null,
  alert_after_failures integer default null,
  tags text[] default '{}',
  deliver chime.deliver_policy default 'always',
  channel_mapping_id uuid default null,
  out id uuid,
  out outcome text,
  out revision integer,
  out next_run_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz;
  v_tenant uuid := chime.current_tenant();
  v_old chime.schedules;
  v_new chime.schedules;
begin
  -- What is enormous is not carried along: of texts as much as it takes to refuse them further on, by what they should be.
  if pg_column_size(payload) > 1048576 then perform chime_private.refuse_payload(chime_private.payload_error(payload)); end if;
  key := left(key, 201);
  if key is not null then
    perform chime_private.lock_key(v_tenant, key);
    select * into v_old from chime.schedules s
    where s.tenant_id = v_tenant and s.key = create_schedule.key and s.deleted_at is null and s.status <> 'cancelled'
    for no key update;
    if v_old.id is not null and not chime_private.may_see(v_old.owner_id) then perform chime_private.refuse_key(key, 'schedule'); end if;
  end if;
  v_new := v_old;
  v_new.tenant_id := v_tenant;
  v_new.task := left(task, 81); v_new.payload := payload; v_new.name := left(name, 201); v_new.key := key;
  v_new.description := left(description, 2001); v_new.max_runs := max_runs; v_new.jitter := jitter;
  v_new.catch_up := catch_up; v_new.catch_up_window := catch_up_window; v_new.overlap := overlap;
  v_new := chime_private.set_rules(v_new, cron, every, at, rrule, rules, repeat_interval, timezone, dst_gap, dst_fold,
    anchor, starts_at, ends_at, only_on, never_on, on_excluded);
  v_new.max_retries := max_retries; v_new.retry_delay := retry_delay; v_new.retry_backoff := retry_backoff;
  v_new.retry_max_delay := retry_max_delay; v_new.timeout := timeout;
  v_new.concurrency_key := concurrency_key; v_new.priority := priority;
  v_new.keep_runs := keep_runs; v_new.keep_for := keep_for;
  v_new.pause_after_failures := pause_after_failures; v_new.alert_after_failures := alert_after_failures;
  v_new.tags := tags;
  v_new.deliver := deliver;
  v_new.channel_mapping_id := coalesce(channel_mapping_id, v_old.channel_mapping_id, chime_private.current_mapping());
  -- Creating it again does not start its interval or recurrence anew.
  if v_new.anchor is null and num_nonnulls(every, rrule, rules) = 1 then v_new.anchor := v_old.anchor; end if;
  v_new := chime_private.define_schedule(v_new);
  -- Not before: an anchor that is taken from the clock in there would lie ahead of it, in the next second, and fire.
  v_now := chime.now();
  perform chime_private.check_destination(v_new.channel_mapping_id)
    where v_new.channel_mapping_id is distinct from v_old.channel_mapping_id;

  if v_old.id is not null then
    v_new := chime_private.change_schedule(v_old, v_new, overdue);
    outcome := case v_new.revision when v_old.revision then 'unchanged' else 'changed' end;
  else
    v_new.owner_id := chime_private.new_owner();
    v_new := chime_private.store_schedule(v_new, overdue, v_now);
    outcome := 'created';
  end if;
  id := v_new.id;
  revision := v_new.revision;
  next_run_at := v_new.next_run_at;
end $$;
comment on function chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy, integer, interval, chime.retry_backoff, interval, interval, text, chime.priority, integer, interval, integer, integer, text[], chime.deliver_policy, uuid) is
  'Creates a schedule, in the caller''s transaction. Give exactly one rule: cron, every (an interval), at (an instant, or a '
  'wall-clock time in timezone) or rrule (RFC 5545, with DTSTART, RDATE and EXDATE if need be; without DTSTART it counts from '
  'anchor, else starts_at, else now); or repeat_interval => daily, weekly or monthly, at the time of day of starts_at, or anchor, from '
  'that day on (custom means that another argument is the rule); or rules, a list of such rules, to fire when any of them does. An `at` '
  'in the past is refused, or with overdue => ''run_now'' runs at once. only_on and never_on name calendars (see set_calendar), on_excluded says what happens to fires that those leave out. '
  'A run whose attempt failed or timed out is tried again max_retries times, after retry_delay, which retry_backoff lengthens up to '
  'retry_max_delay (1 hour, or retry_delay if that is longer); timeout is how long an attempt may take. '
  'overlap says what happens while an earlier run is not finished; of all runs with the same concurrency_key no more run at once than its '
  'limit, one where it has none (see set_concurrency_limit); priority says which go first where several wait. keep_runs and keep_for say '
  'how many of its runs are kept and how long (see chime.retention), pause_after_failures and alert_after_failures what happens when '
  'so many of them in a row fail. tags are words to find it by. Its owner is the current user. '
  'deliver says which runs somebody is told of, channel_mapping_id where; without it the conversation that the setting chime.session_id names, else '
  'the inbox of the owner. '
  'dst_gap is next by default, skip for a recurrence rule. With a key that a live schedule of the tenant has, it is changed to what is given here; '
  'outcome says created, changed or unchanged. timezone, max_retries, retry_delay and retry_backoff are by default those of the tenant: see set_tenant_settings. Errors: CH001 to CH007, CH018, CH041.';

-- An overload, so that `at` also takes an expression such as now() + interval '1 hour'. A plain literal is text.
create or replace function chime.create_schedule(
  task text,
  at timestamptz,
  timezone text default null,
  payload jsonb default '{}',
  name text default null,
  key text default null,
  description text default null,
  catch_up_window interval default '365 days',
  overdue chime.overdue_policy default 'refuse',
  out id uuid,
  out outcome text,
  out revision integer,
  out next_run_at timestamptz
)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.outcome, c.revision, c.next_run_at
  from chime.create_schedule(task => task, at => chime_private.at_text(at), timezone => timezone, payload => payload,
    name => name, key => key, description => description, catch_up_window => catch_up_window, overdue => overdue) c
$$;
comment on function chime.create_schedule(text, timestamptz, text, jsonb, text, text, text, interval, chime.overdue_policy) is
  'Creates a schedule that fires once, at an instant; one in the past is refused, or with overdue => ''run_now'' runs at once.';

create or replace function chime.update_schedule(
  schedule_id uuid,
  patch jsonb,
  expected_revision integer default null
) returns chime.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_fields constant text[] := '{task,cron,every,at,rrule,timezone,payload,name,key,description,anchor,starts_at,ends_at,max_runs,jitter,dst_gap,dst_fold,catch_up,catch_up_window,overlap,rules,only_on,never_on,on_excluded,max_retries,retry_delay,retry_backoff,retry_max_delay,timeout,concurrency_key,priority,keep_runs,keep_for,pause_after_failures,alert_after_failures,tags,owner_id,deliver,channel_mapping_id,repeat_interval,overdue}';
  c_rules constant text[] := '{cron,every,at,rrule,rules}';
  v_old chime.schedules := chime_private.live_schedule(schedule_id);
  v_new chime.schedules := v_old;
  v_repeat text := nullif(patch ->> 'repeat_interval', 'custom');
  v_field text;
begin
  if jsonb_typeof(patch) is distinct from 'object' then
    perform chime_private.fail('CH007', 'The patch must be a JSON object.', 'Fields that are absent are kept, null clears.');
  elsif v_old.status = 'cancelled' then
    perform chime_private.fail('CH013', format('The schedule "%s" is cancelled.', v_old.name), 'Create a new one.');
  elsif v_old.purpose = 'check_in' and patch ?| '{task,cron,every,at,rrule,rules,repeat_interval,timezone,key,owner_id,starts_at,ends_at,max_runs}' then
    perform chime_private.fail('CH013', 'A check-in comes when the person wants it, in their time zone; its schedule follows.',
      'Change that: chime.set_check_in, chime.set_preferences.');
  elsif expected_revision <> v_old.revision then
    perform chime_private.fail('CH012',
      format('The schedule "%s" is at revision %s, not %s: somebody changed it.', v_old.name, v_old.revision, expected_revision),
      'Read it again, then change what is there now.', jsonb_build_object('revision', v_old.revision));
  end if;
  for v_field in select f from jsonb_object_keys(patch) f order by f loop
    if v_field <> all (c_fields) then
      perform chime_private.fail('CH007', format('A schedule has no field "%s" to change.', left(v_field, 80)),
        'Fields: ' || array_to_string(c_fields, ', ') || '.', jsonb_build_object('field', left(v_field, 80)));
    elsif v_field <> 'payload' and pg_column_size(patch -> v_field) > 1048576 then
      perform chime_private.fail('CH007', format('The field %s is larger than 1 MB.', v_field), 'Only a payload may come near to that.', jsonb_build_object('field', v_field));
    end if;
    begin
      v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, patch -> v_field));
    exception when data_exception or invalid_text_representation then
      perform chime_private.fail('CH007', format('%s: %s.', v_field, left(sqlerrm, 200)), null, jsonb_build_object('field', v_field));
    end;
  end loop;
  -- A new rule takes the place of the old one, whatever kind that was.
  if (select count(*) from unnest(c_rules) r where jsonb_typeof(patch -> r) <> 'null') + num_nonnulls(v_repeat) = 1 then
    foreach v_field in array c_rules loop
      if not patch ? v_field then v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, null)); end if;
    end loop;
    -- What was the default of the old kind becomes that of the new one.
    if not patch ? 'dst_gap' and v_old.dst_gap = chime_private.default_dst_gap(v_old.rrule) then v_new.dst_gap := null; end if;
  end if;
  v_new := chime_private.apply_repeat(v_new, v_repeat,
    coalesce(case when not patch ? 'anchor' and patch ? 'starts_at' then v_new.starts_at end, v_new.anchor, v_new.starts_at));
  perform chime_private.lock_key(v_old.tenant_id, v_new.key) where v_new.key is distinct from v_old.key;
  if v_new.key is distinct from v_old.key and exists (
    select from chime.schedules s
    where s.tenant_id = v_old.tenant_id and s.key = v_new.key and s.deleted_at is null and s.status <> 'cancelled') then
    perform chime_private.refuse_key(v_new.key, 'schedule');
  end if;
  if v_new.owner_id is distinct from v_old.owner_id then perform chime_private.check_owner(v_new.owner_id); end if;
  if v_new.channel_mapping_id is distinct from v_old.channel_mapping_id then perform chime_private.check_destination(v_new.channel_mapping_id); end if;
  return chime_private.change_schedule(v_old, chime_private.define_schedule(v_new), chime_private.read_overdue(patch ->> 'overdue'));
end $$;
comment on function chime.update_schedule is
  'Changes fields of a schedule: those absent from the patch are kept, null clears. A changed rule counts from now and never '
  'fires the past, but for an `at` with overdue => run_now; runs that exist keep the revision they were fired from. repeat_interval counts '
  'from starts_at or anchor, of the patch or as they are stored. With expected_revision, refuses (CH012) if '
  'somebody else changed it meanwhile. Only administrators give it another owner_id. Errors: CH001 to CH007, CH010, CH012, CH013, CH018, CH042.';
