-- Workflows: tasks that are ordered steps. The run of one is the parent of a run for each step: it is running while they are, in no
-- worker's hands. A step that has ended makes the next one, or ends the parent, in the same transaction, whoever ended it.

create or replace function chime_private.check_steps(task text, steps jsonb) returns void
language plpgsql stable
as $$
declare
  v_step record;
  v_policy record;
  v_wrong text;
begin
  if jsonb_typeof(steps) is distinct from 'array' or jsonb_array_length(steps) not between 1 and 100 then
    perform chime_private.fail('CH007', format('The workflow "%s" must have 1 to 100 steps.', task), null, '{"field": "steps"}');
  end if;
  for v_step in
    select s.value, s.value ->> 'name' as name, count(*) over (partition by s.value ->> 'name') as namesakes
    from jsonb_array_elements(steps) s
  loop
    begin
      select * into v_policy from jsonb_to_record(v_step.value)
        p(max_retries integer, retry_delay interval, retry_backoff chime.retry_backoff, retry_max_delay interval, timeout interval);
      v_wrong := case
        when v_step.name is null or v_step.name !~ '^[a-z][a-z0-9_]{0,62}$' then 'name must be lower case letters, digits and underscores.'
        when v_step.namesakes > 1 then 'another step has this name.'
        when v_step.value ->> 'task' is null or v_step.value ->> 'task' !~ '^[a-z][a-z0-9_]{0,62}$' then 'task must be the name of a task.'
        when coalesce(v_step.value ->> 'on_failure', 'stop') not in ('stop', 'continue') then 'on_failure must be stop or continue.'
        when v_policy.max_retries not between 0 and 100 then 'max_retries must be between 0 and 100.'
        when not isfinite(v_policy.retry_delay) or v_policy.retry_delay not between interval '0' and interval '365 days'
          then 'retry_delay must be between 0 and 365 days.'
        when not isfinite(v_policy.retry_max_delay) or v_policy.retry_max_delay not between interval '0' and interval '365 days'
          then 'retry_max_delay must be between 0 and 365 days.'
        when not isfinite(v_policy.timeout) or v_policy.timeout <= interval '0' or v_policy.timeout > interval '365 days'
          then 'timeout must be more than 0 and at most 365 days.'
      end;
    exception when data_exception or invalid_text_representation then
      v_wrong := sqlerrm || '.';
    end;
    if v_wrong is not null then
      perform chime_private.fail('CH007', format('Step "%s" of the workflow "%s": %s', left(v_step.name, 80), task, v_wrong), null, '{"field": "steps"}');
    end if;
    perform chime_private.check_template(coalesce(v_step.value -> 'payload', '{}'), 'payload');
  end loop;
end $$;
comment on function chime_private.check_steps is 'Refuses steps of a workflow that are wrong (CH007).';

create or replace function chime_private.step_run_id(parent_id uuid, attempt integer, step integer) returns uuid
language sql immutable strict parallel safe
as $$
  select (substr(replace(parent_id::text, '-', ''), 1, 12) || '8' || substr(h.hash, 1, 3) || '8' || substr(h.hash, 4, 15))::uuid
  from md5('step ' || parent_id || ' ' || attempt || ' ' || step) h(hash)
$$;
comment on function chime_private.step_run_id is 'The id of the run of a step: always the same, so that no step runs twice.';

create or replace function chime_private.step_outcome(r chime.runs) returns jsonb
language sql stable
as $$
  select jsonb_build_object('status', r.status, 'run_id', r.id, 'error', r.error, 'output', left(r.output, 262144),
    'result', case when octet_length(r.result::text) <= 262144 then r.result end)
$$;
comment on function chime_private.step_outcome is 'What a step offers to those after it: of its output the first 256 K characters, its result if it is not larger than that.';

create or replace function chime_private.step_scope(parent chime.runs, last chime.runs, template jsonb) returns jsonb
language sql stable
as $$
  -- Only what the template names: outputs may be large, and steps many.
  select jsonb_build_object('payload', parent.payload,
    'previous', case when template::text ~ '\{\{\s*previous' and last.id is not null then chime_private.step_outcome(last) end,
    'steps', (
      select jsonb_object_agg(s.name, chime_private.step_outcome(r))
      from (
        select e.value ->> 'name' as name, e.n::integer as step from jsonb_array_elements(parent.steps) with ordinality e(value, n)) s
      join chime.runs r on r.parent_run_id = parent.id and r.step = s.step
      where template::text ~ ('\{\{\s*steps\.' || s.name || '\M')))
$$;
comment on function chime_private.step_scope is 'What the payload of the next step may be filled from: the payload of the workflow, the step before, and all steps by name.';

create or replace function chime_private.run_depth(run_id uuid) returns integer
language sql stable
as $$
  with recursive up as (
    select run_id as id, 0 as depth
    union all
    select r.parent_run_id, u.depth + 1 from up u join chime.runs r on r.id = u.id where r.parent_run_id is not null and u.depth < 10
  )
  select max(u.depth) from up u
