// Workers that die, or are frozen for longer than their lease, with many runs at work: all of those run again, once.
import fs from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { emptyDir, type Serving, serve } from '../support/cli.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const source = `import fs from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from 'pgchime';
import { z } from 'zod';
export default defineTask({
  name: 'waits',
  payload: z.object({ gate: z.string() }),
  // Deaf on purpose, and done as soon as it may be.
  async run({ payload, run }) {
    while (!fs.existsSync(payload.gate)) await wait(20);
    return 'attempt ' + run.attempt;
  },
});
`;

interface Scene {
  database: TestDatabase;
  first: Serving;
  open: () => Promise<void>;
  startWorker: () => Promise<Serving>;
  count: (where: string) => Promise<number>;
}

/** A clock, and a worker that holds 100 runs; one more waits for its turn after one of those. */
async function holding(test: Test): Promise<Scene> {
  const database = await createDatabase(test);
  // Still longer than a worker takes to renew its lease.
  await database.rows(
    "create or replace function chime_private.lease() returns interval language sql immutable parallel safe as $$ select interval '8 seconds' $$",
  );
  const dir = await emptyDir(test);
  const gate = path.join(dir, 'gate');
  await fs.mkdir(path.join(dir, 'tasks'));
  await fs.writeFile(path.join(dir, 'tasks', 'waits.ts'), source);
  const env = { DATABASE_URL: database.url };
  const startWorker = async () => {
    const args = ['worker', '--json', '--tasks-dir', path.join(dir, 'tasks'), '--concurrency', '110'];
    const worker = serve(test, args, { env });
    await worker.line(({ msg }) => msg === 'started');
    return worker;
  };
  const clock = serve(test, ['clock', '--json'], { env });
  await clock.line(({ msg }) => msg === 'started');
  const first = await startWorker();
  const count = (where: string) =>
    database.value<number>(`select count(*)::integer from chime.runs where ${where}`);
  await database.rows(
    `select chime.run_now(c.id) from chime.create_schedule(task => 'waits', cron => '0 0 1 1 *', overlap => 'allow', payload => $1) c, generate_series(1, 99)`,
    [JSON.stringify({ gate })],
  );
  await database.rows(
    `select chime.run_now(c.id) from chime.create_schedule(task => 'waits', cron => '0 0 1 1 *', overlap => 'buffer_all', concurrency_key => 'one', payload => $1) c, generate_series(1, 2)`,
    [JSON.stringify({ gate })],
  );
  await until(
    async () => (await count("status = 'running'")) >= 100 && (await count('waits_for is not null')) > 0,
  );
  return { database, first, open: () => fs.writeFile(gate, ''), startWorker, count };
}

/** Lost once, then finished once, by the second worker. */
async function provePassedOn(test: Test, { database, count }: Scene): Promise<void> {
  await until(async () => (await count('finished_at is null')) === 0);
  test.strictSame(
    await database.rows(
      'select status, attempt, lost_count, retry_count, output, count(*)::integer as n from chime.runs group by 1, 2, 3, 4, 5 order by 2 desc',
    ),
    [
      { status: 'succeeded', attempt: 2, lost_count: 1, retry_count: 0, output: 'attempt 2', n: 100 },
      { status: 'succeeded', attempt: 1, lost_count: 0, retry_count: 0, output: 'attempt 1', n: 1 },
    ],
  );
  test.strictSame(
    await database.rows(
      'select outcome, attempt, count(*)::integer as n from chime.run_attempts group by 1, 2',
    ),
    [{ outcome: 'lost', attempt: 1, n: 100 }],
  );
  test.strictSame(await database.rows('select * from chime_private.slot_runs'), []);
}

t.test('kill -9 of a worker that holds a hundred runs', async (test) => {
  const scene = await holding(test);
  const { first, startWorker, count, open } = scene;
  await first.end('SIGKILL');
  await startWorker();
  await until(async () => (await count("status = 'running' and attempt = 2")) >= 100);
  test.equal(
    await count("status = 'running' and concurrency_key = 'one'"),
    1,
    'the place of one that died is free, once',
  );
  await open();
  await provePassedOn(test, scene);
});

t.test('a worker that is frozen for longer than its lease comes back, and changes nothing', async (test) => {
  const scene = await holding(test);
  const { first, startWorker, count, open } = scene;
  first.child.kill('SIGSTOP');
  await startWorker();
  await until(async () => (await count("status = 'running' and attempt = 2")) >= 100);
  // What it held is done by the time it wakes up, and says so.
  await open();
  await until(async () => (await count("status = 'succeeded' and attempt = 2")) >= 100);
  first.child.kill('SIGCONT');
  await first.line(({ msg }) => /lease of this worker is lost/.test(String(msg)));
  await provePassedOn(test, scene);
});
