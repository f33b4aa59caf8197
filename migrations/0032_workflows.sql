-- Up Migration

create type chime.handler_type as enum ('function', 'agent', 'workflow');
comment on type chime.handler_type is 'What executes the runs of a task: a function of a worker; one that asks a language model; or steps, which are runs of other tasks.';

-- The new value is not used in this file: until the transaction that adds it ends, it may not be.
alter type chime.run_trigger add value 'workflow';

alter table chime.tasks
  add column handler_type chime.handler_type not null default 'function',
  add column steps jsonb,
  add constraint tasks_steps_of_workflow check ((handler_type = 'workflow') = (steps is not null));
comment on column chime.tasks.handler_type is 'What executes its runs.';
comment on column chime.tasks.steps is 'The steps of a workflow, in order: name, task, payload, on_failure, and what differs from the policies of the schedule.';

alter table chime.runs
  add column parent_run_id uuid,
  add column step integer check (step > 0),
  add column steps jsonb,
  add column policy jsonb,
  add constraint runs_step_of_parent check ((parent_run_id is null) = (step is null)),
  drop constraint runs_running_has_worker,
  -- A workflow is in nobody's hands while its steps are.
  add constraint runs_running_has_worker check (
    case when steps is null then (status = 'running') = (worker_id is not null) else worker_id is null end);
comment on column chime.runs.parent_run_id is 'The workflow that it is a step of.';
comment on column chime.runs.step is 'Which of the workflow''s steps it is, from 1 on.';
comment on column chime.runs.steps is 'The steps of a workflow that was started, as they were then.';
comment on column chime.runs.policy is 'What differs from the policies of its schedule: max_retries, retry_delay, retry_backoff, retry_max_delay, timeout.';
create index runs_of_parent on chime.runs (parent_run_id, step) where parent_run_id is not null;
