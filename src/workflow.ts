// What a workflow is: a task that is ordered steps, each of them a run of another task. The database goes from step to step.
import { z } from 'zod';
import type { RetryBackoff } from './client/types.ts';
import { type Task, taskName } from './task.ts';

/** One step. What it does not say of retries and timeout is as the schedule of the workflow says it. */
export interface StepDefinition {
  /** Lower case letters, digits and underscores; each name once. The name of the task by default. */
  name?: string;
  /** The task that it runs: one of any worker. */
  task: string;
  /**
   * What the task is given, filled in when its turn comes: `{{payload.some.path}}` of the workflow, `{{previous.output}}` and
   * `{{previous.result.path}}` of the step before, `{{steps.name.result.path}}` of any before. The payload of the workflow by default.
   */
  payload?: unknown;
  /** What follows when it has failed, timed out or was cancelled: the workflow fails (`stop`, the default), or goes on. */
  onFailure?: 'stop' | 'continue';
  maxRetries?: number;
  /** An interval. */
  retryDelay?: string;
  retryBackoff?: RetryBackoff;
  /** An interval. */
  retryMaxDelay?: string;
  /** An interval. */
  timeout?: string;
}

/** A workflow as `defineWorkflow` takes it. */
export interface WorkflowDefinition<S extends z.ZodType, N extends string = string> {
  /** Lower case letters, digits and underscores: what schedules call it. */
  name: N;
  /** One sentence, for lists of tasks. */
  description?: string;
  /** Schema of the payload: checked when a schedule is written. Anything by default. */
  payload?: S;
  /** At most a hundred. */
  steps: StepDefinition[];
}

/**
 * Defines a workflow. A task file exports one as its default, as it does a task.
 * @example
 * export default defineWorkflow({
 *   name: 'morning',
 *   steps: [
 *     { name: 'count', task: 'run_query', payload: { query: 'select count(*) as runs from chime.runs' } },
 *     { task: 'send_message', payload: { text: 'Until now: {{previous.output}}' } },
 *   ],
 * });
 */
export function defineWorkflow<const N extends string, S extends z.ZodType = z.ZodUnknown>(
  definition: WorkflowDefinition<S, N>,
): Task<S, unknown, N> {
  const { name, description, payload = z.unknown() as unknown as S, steps } = definition;
  taskName(name);
  if (steps.length === 0 || steps.length > 100)
    throw new TypeError(`The workflow "${name}" must have 1 to 100 steps.`);
  const names = steps.map((step) => taskName(step.name ?? step.task));
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined)
    throw new TypeError(
      `The workflow "${name}" has two steps named "${twice}": give one of them another name.`,
    );
  return {
    kind: 'pgchime.task',
    handlerType: 'workflow',
    name,
    ...(description !== undefined && { description }),
    payload,
    steps: steps.map((step, index) => ({
      name: names[index],
      task: taskName(step.task),
      payload: step.payload,
      on_failure: step.onFailure,
      max_retries: step.maxRetries,
      retry_delay: step.retryDelay,
      retry_backoff: step.retryBackoff,
      retry_max_delay: step.retryMaxDelay,
      timeout: step.timeout,
    })),
    run() {
      throw new Error('A workflow is run by its steps.');
    },
  };
}
