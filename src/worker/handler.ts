// A handler's own part of a run: whatever it does, returns or throws becomes an outcome that can be recorded.
import { type Answer, isAnswer, waitMs } from '../answer.ts';
import type { StartedRun } from '../db/calls.ts';
import type { Finish } from '../db/finish_calls.ts';
import { storable, storableJson } from '../db/storable.ts';
import type { RunLog, Task } from '../task.ts';
import { type ContextServices, createContext } from './context.ts';
import type { Output } from './output.ts';
import { describeError } from './text.ts';

/** How an attempt ended. */
export interface Outcome extends Omit<Finish, 'runId' | 'attempt'> {
  /** Whether the handler threw it. */
  thrown?: true;
}

export interface HandlerOptions {
  /** Undefined where no worker has registered it. */
  task: Task | undefined;
  signal: AbortSignal;
  /** Where the attempt is in its trace. */
  span: { readonly traceparent: string };
  log: RunLog;
  output: Output;
  services: ContextServices;
}

/** Runs the handler of a run. Never rejects. */
export async function runHandler(run: StartedRun, options: HandlerOptions): Promise<Outcome> {
  const { task, signal, span, log, output, services } = options;
  try {
    if (task === undefined) {
      return failure(`No worker has registered the task "${run.task}".`);
    }
    const payload = await task.payload.safeParseAsync(run.payload);
    if (!payload.success) {
      const issues = payload.error.issues.map(
        (issue) => `${['payload', ...issue.path].join('.')}: ${issue.message}`,
      );
      return failure(`The payload does not fit the task "${run.task}": ${issues.join('; ')}.`);
    }
    if (task.handlerType === 'agent' && services.agent === undefined) return withoutModel(run.task);
    const context = createContext(run, payload.data, { signal, span, log, output, services });
    const stopwatch = services.stopwatch ?? (() => performance.now());
    const began = stopwatch();
    const value = await task.run(context);
    if (!isAnswer(value)) return success(value, output);
    // By the database's clock: that of this machine may be wrong.
    return answered(value, output, run.started_at.getTime() + stopwatch() - began);
  } catch (error) {
    const { message, stack } = describeError(error);
    return { ...failure(message), stack, output: output.close(), thrown: true };
  }
}

function answered(answer: Answer, output: Output, now: number): Outcome {
  if (answer.kind === 'done') return success(answer.value, output);
  const nothing = { output: output.close(), result: null, error: null, stack: null };
  switch (answer.kind) {
    case 'snooze':
      return { ...nothing, outcome: 'snoozed', waitMs: waitMs(answer.until, now) };
    case 'retry':
      return {
        ...failure(answer.reason),
        output: nothing.output,
        ...(answer.after !== undefined && { waitMs: waitMs(answer.after, now) }),
      };
    case 'giveUp':
      return { ...failure(answer.reason), outcome: 'gave_up', output: nothing.output };
    case 'cancel':
      return { ...nothing, outcome: 'cancelled', reason: reasonOf(answer.reason) };
    case 'silent':
      return { ...nothing, outcome: 'succeeded', reason: reasonOf(answer.reason) };
  }
}

/** Nothing that a retry could mend: somebody has to configure a model. */
function withoutModel(task: string): Outcome {
  const problem = `The task "${task}" asks a language model, and its worker has none: set CHIME_MODEL_PROVIDER and what belongs to it, or give the worker an agent port.`;
  return { ...failure(problem), outcome: 'gave_up' };
}

/** As the database takes it. */
const reasonOf = (text: string) => storable(text).slice(0, 2000).toWellFormed();

function success(value: unknown, output: Output): Outcome {
  let result: string | null = null;
  if (typeof value === 'string') {
    output.write(value);
  } else if (value !== undefined) {
    try {
      result = storableJson(value);
    } catch (error) {
      throw new TypeError(`What the handler returned cannot be stored as JSON: ${(error as Error).message}`);
    }
    if (!output.isWritten && result !== null) output.write(JSON.stringify(value, null, 2));
    // Too large to be of use as JSON: the output has it, cut where the limit is.
    if (result !== null && Buffer.byteLength(result) > output.limit) result = null;
  }
  return {
    outcome: 'succeeded',
    output: output.close(),
    result,
    error: null,
    stack: null,
  };
}

/** An attempt that failed with this message and nothing else. */
export function failure(error: string): Outcome {
  return {
    outcome: 'failed',
    output: null,
    result: null,
    error: storable(error).slice(0, 10_000),
    stack: null,
  };
}
