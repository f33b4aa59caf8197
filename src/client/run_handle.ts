// A run whose end a program may wait for.
import { IllegalStateError, RunFailedError } from '../errors.ts';
import type { Run, RunWithOutput } from './types.ts';

export interface WaitOptions {
  /** How long to wait at most, in milliseconds; as long as it takes by default. */
  timeout?: number;
  /** Ends the waiting; the run goes on. */
  signal?: AbortSignal;
}

/** A run that succeeded, with what it produced. */
export type SucceededRun<Result = unknown> = Omit<RunWithOutput, 'result' | 'status'> & {
  status: 'succeeded';
  /** What its handler returned, as JSON gives it back; null where that was more than a run may keep of output. */
  result: Result;
};

/** What can be waited for. */
export interface Finishable<Result = unknown> {
  /**
   * Waits until the run has ended, retries and all; the database says so at once, and is asked now and then where it cannot.
   * @throws RunFailedError (CH050) where it failed, timed out, was cancelled or skipped; its `run` says which
   * @throws DOMException `TimeoutError` when the time is over; whatever reason `signal` has
   * @throws IllegalStateError (CH013) in a transaction: nobody sees the run before that is committed
   */
  finished(options?: WaitOptions): Promise<SucceededRun<Result>>;
}

/** A run that is read, and whose end can be waited for. */
export type RunHandle<R = Run, Result = unknown> = R & Finishable<Result>;

/** A run that is being read or made: `await` gives it, `finished()` waits for its end. */
export type PendingRun<R = Run, Result = unknown> = Promise<RunHandle<R, Result>> & Finishable<Result>;

/** Who waits for runs: the database of a program, or the clock of a test. */
export interface RunWaiter {
  /** Answers the run when it has ended, whatever became of it. */
  ended(id: string, options: WaitOptions): Promise<RunWithOutput>;
}

/** Inside of a transaction nobody may wait. */
export const noWaiter: RunWaiter = {
  ended() {
    return Promise.reject(
      new IllegalStateError(
        'A run cannot be waited for inside of the transaction that makes it: no worker sees it.',
        {
          hint: 'Commit, then wait: chime.runs.get(id).finished().',
        },
      ),
    );
  },
};

/** Gives a run that is under way its `finished`. */
export function finishable<R extends { id: string }, Result>(
  reading: Promise<R>,
  waiter: RunWaiter,
): PendingRun<R, Result> {
  const handle = reading.then((run): RunHandle<R, Result> => {
    const finished = (options: WaitOptions = {}) => waitFor<Result>(run.id, waiter, options);
    // Not among its fields: a run is data, to be shown, compared and written as JSON.
    return Object.defineProperty(run, 'finished', { value: finished }) as RunHandle<R, Result>;
  });
  return Object.assign(handle, {
    finished: async (options?: WaitOptions) => (await handle).finished(options),
  });
}

async function waitFor<Result>(
  id: string,
  waiter: RunWaiter,
  { timeout, signal }: WaitOptions,
): Promise<SucceededRun<Result>> {
  signal?.throwIfAborted();
  const run = await waiter.ended(id, {
    ...(timeout !== undefined && { timeout }),
    ...(signal !== undefined && { signal }),
  });
  if (run.status === 'succeeded') return run as SucceededRun<Result>;
  const why = run.error ?? run.cancelReason ?? run.skipReason;
  throw new RunFailedError(
    `The run ${run.id} of "${run.task}" ${ends[run.status] ?? run.status}${why === null ? '' : `: ${why}`}`,
    {
      run,
      hint: 'See its output and its log.',
      detail: { run_id: run.id, status: run.status },
    },
  );
}

const ends: Partial<Record<Run['status'], string>> = {
  failed: 'has failed',
  timed_out: 'has timed out',
  cancelled: 'was cancelled',
  skipped: 'was skipped',
};
