-- The steps of workflows: what they may say, what each is given, and the run that is made of one.

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
      perform chime_private.fail('CH007', format('Step "%s" of the workflow "%s": %s', left(v_step.name, 80), task, v_wrong), null,
        '{"field": "steps"}');
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
comment on function chime_private.step_outcome is
  'What a step offers to those after it: of its output the first 256 K characters, its result if it is not larger than that.';

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
comment on function chime_private.step_scope is
  'What the payload of the next step may be filled from: the payload of the workflow, the step before, and all steps by name.';

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
  insert into chime.runs (id, tenant_id, owner_id, task, payload, trigger, parent_run_id, step, policy, event_id, traceparent,
    priority, scheduled_for, due_at, status, finished_at, error, created_at)
  values (v_run.id, parent.tenant_id, parent.owner_id, v_run.task, v_filled.payload, 'workflow', parent.id, step, v_run.policy, parent.event_id,
    chime_private.run_traceparent(parent), parent.priority, parent.scheduled_for, now, v_run.status,
    case when v_filled.problem is not null then now end, v_filled.problem, now)
  returning * into v_run;
  perform chime_private.enqueue(array[v_run.id], array[v_run.task], array[v_run.priority]) where v_run.status = 'queued';
  return v_run;
end $$;
comment on function chime_private.add_step is 'Makes the run of a step and its job; one whose payload cannot be filled in has failed at once.';
