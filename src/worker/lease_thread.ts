// Runs in a thread: renews the lease every few seconds over a connection of its own, and learns by that which runs somebody
// wants cancelled. A notification that there are such makes it renew at once; without one they come with the next renewal.
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { renewLease } from '../db/calls.ts';
import { pause } from '../db/pause.ts';
import { watchSilence } from '../db/pool.ts';
import type { LeaseData, LeaseMessage } from './lease.ts';

const { connectionString, workerId, intervalMs, renewedAt } = workerData as LeaseData;
/** How long to wait for a connection or an answer before another connection is tried, in milliseconds. */
const patience = 3_000;
/** At least so long between two renewals, however many notifications there are, in milliseconds. */
const rest = 50;
const say = (message: LeaseMessage) => parentPort?.postMessage(message);

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    application_name: 'pgchime lease',
    connectionTimeoutMillis: patience,
  });
  client.on('error', () => {});
  await client.connect();
  watchSilence(client, patience);
  client.on('notification', ({ payload }) => {
    if (payload === workerId) told.abort();
  });
  await client.query('listen chime_worker');
  return client;
}

let client: pg.Client | undefined;
let told = new AbortController();
for (;;) {
  const sentAt = process.hrtime.bigint();
  let wait = intervalMs;
  told = new AbortController();
  try {
    client ??= await connect();
    const cancelled = await renewLease(client, workerId);
    if (cancelled === null) say({ kind: 'lost' });
    else Atomics.store(renewedAt, 0, sentAt);
    if (cancelled?.length) say({ kind: 'cancelled', runs: cancelled });
  } catch (error) {
    say({ kind: 'failed', reason: (error as Error).message });
    void client?.end().catch(() => {});
    client = undefined;
    wait = 250;
  }
  await pause(Math.min(rest, wait));
  await pause(wait - Math.min(rest, wait), told.signal);
}
