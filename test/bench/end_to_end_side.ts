// One side of the end-to-end benchmark, as a process: works off what is queued and prints how many a second.
import { Logger, run, WorkerPreset } from 'graphile-worker';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
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

/**
 * pg-boss, tuned for its rate: no maintenance beside the work, as many connections as the others have, and no pause while there is
 * work. A worker of pg-boss fetches a job, or a batch, and when that has ended, the next. So with a job at a time there are as many
 * workers as the concurrency; they skip the pause (half a second is the least) while its statistics, renewed each second, show more
 * than one job. A batch is one call of a handler, and all of its jobs end with it, the quick with the slow: no concurrency as the
 * other sides have it, but the fastest that pg-boss goes: `size` 100 in two workers was ahead of 20 in ten and 50 in four.
 */
async function boss(size: number): Promise<void> {
  const { all, end } = counter();
  const boss = new PgBoss({
    connectionString,
    max: 10,
    schedule: false,
    ...(size > 1
      ? { supervise: false }
      : { superviseIntervalSeconds: 1, monitorIntervalSeconds: 1, queueCacheIntervalSeconds: 1 }),
  });
  boss.on('error', () => {});
  await boss.start();
  await boss.work(
    'noop',
    {
      batchSize: size,
      localConcurrency: concurrency / size,
      pollingIntervalSeconds: 0.5,
      ...(size > 1 ? { burstWhenBatchFull: true } : { burstWhenReadyExceeds: 1 }),
    },
    async (jobs) => jobs.forEach(end),
  );
  await all;
  // What it has in hand is recorded by then.
  await boss.offWork('noop', { wait: true });
  took = performance.now() - began;
  await boss.stop({ graceful: false });
}

const sides: Record<string, () => Promise<void>> = {
  raw,
  chime,
  boss: () => boss(1),
  bossBatch: () => boss(100),
};
const began = performance.now();
let took: number | undefined;
await sides[side]?.();
took ??= performance.now() - began;
process.stdout.write(String((count / took) * 1000));
