-- The definition of a schedule, checked: the one way from what somebody writes to a row that can be stored.

create or replace function chime_private.refuse_payload(error text) returns void
language plpgsql immutable
as $$
begin
  if error is not null then
    perform chime_private.fail('CH006', format('The payload %s.', error),
      'Keep what is large elsewhere, and give the task what it finds it by.', '{"path": "payload"}');
  end if;
end $$;
comment on function chime_private.refuse_payload is 'Raises CH006 where a payload has an error (see payload_error).';

create or replace function chime_private.check_task_name(task text) returns void
language plpgsql stable
as $$
begin
  if task is null then
    perform chime_private.fail('CH005', 'The task is missing.', 'Name the task that is to run; chime.tasks lists them.');
  elsif task !~ '^[a-z][a-z0-9_]{0,62}$' then
    perform chime_private.fail('CH005', format('"%s" is not a task name.', left(task, 80)),
      'Task names are lower case letters, digits and underscores, 63 characters at most.');
  elsif not exists (select from chime.tasks t where t.name = check_task_name.task) and exists (select from chime.tasks) then
    perform chime_private.fail('CH005', format('There is no task "%s".', task),
      (select 'Registered tasks: ' || string_agg(t.name, ', ' order by t.name) || '. Start a worker that has it, then schedule it.' from chime.tasks t));
  end if;
end $$;
comment on function chime_private.check_task_name is
  'Refuses a task that no worker has registered (CH005). Before the first worker has registered any task, every name passes: the run '
  'fails then if nobody has it.';

create or replace function chime_private.check_task(task text, payload jsonb) returns void
language plpgsql stable
as $$
declare
  v_error text;
begin
  perform chime_private.check_task_name(task);
  perform chime_private.refuse_payload(chime_private.payload_error(payload));
  v_error := chime_private.json_schema_error((select t.payload_schema from chime.tasks t where t.name = check_task.task), payload);
  if v_error is not null then
    perform chime_private.fail('CH006', format('The payload does not fit the task "%s": %s.', task, v_error),
      'See payload_schema in chime.tasks for what the task takes.',
      jsonb_build_object('task', task, 'path', split_part(v_error, ' ', 1)));
  end if;
end $$;
comment on function chime_private.check_task is 'Refuses a task that no worker has registered (CH005) and a payload that does not fit it (CH006).';

create or replace function chime_private.check_bounds(s chime.schedules) returns void
language plpgsql stable
as $$
declare
  v_wrong text;
begin
  v_wrong := case
    -- The key first: a name that nobody gave is the key.
    when length(s.key) not between 1 and 200 then 'key must have 1 to 200 characters.'
    when s.name is null or length(s.name) not between 1 and 200 then 'name must have 1 to 200 characters.'
    when length(s.description) > 2000 then 'description must have at most 2000 characters.'
    when s.max_runs < 1 then 'max_runs must be 1 or more.'
    when not isfinite(s.jitter) or s.jitter < interval '0' or s.jitter > interval '1 day' then 'jitter must be between 0 and 1 day.'
    when not isfinite(s.catch_up_window) or s.catch_up_window < interval '10 seconds' or s.catch_up_window > interval '100 years'
      then 'catch_up_window must be between 10 seconds and 100 years.'
    when s.max_retries not between 0 and 100 then 'max_retries must be between 0 and 100.'
    when not isfinite(s.retry_delay) or s.retry_delay < interval '0' or s.retry_delay > interval '365 days'
      then 'retry_delay must be between 0 and 365 days.'
    when not isfinite(s.retry_max_delay) or s.retry_max_delay < s.retry_delay or s.retry_max_delay > interval '365 days'
      then format('retry_max_delay must be between retry_delay (%s) and 365 days.', s.retry_delay)
    when not isfinite(s.timeout) or s.timeout <= interval '0' or s.timeout > interval '365 days'
      then 'timeout must be more than 0 and at most 365 days.'
    when length(s.concurrency_key) not between 1 and 200 then 'concurrency_key must have 1 to 200 characters.'
    when s.keep_runs not between 1 and 10000 then 'keep_runs must be between 1 and 10000.'
    when not isfinite(s.keep_for) or s.keep_for < interval '1 minute' or s.keep_for > interval '100 years'
      then 'keep_for must be between 1 minute and 100 years.'
    when s.pause_after_failures not between 1 and 1000 then 'pause_after_failures must be between 1 and 1000.'
    when s.alert_after_failures not between 1 and 1000 then 'alert_after_failures must be between 1 and 1000.'
    when cardinality(s.tags) > 20 or array_ndims(s.tags) > 1 then 'tags must be a list of at most 20.'
    when exists (select from unnest(s.tags) t where t is null or length(t) not between 1 and 50) then 'tags must have 1 to 50 characters each.'
    when (select count(distinct t) from unnest(s.tags) t) < cardinality(s.tags) then 'tags must not name one twice.'
  end;
  if v_wrong is not null then
    perform chime_private.fail('CH007', v_wrong, null, jsonb_build_object('field', split_part(v_wrong, ' ', 1)));
  end if;
