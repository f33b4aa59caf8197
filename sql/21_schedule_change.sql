-- What a change of a schedule does, whoever asks for it: what was due is settled first, by the rule that it was due by.

create or replace function chime_private.skip_fires(
  s chime.schedules, first timestamptz, last timestamptz, count bigint, reason chime.skip_reason, now timestamptz
) returns void
language sql volatile
as $$
  insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, owner_id, task, payload, trigger, scheduled_for, due_at,
    status, skip_reason, covers_count, covers_until, finished_at, purpose, created_at)
  select chime_private.run_id(s.id, first), s.tenant_id, s.id, s.revision, s.owner_id, s.task, s.payload, 'schedule', first, first,
    'skipped', reason, least(count, 2147483647), last, now, s.purpose, now
  where count > 0
  on conflict do nothing
$$;
comment on function chime_private.skip_fires is 'Records fires that are not run: one row, whatever their number.';

create or replace function chime_private.settle(s chime.schedules, now timestamptz, reason chime.skip_reason) returns void
language plpgsql volatile
as $$
declare
  v_first timestamptz;
begin
  perform chime_private.skip_excluded(s, now, now);
  v_first := chime_private.timetable_next(s, s.accounted_until);
  if v_first <= now then
    perform chime_private.skip_fires(s, v_first, chime_private.timetable_last(s, s.accounted_until, now),
      chime_private.timetable_count(s, s.accounted_until, now), reason, now);
  end if;
end $$;
comment on function chime_private.settle is
  'Accounts for fires that passed unhandled before a schedule changes its state, so that none is lost and none is run later.';

create or replace function chime_private.settle_before_change(s chime.schedules, now timestamptz, reason chime.skip_reason) returns void
language plpgsql volatile
as $$
begin
  if s.status in ('active', 'paused') then
    perform chime_private.settle(s, now, case s.status when 'paused' then 'paused' else reason end);
  end if;
exception
  when insufficient_resources or operator_intervention or transaction_rollback or lock_not_available then
    raise;
  when others then
    -- The fires of a rule that fails cannot be counted, and that must not keep the rule from being mended or removed.
    null;
end $$;
comment on function chime_private.settle_before_change is
  'Accounts for what a schedule owes by its definition so far: for this reason, or as paused where it is paused.';

create or replace function chime_private.rule_changed(old chime.schedules, new chime.schedules) returns boolean
language sql immutable
as $$
  -- Intervals as text: to Postgres, 1 day equals 24 hours.
  select row(old.cron, old.every::text, old.at, old.rrule, old.anchor, old.timezone, old.dst_gap, old.dst_fold, old.starts_at, old.ends_at, old.jitter::text,
      old.rules, old.only_on, old.never_on, old.on_excluded)
    is distinct from
    row(new.cron, new.every::text, new.at, new.rrule, new.anchor, new.timezone, new.dst_gap, new.dst_fold, new.starts_at, new.ends_at, new.jitter::text,
      new.rules, new.only_on, new.never_on, new.on_excluded)
$$;
comment on function chime_private.rule_changed is 'Whether two definitions fire at different times.';

create or replace function chime_private.definition_changed(old chime.schedules, new chime.schedules) returns boolean
language sql immutable
as $$
  select chime_private.rule_changed(old, new)
    or row(old.key, old.name, old.description, old.task, old.payload, old.max_runs, old.catch_up, old.catch_up_window::text, old.overlap,
      old.max_retries, old.retry_delay::text, old.retry_backoff, old.retry_max_delay::text, old.timeout::text, old.concurrency_key, old.priority)
    is distinct from
    row(new.key, new.name, new.description, new.task, new.payload, new.max_runs, new.catch_up, new.catch_up_window::text, new.overlap,
      new.max_retries, new.retry_delay::text, new.retry_backoff, new.retry_max_delay::text, new.timeout::text, new.concurrency_key, new.priority)
    or row(old.keep_runs, old.keep_for::text, old.pause_after_failures, old.alert_after_failures, old.tags, old.owner_id, old.deliver, old.channel_mapping_id)
    is distinct from
    row(new.keep_runs, new.keep_for::text, new.pause_after_failures, new.alert_after_failures, new.tags, new.owner_id, new.deliver, new.channel_mapping_id)
$$;
comment on function chime_private.definition_changed is 'Whether two definitions differ.';

create or replace function chime_private.live_schedule(schedule_id uuid) returns chime.schedules
language plpgsql volatile
as $$
declare
  v_schedule chime.schedules;
begin
  select * into v_schedule from chime.schedules s
  where s.id = live_schedule.schedule_id and s.tenant_id = chime.current_tenant() and s.deleted_at is null
    and chime_private.may_see(s.owner_id)
  for no key update;
  if v_schedule.id is null then
    perform chime_private.fail('CH010', format('There is no schedule %s.', coalesce(schedule_id::text, 'without an id')),
      'chime.find_schedule finds one by id, key or name.');
  end if;
  return v_schedule;
end $$;
comment on function chime_private.live_schedule is 'A schedule that the caller may see, its row locked against ticks and other changes. Raises CH010.';

