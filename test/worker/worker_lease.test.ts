// A worker whose lease is lost: taken for dead, or without its database for longer than the lease lasts.
import { once } from 'node:events';
import t from 'tap';
import type { TaskContext } from '../../src/task.ts';
import { createDatabase } from '../support/database.ts';
import { NetworkProxy } from '../support/proxy.ts';
import { gate, queueRuns, startWorker, task } from '../support/worker.ts';

t.test('taken for dead, it aborts, changes nothing more, and begins anew', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun } = gate();
  let calls = 0;
  const [held] = await queueRuns(database, 'gated', [{}]);
  const { worker, finished } = await startWorker(
    test,
    database,
    [task('gated', (ctx) => (calls++ === 0 ? handler(ctx) : 'second attempt'))],
    { leaseInterval: 50 },
  );
  await begun;
  const renewed = once(worker, 'renewed');
  // As a clock does that finds its lease expired.
  await database.rows('update chime_private.workers set stopped_at = chime.now()');
  await database.rows("update chime.runs set status = 'queued', worker_id = null where id = $1", [held]);
  await renewed;
  test.hasStrict(await database.row('select status, attempt from chime.runs where id = $1', [held]), {
    status: 'queued',
    attempt: 1,
  });
  await database.rows("select chime_private.enqueue(array[$1::uuid], array['gated'])", [held]);
  await finished(1);
  test.hasStrict(await database.row('select status, attempt, output from chime.runs where id = $1', [held]), {
    status: 'succeeded',
    attempt: 2,
    output: 'second attempt',
  });
});

t.test('a task that ignores its abort ends the worker, and does not keep it', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun, open } = gate();
  await queueRuns(database, 'deaf', [{}]);
  const { worker } = await startWorker(
    test,
    database,
    [task('deaf', () => handler({ signal: new AbortController().signal } as TaskContext))],
    { leaseInterval: 50, shutdownTimeout: 3_600_000 },
  );
  await begun;
  const fatal = once(worker, 'fatal');
  await database.rows('update chime_private.workers set stopped_at = chime.now()');
  test.match((await fatal) as unknown[], [{ message: /ignores its abort/ }]);
  await worker.stop();
  open();
});

t.test('an outage longer than the lease', async (test) => {
  const database = await createDatabase(test);
  const proxy = await NetworkProxy.start(database.url);
  test.teardown(() => proxy.stop());
  const aborted = gate();
  const ready = gate();
  let calls = 0;
  const [first] = await queueRuns(database, 'gated', [{}]);
  const [second] = await queueRuns(database, 'ready', [{}]);
  const { worker, finished, logged } = await startWorker(
    test,
    { url: proxy.url },
    [
      task('gated', (ctx) => (calls++ === 0 ? aborted.handler(ctx) : 'second attempt')),
      task('ready', ready.handler),
    ],
    { leaseInterval: 50, leaseTrust: 500 },
  );
  await Promise.all([aborted.begun, ready.begun]);
  const renewed = once(worker, 'renewed');
  proxy.leave();
  ready.open();
  await logged(/lease of this worker is lost/);
  proxy.away = false;
  await renewed;
  await finished(2);
  test.strictSame(
    await database.rows('select id, status, attempt, lost_count, output from chime.runs order by id'),
    [
      { id: first, status: 'succeeded', attempt: 2, lost_count: 0, output: 'second attempt' },
      { id: second, status: 'succeeded', attempt: 1, lost_count: 0, output: 'went through' },
    ],
    'what had ended is recorded late, what was aborted runs again',
  );
  await worker.stop();
  test.equal(
    await database.value('select count(*)::integer from chime_private.workers where stopped_at is null'),
    0,
  );
});
