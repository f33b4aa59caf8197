// One side of the end-to-end benchmark, as a process: works off what is queued and prints how many a second.
import { Logger, run, WorkerPreset } from 'graphile-worker';
import pg from 'pg';
import { z } from 'zod';
import { createLogger } from '../../src/log.ts';
import { defineTask } from '../../src/task.ts';
import { Worker } from '../../src/worker/worker.ts';

const [side, connectionString, countText, concurrencyText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const count = Number(countText);
const concurrency = Number(concurrencyText);

/** Counts ends; resolves at the last. */
function counter() {
  let done = 0;
  let finish!: () => void;
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { all, end: () => void (++done === count && finish()) };
}

async function raw(): Promise<void> {
  const { all, end } = counter();
  const pool = new pg.Pool({ connectionString, max: 10 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const runner = await run({
    pgPool: pool,
    noHandleSignals: true,
    parsedCronItems: [],
    taskList: { raw: end },
    preset: {
      extends: [WorkerPreset],
      worker: {
        logger: new Logger(() => () => {}),
        concurrentJobs: concurrency,
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        localQueue: { size: 2 * concurrency },
      },
    },
  });
  await all;
  await runner.stop();
  await pool.end();
}

async function chime(): Promise<void> {
  const { all, end } = counter();
  const noop = defineTask({ name: 'noop', payload: z.unknown(), run: () => {} });
  const worker = new Worker({
    connectionString,
    tasks: new Map([['noop', noop]]),
    log: createLogger('error'),
    concurrency,
    pollInterval: 1000,
    maxOutput: 16 * 1024 * 1024,
    allowPrivateHttp: '',
    shutdownTimeout: 60_000,
  });
  worker.on('finished', end);
  await worker.start();
  await all;
  await worker.stop();
}

const began = performance.now();
await (side === 'raw' ? raw() : chime());
process.stdout.write(String((count / (performance.now() - began)) * 1000));
