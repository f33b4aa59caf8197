// A handler's own part of a run: whatever it does, returns or throws becomes an outcome that can be recorded.
import type { StartedRun } from '../db/calls.ts';
import type { Finish } from '../db/finish_calls.ts';
import type { RunLog, Task } from '../task.ts';
import { type ContextServices, createContext } from './context.ts';
import type { Output } from './output.ts';
import { describeError, storable, storableJson } from './text.ts';

/** How an attempt ended. */
export interface Outcome extends Omit<Finish, 'runId' | 'attempt'> {
  /** Whether the handler threw it. */
  thrown?: true;
}

export interface HandlerOptions {
  /** Undefined where no worker has registered it. */
  task: Task | undefined;
  signal: AbortSignal;
  log: RunLog;
  output: Output;
  services: ContextServices;
}

/** Runs the handler of a run. Never rejects. */
export async function runHandler(run: StartedRun, options: HandlerOptions): Promise<Outcome> {
  const { task, signal, log, output, services } = options;
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
    const context = createContext(run, payload.data, output, log, signal, services);
    return success(await task.run(context), output);
  } catch (error) {
    const { message, stack } = describeError(error);
    return { ...failure(message), stack, output: output.close(), thrown: true };
  }
}

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
