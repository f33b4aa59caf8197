// How attempts ended, on their way into the database; see chime_private.finish_runs.
import type { Attempt } from './calls.ts';
import type { Queryable } from './transaction.ts';

/** How an attempt ended. Text must be free of NUL and lone surrogates. */
export interface Finish extends Attempt {
  /** gave_up = failed, and no retry can help; snoozed = wants to be run again later, and has not failed. */
  outcome: 'succeeded' | 'failed' | 'gave_up' | 'timed_out' | 'snoozed' | 'cancelled';
  output: string | null;
  /** JSON text. */
  result: string | null;
  error: string | null;
  stack: string | null;
  /** Why it cancelled the run; of one that succeeded, why nobody need be told. */
  reason?: string;
  /** How long to wait before the next attempt, in milliseconds; without it, as long as the schedule says. */
  waitMs?: number;
}

/** What became of a run when an attempt of it had ended. */
export interface Finished {
  status: 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'retrying';
  /** How long it waits for its next attempt, in milliseconds. */
  waitMs: number | null;
  /** Which of its retries that is, and of how many; null where it is none. */
  retry: number | null;
  retries: number | null;
}

/** Answers what became of each, by run id; those that were not the current attempt are missing. */
export async function finishRuns(db: Queryable, finishes: readonly Finish[]): Promise<Map<string, Finished>> {
  // What an array leaves out at its end is null to the database, and nearly always that is all of it.
  const rare = finishes.some((f) => f.reason !== undefined || f.waitMs !== undefined) ? finishes : [];
  const { rows } = await db.query<{ id: string; wait_ms: number | null } & Omit<Finished, 'waitMs'>>({
    name: 'chime_finish_runs',
    text: 'select * from chime_private.finish_runs($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    values: [
      finishes.map((f) => f.runId),
      finishes.map((f) => f.attempt),
      finishes.map((f) => f.outcome),
      finishes.map((f) => f.output),
      finishes.map((f) => f.result),
      finishes.map((f) => f.error),
      finishes.map((f) => f.stack),
      rare.map((f) => f.reason ?? null),
      rare.map((f) => (f.waitMs === undefined ? null : `${f.waitMs} milliseconds`)),
    ],
  });
  return new Map(
    rows.map(({ id, status, wait_ms: waitMs, retry, retries }) => [id, { status, waitMs, retry, retries }]),
  );
}