$$;
comment on function chime_private.run_depth is 'How many workflows a run is inside of; not counted beyond ten.';

create or replace function chime_private.add_step(parent chime.runs, last chime.runs, step integer, now timestamptz) returns chime.runs
language plpgsql volatile
as $$
declare
  v_step jsonb := parent.steps -> (step - 1);
  v_template jsonb := coalesce(nullif(v_step -> 'payload', 'null'), '"{{payload}}"');
  v_filled record;
  v_run chime.runs;
begin
  select * into v_filled from chime_private.template_payload(
    v_template, chime_private.step_scope(parent, last, v_template), chime_private.placeholder('payload|previous|steps'));
  v_run.id := chime_private.step_run_id(parent.id, parent.attempt, step);
  v_run.task := v_step ->> 'task';
  v_run.status := 'queued';
  if v_filled.problem is null and chime_private.run_depth(parent.id) >= 10 then
    v_filled.problem := 'Workflows are inside of each other more than ten deep.';
  end if;
  if v_filled.problem is not null then v_run.status := 'failed'; end if;
  -- What the step does not say is as the schedule of its workflow says it now.
  v_run.policy := (
    select jsonb_strip_nulls(jsonb_build_object(
      'max_retries', coalesce(v_step -> 'max_retries', to_jsonb(s.max_retries)),
      'retry_delay', coalesce(v_step ->> 'retry_delay', s.retry_delay::text),
      'retry_backoff', coalesce(v_step ->> 'retry_backoff', s.retry_backoff::text),
      'retry_max_delay', coalesce(v_step ->> 'retry_max_delay', s.retry_max_delay::text),
      'timeout', coalesce(v_step ->> 'timeout', s.timeout::text)))
    from (select) x left join chime.schedules s on s.id = parent.schedule_id);
  insert into chime.runs (id, tenant_id, task, payload, trigger, parent_run_id, step, policy, event_id, traceparent,
    priority, scheduled_for, due_at, status, finished_at, error, created_at)
  values (v_run.id, parent.tenant_id, v_run.task, v_filled.payload, 'workflow', parent.id, step, v_run.policy, parent.event_id,
    chime_private.run_traceparent(parent), parent.priority, parent.scheduled_for, now, v_run.status,
    case when v_filled.problem is not null then now end, v_filled.problem, now)
  returning * into v_run;
  perform chime_private.enqueue(array[v_run.id], array[v_run.task], array[v_run.priority]) where v_run.status = 'queued';
  return v_run;
end $$;
comment on function chime_private.add_step is 'Makes the run of a step and its job; one whose payload cannot be filled in has failed at once.';

create or replace function chime_private.end_workflow(parent chime.runs, last chime.runs, status chime.run_status, error text, now timestamptz) returns void
language sql volatile
as $$
  update chime.runs r set
    status = end_workflow.status, finished_at = now, error = end_workflow.error,
    output = last.output, output_summary = last.output_summary,
    result = jsonb_build_object('steps', (
      select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'name', parent.steps -> (c.step - 1) -> 'name', 'status', c.status, 'run_id', c.id, 'error', c.error)) order by c.step)
      from chime.runs c where c.parent_run_id = parent.id))
  where r.id = parent.id
$$;
comment on function chime_private.end_workflow is 'Ends a workflow: what became of its steps is its result, the output of the last its output.';

