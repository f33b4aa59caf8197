// From the nominal time of a fire to the first line of its handler, with clock and worker in one process as `chime start` has them.
import pg from 'pg';
import { z } from 'zod';
import { Clock } from '../../src/clock/clock.ts';
import { createLogger } from '../../src/log.ts';
import { defineTask } from '../../src/task.ts';
import { Worker } from '../../src/worker/worker.ts';
import { percentile, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';
import { fill } from './schedules.ts';

/** When fires are due, in milliseconds from the beginning. */
const patterns: Record<string, (index: number) => number> = {
  'one every 10 ms': (index) => index * 10,
  '100 at each full second': (index) => Math.floor(index / 100) * 1000,
};

async function measure(url: string, seconds: number, dueAt: (index: number) => number): Promise<number[]> {
  const lateness: number[] = [];
  let finish!: () => void;
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const count = seconds * 100;
  const noop = defineTask({
    name: 'noop',
    payload: z.unknown(),
    run({ run }) {
      lateness.push(performance.timeOrigin + performance.now() - run.scheduledFor.getTime());
      if (lateness.length === count) finish();
    },
  });
  const log = createLogger('error');
  const worker = new Worker({
    connectionString: url,
    tasks: new Map([['noop', noop]]),
    log,
    concurrency: 50,
    pollInterval: 1000,
    maxOutput: 1024 * 1024,
    allowPrivateHttp: '',
    shutdownTimeout: 60_000,
  });
  const clock = new Clock({ connectionString: url, log, pollInterval: 1000 });
  await worker.start();
  await clock.start();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const first = Math.ceil(Date.now() / 1000) * 1000 + 4000;
  await client.query(
    `select count(chime.create_schedule(task => 'noop', at => to_timestamp(at / 1000.0))) from unnest($1::float8[]) at`,
    [Array.from({ length: count }, (_value, index) => first + dueAt(index))],
  );
  await client.end();
  await all;
  await clock.stop();
  await worker.stop();
  return lateness;
}

export async function lateness({ database, quick }: Bench): Promise<Result[]> {
  const stored = quick ? 1_000 : 1_000_000;
  const seconds = quick ? 3 : 30;
  const rows: Record<string, unknown>[] = [];
  for (const [pattern, dueAt] of Object.entries(patterns)) {
    const url = await database();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await fill(client, stored, "task => 'noop', cron => '0 0 1 1 *', timezone => 'Europe/Berlin'");
    await client.query('vacuum analyze chime.schedules');
    await client.query('checkpoint');
    await client.end();
    const values = await measure(url, seconds, dueAt);
    const at = (share: number) => rounded(percentile(values, share));
    rows.push({
      pattern,
      fires: values.length,
      stored,
      'p50 ms': at(0.5),
      'p95 ms': at(0.95),
      'p99 ms': at(0.99),
      'max ms': at(1),
    });
  }
  return [
    {
      title: 'From scheduled_for to the start of the handler, at 100 fires/s',
      wanted: 'p50 10 ms or less, p99 50 ms or less',
      rows,
    },
  ];
}
