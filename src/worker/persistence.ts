// Statements that must get through: sent again, ever more slowly, while the database is away or cannot take them.

import { pause } from '../db/pause.ts';
import { isTransient } from '../db/pool.ts';
import { fromDatabase } from '../errors.ts';

/** How long a statement that fails is still tried once the worker is stopping, in milliseconds. */
export const stoppingPatience = 2_000;

export interface Persistence {
  /** Aborted when the worker is asked to stop: it may not be kept from that for long. */
  stopping: AbortSignal;
  /** Aborted when there is no point in trying any more. */
  until?: AbortSignal;
  /** Whether an error may go away by itself. */
  mayPass?: (error: unknown) => boolean;
  /** How often to try at most. */
  tries?: number;
}

const never = new AbortController().signal;

/** Sends until that succeeds, or fails for good; `onFailure` is told of the first failure. */
export async function persistently<T>(
  send: () => Promise<T>,
  { stopping, until = never, mayPass = isTransient, tries = Number.POSITIVE_INFINITY }: Persistence,
  onFailure: (error: unknown) => void = () => {},
): Promise<T> {
  let failingSince: number | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt === 1) onFailure(error);
      if (stopping.aborted) failingSince ??= performance.now();
      const tooLong = failingSince !== undefined && performance.now() - failingSince > stoppingPatience;
      if (tooLong || until.aborted || attempt >= tries || !mayPass(error)) throw fromDatabase(error);
      await pause(Math.min(stopping.aborted ? 200 : 2000, 25 * 2 ** attempt), until);
    }
  }
}
