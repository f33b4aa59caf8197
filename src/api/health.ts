// What /healthz answers: whether this process does its work, or should be replaced.

/** What is known of the process. */
export interface Signs {
  /** It was asked to stop, or has to. */
  stopping: boolean;
  /** How long ago its clock ticked or found that it cannot, in milliseconds; null before the first time. */
  clockSilentMs: number | null;
}

export type Health = 'ok' | 'stopping' | 'stalled';

/** A clock sleeps for seconds and gives up on an unanswered call after seconds: one that is silent for longer hangs. */
const longestSilence = 60_000;

/** Not told by a database that is away: a supervisor would kill what only has to wait. */
export function healthOf({ stopping, clockSilentMs }: Signs): Health {
  if (stopping) return 'stopping';
  return clockSilentMs !== null && clockSilentMs > longestSilence ? 'stalled' : 'ok';
}
