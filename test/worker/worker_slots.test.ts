// Workers and clocks at once, and runs that may not run beside each other: never more of them than may, and none waits for ever.
import { once } from 'node:events';
import t from 'tap';
import { Clock } from '../../src/clock/clock.ts';
import { createDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';
import { startWorker, task } from '../support/worker.ts';

t.test('two workers and two clocks', async (test) => {
  const database = await createDatabase(test);
  const count = 40;
  const limits: Record<string, number> = { one: 1, three: 3, turn: 1, both: 1 };
  const running: Record<string, number> = {};
  const most: Record<string, number> = {};
  const order: string[] = [];
  const full = Promise.withResolvers<void>();
  const enter = (name: string, by: number) => {
    running[name] = (running[name] ?? 0) + by;
    most[name] = Math.max(most[name] ?? 0, running[name]);
  };
  const tasks = [
    task('counted', async ({ payload, run }) => {
      const { names } = payload as { names: string[] };
      for (const name of names) enter(name, 1);
      // The first of them end when there are as many as may be.
      if (running.three === limits.three) full.resolve();
      if (names.includes('three')) await full.promise;
      if (names[0] === 'turn') order.push(run.id);
      await new Promise(setImmediate);
      for (const name of names) enter(name, -1);
      if (run.attempt === 1 && run.id.endsWith('0')) throw new Error('once more');
    }),
  ];
  const workers = [await startWorker(test, database, tasks), await startWorker(test, database, tasks)];
  for (let index = 0; index < 2; index++) {
    const { log } = captureLog();
    const clock = new Clock({ connectionString: database.url, log, pollInterval: 100, batch: 7 });
    await clock.start();
    test.teardown(() => clock.stop());
  }
  await database.rows("select chime.set_concurrency_limit('three', 3)");
  const make = (fields: string, names: string[]) =>
    database.value<string>(
      `select id from chime.create_schedule(task => 'counted', cron => '0 0 1 1 *', retry_delay => '0', payload => $1, ${fields})`,
      [JSON.stringify({ names })],
    );
  const schedules = [
    await make("overlap => 'allow', concurrency_key => 'one'", ['one']),
    await make("overlap => 'allow', concurrency_key => 'one', priority => 'high'", ['one']),
    await make("overlap => 'allow', concurrency_key => 'three'", ['three']),
    await make("overlap => 'buffer_all'", ['turn']),
    await make("overlap => 'buffer_all', concurrency_key => 'three'", ['both', 'three']),
  ];
  for (let round = 0; round < count; round++)
    await Promise.all(schedules.map((id) => database.rows('select chime.run_now($1)', [id])));
  const total = count * schedules.length;
  while (
    (await database.value<number>('select count(*)::integer from chime.runs where finished_at is not null')) <
    total
  )
    await Promise.race(workers.map(({ worker }) => once(worker, 'finished')));
  for (const [name, limit] of Object.entries(limits))
    test.ok((most[name] ?? 0) <= limit, `${name}: ${most[name]}`);
  test.strictSame(
    await database.rows('select status, count(*)::integer as n from chime.runs group by status'),
    [{ status: 'succeeded', n: total }],
  );
  test.strictSame(await database.rows('select * from chime_private.slot_runs'), []);
  const inOrder = await database.rows<{ id: string }>(
    'select id from chime.runs where schedule_id = $1 order by due_at, id',
    [schedules[3]],
  );
  test.strictSame(
    [...new Set(order)],
    inOrder.map(({ id }) => id),
    'one after the other, in their order',
  );
});