end $$;
comment on function chime_private.check_bounds is 'Refuses values of a schedule that are out of range (CH007).';

create or replace function chime_private.complete_schedule(s chime.schedules) returns chime.schedules
language plpgsql stable
as $$
declare
  v_settings chime.tenant_settings;
begin
  if s.timezone is null or s.max_retries is null or s.retry_delay is null or s.retry_backoff is null then
    v_settings := chime_private.tenant_settings_of(s.tenant_id);
  end if;
  s.name := coalesce(s.name, s.key, s.task);
  s.timezone := coalesce(s.timezone, v_settings.timezone);
  s.catch_up := coalesce(s.catch_up, 'latest');
  s.catch_up_window := coalesce(s.catch_up_window, interval '365 days');
  s.overlap := coalesce(s.overlap, 'skip');
  s.max_retries := coalesce(s.max_retries, v_settings.max_retries);
  s.retry_delay := coalesce(s.retry_delay, v_settings.retry_delay);
  s.retry_backoff := coalesce(s.retry_backoff, v_settings.retry_backoff);
  s.retry_max_delay := coalesce(s.retry_max_delay, greatest(interval '1 hour', s.retry_delay));
  s.timeout := coalesce(s.timeout, interval '5 minutes');
  s.priority := coalesce(s.priority, 'medium');
  s.tags := coalesce(s.tags, '{}');
  s.deliver := coalesce(s.deliver, 'always');
  perform chime_private.check_bounds(s);
  return chime_private.define_rules(s, chime.now());
end $$;
comment on function chime_private.complete_schedule is
  'Fills in the defaults of a definition, those of its tenant among them, checks it, and compiles its rule. Raises CH001, CH002, CH003, CH007.';

create or replace function chime_private.define_schedule(s chime.schedules) returns chime.schedules
language plpgsql stable
as $$
begin
  s.payload := coalesce(s.payload, '{}');
  perform chime_private.check_task(s.task, s.payload);
  return chime_private.complete_schedule(s);
end $$;
comment on function chime_private.define_schedule is
  'A definition that somebody has written, completed; its task is known and takes its payload. Raises CH001, CH002, CH003, CH005, CH006, CH007.';

create or replace function chime_private.due_at(schedule_id uuid, scheduled_for timestamptz, jitter interval) returns timestamptz
language sql immutable parallel safe
as $$
  select case when jitter is null then scheduled_for
    else scheduled_for + jitter * (('x' || left(md5(chime_private.run_id(schedule_id, scheduled_for)::text), 8))::bit(32)::bigint / 4294967296.0) end
$$;
comment on function chime_private.due_at is
  'When a fire is due: its nominal time plus a share of the jitter that is always the same for this fire.';

create or replace function chime_private.aim(s chime.schedules, after timestamptz) returns chime.schedules
language plpgsql stable
as $$
begin
  s.accounted_until := after;
  s.next_run_at := case when s.status = 'active' then chime_private.timetable_next(s, after) end;
  s.next_due_at := chime_private.due_at(s.id, s.next_run_at, s.jitter);
  if s.status = 'active' and s.next_run_at is null then
    s.status := 'completed';
    s.status_reason := 'The rule has no more fires.';
  end if;
  return s;
end $$;
comment on function chime_private.aim is
  'Points a schedule at its first fire after an instant up to which all is accounted for; completed where there is none.';

create or replace function chime_private.require_future(s chime.schedules, overdue chime.overdue_policy, now timestamptz) returns void
language plpgsql stable
as $$
begin
  if s.status <> 'completed' then
    return;
  elsif s.at is not null and overdue is distinct from 'run_now' then
    perform chime_private.fail('CH004',
      format('%s is in the past: it is %s in %s.', s.at, to_char(now at time zone s.timezone, 'YYYY-MM-DD HH24:MI'), s.timezone),
      'Choose a later time, or overdue => ''run_now'' to run it at once.');
  elsif s.ends_at <= now then
    perform chime_private.fail('CH004', format('The schedule would never fire: ends_at, %s, is in the past.', s.ends_at), 'Choose a later end.');
  end if;
  perform chime_private.fail('CH002', 'The schedule would never fire: its rule has no fire within its bounds.',
    'See chime.preview for the fires of a rule; check starts_at and ends_at.');
end $$;
comment on function chime_private.require_future is 'Refuses a schedule that would be completed before it began. Raises CH002, CH004.';

create or replace function chime_private.wake_clock(due_at timestamptz) returns void
language sql volatile
as $$ select pg_notify('chime_clock', chime_private.instant_text(due_at)) where due_at is not null $$;
comment on function chime_private.wake_clock is 'Tells the clocks of something that is due, lest they sleep past it.';