create or replace function chime_private.advance_workflow(parent_id uuid, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_parent chime.runs;
  v_last chime.runs;
  v_name text;
begin
  -- Whoever wants it cancelled, or ends another step of it, is waited for: one at a time decides what comes next.
  select * into v_parent from chime.runs r where r.id = parent_id for no key update;
  if v_parent.id is null or v_parent.steps is null or v_parent.finished_at is not null then return; end if;
  loop
    select * into v_last from chime.runs r where r.parent_run_id = v_parent.id order by r.step desc limit 1;
    if v_last.id is not null and v_last.finished_at is null then
      return;
    elsif v_last.status = 'succeeded' and v_last.step = jsonb_array_length(v_parent.steps) then
      exit;
    elsif v_parent.cancel_requested_at is not null then
      perform chime_private.end_workflow(v_parent, v_last, 'cancelled', null, now);
      return;
    elsif v_last.status <> 'succeeded' and coalesce(v_parent.steps -> (v_last.step - 1) ->> 'on_failure', 'stop') = 'stop' then
      v_name := v_parent.steps -> (v_last.step - 1) ->> 'name';
      perform chime_private.end_workflow(v_parent, v_last, 'failed',
        format('The step "%s" %s%s', v_name, case v_last.status when 'failed' then 'failed' when 'timed_out' then 'timed out' else 'was cancelled' end,
          coalesce(': ' || coalesce(v_last.error, v_last.cancel_reason), '.')), now);
      return;
    elsif v_last.step = jsonb_array_length(v_parent.steps) then
      exit;
    end if;
    v_last := chime_private.add_step(v_parent, v_last, coalesce(v_last.step, 0) + 1, now);
    -- One that failed at once has nobody else to go on after it.
    exit when v_last.finished_at is null;
  end loop;
  if v_last.finished_at is not null then
    perform chime_private.end_workflow(v_parent, v_last, 'succeeded', null, now);
  end if;
end $$;
comment on function chime_private.advance_workflow is
  'Makes the next step of a workflow whose steps have all ended, or ends it. Does nothing while one has not, and may be called at any time.';

create or replace function chime_private.start_workflows(run_ids uuid[], have_slots boolean, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_id uuid;
begin
  -- Nearly everywhere there is none, and it costs no more than to see that.
  if not exists (select from chime.tasks t where t.handler_type = 'workflow') then return; end if;
  for v_id in
    update chime.runs r set status = 'running', attempt = r.attempt + 1, steps = t.steps, started_at = start_workflows.now
    from unnest(run_ids) i(id), chime.tasks t
    where r.id = i.id and r.status = 'queued' and (have_slots or r.concurrency_key is null and not r.in_turn)
      and t.name = r.task and t.handler_type = 'workflow'
    returning r.id
  loop
    perform chime_private.advance_workflow(v_id, start_workflows.now);
  end loop;
end $$;
comment on function chime_private.start_workflows is
  'Starts those of these queued runs that are workflows, and need no slot or have theirs, each with the steps that its task has now. The worker '
  'that was woken has nothing to do for them.';

create or replace function chime_private.cancel_step(parent_id uuid, reason text, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_step chime.runs;
begin
  -- Who ends it holds its row, waits for that of the workflow, and sees then that no more is wanted. Others are found later, by a tick.
  select * into v_step from chime.runs r
  where r.parent_run_id = parent_id and r.finished_at is null
  for no key update skip locked;
  if v_step.id is null then
    perform chime_private.advance_workflow(parent_id, now);
  elsif v_step.status = 'running' and v_step.cancel_requested_at is null then
    update chime.runs r set cancel_requested_at = cancel_step.now, cancel_reason = cancel_step.reason where r.id = v_step.id;
    perform pg_notify('chime_worker', v_step.worker_id::text) where v_step.worker_id is not null;
    perform chime_private.wake_clock(cancel_step.now + chime_private.write_off_after());
  elsif v_step.status in ('queued', 'retrying') then
    update chime.runs r set
      status = 'cancelled', finished_at = cancel_step.now, retry_at = null, cancel_requested_at = cancel_step.now, cancel_reason = cancel_step.reason
    where r.id = v_step.id;
  end if;
end $$;
comment on function chime_private.cancel_step is 'Cancels the open step of a workflow that somebody wants cancelled, as cancel_run would.';

create or replace function chime_private.workflow_moved() returns trigger
language plpgsql
as $$
begin
  if tg_argv[0] = 'step ended' then
    perform chime_private.advance_workflow(new.parent_run_id, new.finished_at);
  else
    perform chime_private.cancel_step(new.id, new.cancel_reason, new.cancel_requested_at);
  end if;
  return null;
end $$;
comment on function chime_private.workflow_moved is 'Goes on with a workflow whose step has ended, or that somebody wants cancelled.';

-- By triggers, so that no way in which a run may end can be forgotten. Their conditions are evaluated in place.
create or replace trigger runs_step_ended
  after update of finished_at on chime.runs
  for each row
  when (new.parent_run_id is not null and old.finished_at is null and new.finished_at is not null)
  execute function chime_private.workflow_moved('step ended');

create or replace trigger runs_workflow_unwanted
  after update of cancel_requested_at on chime.runs
  for each row
  when (new.steps is not null and old.cancel_requested_at is null and new.cancel_requested_at is not null and new.finished_at is null)
  execute function chime_private.workflow_moved('unwanted');

create or replace function chime_private.advance_stuck_workflows(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_parent record;
  v_count integer := 0;
begin
  for v_parent in
    select r.id, r.cancel_reason, r.cancel_requested_at is not null as unwanted
    from chime.runs r
    left join chime.runs c on c.parent_run_id = r.id and c.finished_at is null
    where r.finished_at is null and r.status = 'running' and r.steps is not null
      and (c.id is null or r.cancel_requested_at is not null and c.cancel_requested_at is null)
    limit most
    for no key update of r skip locked
  loop
    if v_parent.unwanted then
      perform chime_private.cancel_step(v_parent.id, v_parent.cancel_reason, advance_stuck_workflows.now);
    else
      perform chime_private.advance_workflow(v_parent.id, advance_stuck_workflows.now);
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function chime_private.advance_stuck_workflows is
  'Goes on with workflows that should never stand still, and do: none of their steps is open, or one is that nobody wants. Answers how many.';