create or replace function chime_private.lock_key(tenant_id uuid, key text) returns void
language sql volatile
as $$ select pg_advisory_xact_lock(hashtextextended(format('chime:%s:%s', tenant_id, key), 0)) where key is not null $$;
comment on function chime_private.lock_key is
  'Makes callers who write the same key take turns until their transactions end, also while there is no row to lock yet.';

create or replace function chime_private.refuse_key(key text, kind text) returns void
language plpgsql immutable
as $$
begin
  perform chime_private.fail('CH007', format('Another %s has the key "%s".', kind, left(key, 200)), null, '{"field": "key"}');
end $$;
comment on function chime_private.refuse_key is 'Raises CH007: a key is taken, by what the caller may not even see.';

create or replace function chime_private.check_owner(owner_id uuid) returns void
language plpgsql stable
as $$
begin
  perform chime_private.require_admin('give a schedule another owner');
  if not exists (select from chime.users u where u.id = check_owner.owner_id and u.tenant_id = chime.current_tenant()) and owner_id is not null then
    perform chime_private.fail('CH007', format('There is no user %s.', owner_id), 'See chime.users.', '{"field": "owner_id"}');
  end if;
end $$;
comment on function chime_private.check_owner is 'Refuses an owner who is no user of the tenant (CH007), and callers who may not choose one (CH042).';

create or replace function chime_private.edited_from(s chime.schedules, now timestamptz) returns timestamptz
language sql stable
as $$
  select case
    when s.accounted_until > now and exists (
      select from chime.runs r where r.id = chime_private.run_id(s.id, s.accounted_until) and r.skip_reason::text = 'by_hand') then now
    else greatest(now, s.accounted_until) end
$$;
comment on function chime_private.edited_from is
  'From when on a changed rule fires: at once, also where the next fire of the old one was skipped by hand, which stands for nothing else.';

create or replace function chime_private.change_schedule(
  old chime.schedules, new chime.schedules, overdue chime.overdue_policy default 'refuse'
) returns chime.schedules
language plpgsql volatile
as $$
declare
  v_now timestamptz := chime.now();
begin
  perform chime_private.check_overdue(new, overdue);
  if not chime_private.definition_changed(old, new) then
    return old;
  end if;
  new.revision := old.revision + 1;
  new.updated_at := v_now;
  if chime_private.rule_changed(old, new) then
    -- A changed rule never fires the past: what the old one still owed is recorded as not run.
    perform chime_private.settle_before_change(old, v_now, 'edited');
    if new.status = 'completed' then new.status := 'active'; new.status_reason := null; end if;
    new := chime_private.aim_first(new, overdue, chime_private.edited_from(old, v_now), v_now);
    perform chime_private.require_future(new, overdue, v_now);
  end if;
  if new.status = 'active' and new.run_count >= new.max_runs then
    new.status := 'completed'; new.status_reason := 'It has run max_runs times.';
    new.next_run_at := null; new.next_due_at := null;
  elsif new.status = 'completed' and old.run_count >= old.max_runs and (new.max_runs is null or new.run_count < new.max_runs) then
    -- If its rule has no more fires either, it is completed again at once, for that reason.
    new.status := 'active'; new.status_reason := null;
    new := chime_private.aim(new, greatest(v_now, old.accounted_until));
  end if;
  update chime.schedules set
    key = new.key, name = new.name, description = new.description, task = new.task, payload = new.payload,
    cron = new.cron, every = new.every, at = new.at, rrule = new.rrule, anchor = new.anchor, timezone = new.timezone,
    dst_gap = new.dst_gap, dst_fold = new.dst_fold, starts_at = new.starts_at, ends_at = new.ends_at,
    rules = new.rules, more_rules = new.more_rules, only_on = new.only_on, never_on = new.never_on,
    on_excluded = new.on_excluded, excluded = new.excluded, max_runs = new.max_runs, jitter = new.jitter, catch_up = new.catch_up, catch_up_window = new.catch_up_window,
    overlap = new.overlap, max_retries = new.max_retries, retry_delay = new.retry_delay, retry_backoff = new.retry_backoff,
    retry_max_delay = new.retry_max_delay, timeout = new.timeout, concurrency_key = new.concurrency_key, priority = new.priority,
    active_run_ids = case when new.overlap = 'skip' and old.overlap <> 'skip' then
        array(select r.id from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id where u.schedule_id = old.id and r.finished_at is null and r.trigger <> 'backfill' limit 1000)
      else active_run_ids end,
    rule = new.rule, status = new.status, status_reason = new.status_reason,
    next_run_at = new.next_run_at, next_due_at = new.next_due_at, accounted_until = new.accounted_until,
    keep_runs = new.keep_runs, keep_for = new.keep_for,
    pause_after_failures = new.pause_after_failures, alert_after_failures = new.alert_after_failures, tags = new.tags, owner_id = new.owner_id,
    deliver = new.deliver, channel_mapping_id = new.channel_mapping_id, blocked_at = chime_private.blocked_at(new.task, new.channel_mapping_id),
    revision = new.revision, updated_at = new.updated_at
  where id = old.id;
  if overdue = 'run_now' and chime_private.rule_changed(old, new) then
    new := chime_private.fire_overdue(new, v_now);
  end if;
  perform chime_private.wake_clock(new.next_due_at);
  return new;
end $$;
comment on function chime_private.change_schedule is
  'Stores a changed definition of a schedule whose row the caller has locked, and points it at its next fire.';
