// What becomes of runs when their process is told to stop, once and twice.
import fs from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { emptyDir, type Serving, serve } from '../support/cli.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const source = `import { once } from 'node:events';
import fs from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from 'pgchime';
import { z } from 'zod';
export default defineTask({
  name: 'holds',
  payload: z.object({ mode: z.string(), gate: z.string() }),
  async run({ payload, signal, write }) {
    write(payload.mode);
    if (payload.mode === 'deaf') return new Promise(() => {});
    if (payload.mode === 'obeys') {
      await once(signal, 'abort');
      throw signal.reason;
    }
    while (!(await fs.stat(payload.gate).catch(() => undefined))) await wait(10);
  },
});
`;

/** A worker process, and a run for each mode, all of them at work. */
async function atWork(
  test: Test,
  modes: string[],
  timeout: number,
): Promise<{ database: TestDatabase; serving: Serving; open: () => Promise<void> }> {
  const database = await createDatabase(test);
  const dir = await emptyDir(test);
  const gate = path.join(dir, 'gate');
  await fs.mkdir(path.join(dir, 'tasks'));
  await fs.writeFile(path.join(dir, 'tasks', 'holds.ts'), source);
  const args = [
    'worker',
    '--json',
    '--tasks-dir',
    path.join(dir, 'tasks'),
    '--shutdown-timeout',
    String(timeout),
  ];
  const serving = serve(test, args, { env: { DATABASE_URL: database.url } });
  await serving.line(({ msg }) => msg === 'started');
  for (const mode of modes)
    await database.rows(
      "select chime.run_now(c.id) from chime.create_schedule(task => 'holds', cron => '0 0 1 1 *', payload => $1) c",
      [JSON.stringify({ mode, gate })],
    );
  const running = "select count(*)::integer from chime.runs where status = 'running'";
  await until(async () => (await database.value<number>(running)) >= modes.length);
  return { database, serving, open: () => fs.writeFile(gate, '') };
}

const states = (database: TestDatabase) =>
  database.rows(
    "select payload ->> 'mode' as mode, status, attempt, retry_count, lost_count, worker_id, error from chime.runs order by 1",
  );
const queuedAgain = {
  status: 'queued',
  attempt: 1,
  retry_count: 0,
  lost_count: 0,
  worker_id: null,
  error: null,
};

t.test('what ends within the time is done', async (test) => {
  const { database, serving, open } = await atWork(test, ['waits', 'waits'], 3_600_000);
  const later = await database.value<string>(
    'select (chime.run_now(c.id)).id from chime.create_schedule(task => \'holds\', cron => \'0 0 1 1 *\', payload => \'{"mode": "obeys", "gate": ""}\') c',
  );
  while (
    (await database.value<string>('select status from chime.runs where id = $1', [later])) !== 'running'
  );
  const ended = serving.end('SIGTERM');
  await serving.line(({ msg }) => msg === 'stopping');
  const untaken = await database.value<string>(
    'select (chime.run_now(s.id, allow_overlap => true)).id from chime.schedules s limit 1',
  );
  await open();
  while (
    (await database.value<number>("select count(*)::integer from chime.runs where status = 'succeeded'")) < 2
  );
  test.hasStrict(await database.row('select status from chime.runs where id = $1', [untaken]), {
    status: 'queued',
  });
  serving.child.kill('SIGTERM');
  test.hasStrict(await ended, { code: 0 });
  test.hasStrict(await database.row('select status, attempt from chime.runs where id = $1', [untaken]), {
    ...{ status: 'queued', attempt: 0 },
  });
  test.hasStrict(await database.row('select * from chime.runs where id = $1', [later]), queuedAgain);
});

for (const [how, timeout, signals] of [
  ['when its time is over', 50, 1],
  ['at a second signal', 3_600_000, 2],
] as const) {
  t.test(`${how}, what has not ended is queued again, and no retry is spent`, async (test) => {
    const { database, serving } = await atWork(test, ['deaf', 'obeys'], timeout);
    const ended = serving.end('SIGTERM');
    await serving.line(({ msg }) => msg === 'stopping');
    if (signals === 2) serving.child.kill('SIGTERM');
    test.hasStrict(await ended, { code: 0 });
    test.hasStrict(await states(database), [
      { mode: 'deaf', ...queuedAgain },
      { mode: 'obeys', ...queuedAgain },
    ]);
    test.strictSame(await database.rows('select * from chime.run_attempts'), []);
    test.strictSame(
      await database.rows('select count(*)::integer as n from graphile_worker.jobs where locked_at is null'),
      [{ n: 2 }],
      'each with a job that anybody may take',
    );
  });
}
