// Runs in a thread, while the main one is kept busy by a handler: moves the clock of the database on, ticks until an
// attempt is written off, and lets the handler go.
import { workerData } from 'node:worker_threads';
import pg from 'pg';

/** What the thread is given. */
export interface TickThreadData {
  url: string;
  /** How far to move the clock. */
  advance: string;
  /** Notified, and set to 1, when the tick is done: the handler waits for it. */
  done: Int32Array;
}

const { url, advance, done } = workerData as TickThreadData;
const client = new pg.Client({ connectionString: url, application_name: 'test' });
await client.connect();
await client.query('update chime_private.moved_now set at = at + $1::interval', [advance]);
// The lease of the worker has to be renewed first, by a thread of its own.
for (let timedOut = 0; timedOut === 0; ) {
  const { rows } = await client.query('select timed_out from chime_private.tick()');
  timedOut = rows[0].timed_out;
}
await client.end();
Atomics.store(done, 0, 1);
Atomics.notify(done, 0);
