// The dead rows of the queue are removed once enough jobs are done, and not before; whoever may not is not kept from their work.
import t, { type Test } from 'tap';
import { QueueVacuum } from '../../src/worker/queue_vacuum.ts';
import { createDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';

const tables = ['graphile_worker._private_jobs', 'chime_private.unfinished_runs'];

async function setUp(test: Test, jobsBetween: number) {
  const database = await createDatabase(test);
  const { log, lines } = captureLog();
  const times = () =>
    database.value<number[]>(
      'select array_agg(pg_stat_get_vacuum_count(n::regclass)::integer) from unnest($1::text[]) n',
      [tables],
    );
  const vacuumAs = (role?: string) => {
    const url = new URL(database.url);
    if (role !== undefined) url.searchParams.set('options', `-c role=${role}`);
    return new QueueVacuum(url.href, log, jobsBetween);
  };
  return { times, lines, vacuumAs };
}

t.test('once for so many jobs', async (test) => {
  const { times, lines, vacuumAs } = await setUp(test, 3);
  const vacuum = vacuumAs();
  test.teardown(() => vacuum.end());
  vacuum.count();
  vacuum.count();
  await vacuum.settled();
  test.strictSame(await times(), [0, 0]);
  vacuum.count();
  vacuum.count();
  await vacuum.settled();
  test.strictSame(await times(), [1, 1]);
  test.strictSame(lines, []);
});

t.test(
  'a worker with no more rights than it needs vacuums its jobs, and nothing once it has ended',
  async (test) => {
    const { times, vacuumAs } = await setUp(test, 1);
    const vacuum = vacuumAs('chime_worker');
    vacuum.count();
    await vacuum.settled();
    test.strictSame(await times(), [1, 0]);
    await vacuum.end();
    vacuum.count();
    await vacuum.settled();
    test.strictSame(await times(), [1, 0]);
  },
);
