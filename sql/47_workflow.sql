-- Workflows: tasks that are ordered steps. The run of one is the parent of a run for each step: it is running while they are, in no
-- worker's hands. A step that has ended makes the next one, or ends the parent, in the same transaction, whoever ended it.

create or replace function chime_private.end_workflow(
  parent chime.runs, last chime.runs, status chime.run_status, error text, now timestamptz
) returns void
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
        format('The step "%s" %s%s', v_name,
          case v_last.status when 'failed' then 'failed' when 'timed_out' then 'timed out' else 'was cancelled' end,
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
    from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id
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
