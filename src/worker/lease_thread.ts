// Runs in a thread: renews the lease every few seconds over a connection of its own.
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { renewLease } from '../db/calls.ts';
import { pause } from '../db/pause.ts';
import { watchSilence } from '../db/pool.ts';
import type { LeaseData, LeaseMessage } from './lease.ts';

const { connectionString, workerId, intervalMs, renewedAt } = workerData as LeaseData;
/** How long to wait for a connection or an answer before another connection is tried, in milliseconds. */
const patience = 3_000;
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
  return client;
}

let client: pg.Client | undefined;
for (;;) {
  const sentAt = process.hrtime.bigint();
  let wait = intervalMs;
  try {
    client ??= await connect();
    if (await renewLease(client, workerId)) Atomics.store(renewedAt, 0, sentAt);
    else say({ kind: 'lost' });
  } catch (error) {
    say({ kind: 'failed', reason: (error as Error).message });
    void client?.end().catch(() => {});
    client = undefined;
    wait = 250;
  }
  await pause(wait);
}
