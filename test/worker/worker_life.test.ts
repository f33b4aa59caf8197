// The life of a worker: shutdown, lost connections, a database that restarts, a lease that is renewed.
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { Cluster } from '../../src/db/embedded/cluster.ts';
import { freePort } from '../../src/db/embedded/port.ts';
import { migrate } from '../../src/migrate.ts';
import type { TaskContext } from '../../src/task.ts';
import { Lease } from '../../src/worker/lease.ts';
import { createDatabase, TestDatabase } from '../support/database.ts';
import { gate, queueRuns, startWorker, task } from '../support/worker.ts';

const locked = (database: TestDatabase) =>
  database.value<number>('select count(*)::integer from graphile_worker.jobs where locked_at is not null');

t.test('stopping waits for what runs', async (test) => {
  const database = await createDatabase(test);
  const { handler, open, begun } = gate();
  const [first, second] = await queueRuns(database, 'gated', [{}, {}]);
  const { worker } = await startWorker(test, database, [task('gated', handler)], { concurrency: 1 });
  await begun;
  const stopped = worker.stop();
  open();
  await stopped;
  await worker.stop();
  const states = await database.rows('select id, status, attempt from chime.runs order by id');
  test.strictSame(states, [
    { id: first, status: 'succeeded', attempt: 1 },
    { id: second, status: 'queued', attempt: 0 },
  ]);
  test.equal(await locked(database), 0);
  test.equal(
    await database.value('select count(*)::integer from chime_private.workers where stopped_at is null'),
    0,
  );
});

t.test('at the deadline it aborts, and gives back what did not end', async (test) => {
  const database = await createDatabase(test);
  const listening = gate();
  const deaf = gate();
  await queueRuns(database, 'listens', [{}]);
  await queueRuns(database, 'deaf', [{}]);
  const tasks = [
    task('listens', listening.handler),
    task('deaf', () => deaf.handler({ signal: new AbortController().signal } as TaskContext)),
  ];
  const { worker } = await startWorker(test, database, tasks, { shutdownTimeout: 3_600_000 });
  await Promise.all([listening.begun, deaf.begun]);
  const stopped = worker.stop();
  worker.hurry();
  await stopped;
  test.strictSame(await database.rows('select status, attempt, worker_id, error from chime.runs'), [
    { status: 'queued', attempt: 1, worker_id: null, error: null },
    { status: 'queued', attempt: 1, worker_id: null, error: null },
  ]);
  test.equal(await locked(database), 0);

  listening.open();
  deaf.open();
  const again = await startWorker(test, database, tasks);
  await again.finished(2);
  test.strictSame(await database.rows('select status, attempt, output from chime.runs'), [
    { status: 'succeeded', attempt: 2, output: 'went through' },
    { status: 'succeeded', attempt: 2, output: 'went through' },
  ]);
});

t.test('its connections are killed under load', async (test) => {
  const database = await createDatabase(test);
  const { finished, worker } = await startWorker(test, database, [
    task('work', async () => {
      for (let turns = 0; turns < 5; turns++) await turn();
      return 'done';
    }),
  ]);
  await queueRuns(database, 'work', Array(1000).fill({}));
  for (let round = 1; round <= 5; round++) {
    await finished(round * 150);
    await database.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name in ('pgchime jobs', 'pgchime worker')`,
    );
  }
  await finished(1000);
  await worker.stop();
  test.strictSame(await database.rows('select status, count(*)::integer from chime.runs group by status'), [
    { status: 'succeeded', count: 1000 },
  ]);
  test.equal(await locked(database), 0, 'no lock is left');
});

t.test('the database restarts and crashes under load', async (test) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-worker-'));
  const cluster = await Cluster.start({
    dir,
    password: 'test',
    port: await freePort(),
    settings: { max_connections: 60 },
  });
  test.teardown(async () => {
    await cluster.stop();
    await fs.rm(dir, { recursive: true, force: true });
  });
  await migrate(cluster.url());
  const database = new TestDatabase(cluster.url());
  test.teardown(() => database.pool.end());
  const { finished, worker, lines } = await startWorker(test, database, [task('work', () => turn())]);
  await queueRuns(database, 'work', Array(1000).fill({}));
  await finished(200);
  await cluster.restart();
  await finished(500);
  await cluster.crash();
  await cluster.restart();
  await finished(1000);
  await worker.stop();
  test.strictSame(await database.rows('select status, count(*)::integer from chime.runs group by status'), [
    { status: 'succeeded', count: 1000 },
  ]);
  test.equal(await locked(database), 0, 'no lock is left');
  test.ok(lines.some((line) => /takes up work anew/.test(line.msg)));
});

t.test('a lease is renewed while the event loop is busy', async (test) => {
  const database = await createDatabase(test);
  const id = await database.value<string>('select gen_random_uuid()');
  await database.rows("select chime_private.register_worker($1, 'busy', 'pool-busy', '[]')", [id]);
  const until = () =>
    database.value<Date>('select lease_until from chime_private.workers where id = $1', [id]);
  const lease = new Lease(database.url, id, 20);
  await lease.start();
  test.teardown(() => lease.stop());
  const before = await until();
  const { renewedAt } = lease;
  // This thread's event loop does not turn here: only another thread can renew.
  while (lease.renewedAt === renewedAt);
  test.ok((await until()) > before);
  await lease.stop();
});

t.test('a lease that nobody renews is lost', async (test) => {
  const database = await createDatabase(test);
  const unknown = await database.value<string>('select gen_random_uuid()');
  const lease = new Lease(database.url, unknown, 20);
  const lost = once(lease, 'lost');
  await lease.start();
  test.teardown(() => lease.stop());
  test.match((await lost) as unknown[], ['this worker was taken for dead']);
});
