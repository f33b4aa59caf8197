// What the drill lets run: says in its own table that it began and that it came to its end, and takes its time in between.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { defineTask } from 'pgchime';
import { z } from 'zod';

// Its own pool, past the proxy: what is drilled is pgchime, not what tasks do.
const pool = new pg.Pool({ connectionString: process.env.DRILL_URL, max: 4 });
pool.on('error', () => {});

/** While the database is away, there is nothing a task can put on record. */
async function note(
  what: 'began' | 'ended',
  runId: string,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await pool.query(
        'insert into drill.executions (run_id, attempt, what, pid, at) values ($1, $2, $3, $4, clock_timestamp())',
        [runId, attempt, what, process.pid],
      );
      return;
    } catch {
      await sleep(100, undefined, { signal });
    }
  }
}

export default defineTask({
  name: 'drill_step',
  description: 'Puts on record that it ran, and takes its time.',
  payload: z.object({ ms: z.number().int().min(0), failEvery: z.number().int().min(2).optional() }),
  async run({ payload, run, signal, log }) {
    await note('began', run.id, run.attempt, signal);
    await sleep(payload.ms, undefined, { signal });
    log.info('stepped', { attempt: run.attempt });
    if (payload.failEvery !== undefined && Number.parseInt(run.id.slice(-4), 16) % payload.failEvery === 0) {
      throw new Error('This run fails each time.');
    }
    await note('ended', run.id, run.attempt, signal);
    return `attempt ${run.attempt}`;
  },
});
