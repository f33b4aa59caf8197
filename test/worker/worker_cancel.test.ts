// Runs that are cancelled while their handlers are at work.
import { once } from 'node:events';
import t from 'tap';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { NetworkProxy } from '../support/proxy.ts';
import { gate, queueRuns, startWorker, task } from '../support/worker.ts';

const cancel = (database: TestDatabase, id: string | undefined, reason: string | null = null) =>
  database.row('select status from chime.cancel_run($1, $2)', [id, reason]);
const run = (database: TestDatabase, id: string | undefined) =>
  database.row('select * from chime.runs where id = $1', [id]);
/** Longer than a test may take: the lease is not renewed by itself. */
const never = 3_600_000;

t.test('a handler that ends when it is told, at once', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun } = gate();
  let reason: unknown;
  const { finished, lines } = await startWorker(
    test,
    database,
    [
      task('obeys', async (ctx) => {
        ctx.write('half');
        ctx.log.info('begins');
        ctx.signal.addEventListener('abort', () => {
          reason = ctx.signal.reason;
        });
        await handler(ctx);
      }),
    ],
    // What tells it is the notification.
    { leaseInterval: never },
  );
  const [id] = await queueRuns(database, 'obeys', [{}]);
  await begun;
  test.strictSame(await cancel(database, id, 'not wanted'), { status: 'running' });
  test.hasStrict(await finished(1), [
    { outcome: 'cancelled', status: 'cancelled', summary: 'The run was cancelled: not wanted' },
  ]);
  test.match(reason, { name: 'AbortError', message: 'The run was cancelled: not wanted' });
  test.hasStrict(await run(database, id), {
    ...{ status: 'cancelled', output: 'half', error: null, cancel_reason: 'not wanted', attempt: 1 },
  });
  test.strictSame(await database.rows('select * from chime.run_attempts'), []);
  test.hasStrict(await database.rows('select message from chime.run_logs'), [{ message: 'begins' }]);
  test.notOk(lines.some(({ msg }) => /ignores its abort/.test(msg)));
});

t.test('the notification is lost', async (test) => {
  const database = await createDatabase(test);
  const proxy = await NetworkProxy.start(database.url);
  test.teardown(() => proxy.stop());
  proxy.swallowNotifications = true;
  const { handler, begun } = gate();
  const { finished } = await startWorker(test, { url: proxy.url }, [task('obeys', handler)], {
    leaseInterval: 50,
  });
  const [id] = await queueRuns(database, 'obeys', [{}]);
  await begun;
  await cancel(database, id);
  test.hasStrict(await finished(1), [{ status: 'cancelled', summary: 'The run was cancelled.' }]);
});

t.test('a handler that goes on is written off, and its late result changes nothing', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun, open } = gate();
  const ended = Promise.withResolvers<void>();
  const { finished, logged, worker } = await startWorker(
    test,
    database,
    [
      task('deaf', async (ctx) => {
        ctx.write('half');
        await handler({ ...ctx, signal: new AbortController().signal });
        ctx.write('too late');
        ended.resolve();
        return 'too late';
      }),
    ],
    { handlerGrace: 20, concurrency: 1 },
  );
  const [id] = await queueRuns(database, 'deaf', [{}]);
  await begun;
  await cancel(database, id);
  test.hasStrict(await finished(1), [{ status: 'cancelled' }]);
  test.match(await logged(/ignores its abort/), { level: 'warn', task: 'deaf' });
  const before = await run(database, id);
  test.hasStrict(before, { status: 'cancelled', output: 'half' });
  open();
  await ended.promise;
  test.equal(worker.running, 0);
  test.strictSame(await run(database, id), before);
});

t.test('a handler that is done all the same, and one that fails for another reason', async (test) => {
  const database = await createDatabase(test);
  const begun = { returns: Promise.withResolvers<void>(), throws: Promise.withResolvers<void>() };
  const { finished } = await startWorker(test, database, [
    task('returns', async ({ signal }) => {
      begun.returns.resolve();
      await once(signal, 'abort');
      return 'done';
    }),
    task('throws', async ({ signal }) => {
      begun.throws.resolve();
      await once(signal, 'abort');
      throw new Error('in the middle');
    }),
  ]);
  const [returns] = await queueRuns(database, 'returns', [{}]);
  await begun.returns.promise;
  await cancel(database, returns);
  await finished(1);
  test.hasStrict(await run(database, returns), { status: 'succeeded', output: 'done' });
  const [throws] = await queueRuns(database, 'throws', [{}]);
  await begun.throws.promise;
  await cancel(database, throws);
  await finished(2);
  test.hasStrict(await run(database, throws), { status: 'cancelled', error: null });
});

t.test('somebody holds the lock of a run that ends', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun, open } = gate();
  const { finished, logged } = await startWorker(test, database, [
    task('held', handler),
    task('free', () => 'out'),
  ]);
  const [held] = await queueRuns(database, 'held', [{}]);
  await begun;
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select chime.cancel_run($1)', [held]);
  open();
  await logged(/a result could not be stored yet/);
  const free = await queueRuns(database, 'free', [{}, {}, {}]);
  await finished(3);
  for (const id of free) test.hasStrict(await run(database, id), { status: 'succeeded' }, 'others go on');
  await client.query('commit');
  await finished(4);
  test.hasStrict(await run(database, held), { status: 'succeeded', output: 'went through' });
});

t.test('a shutdown gives back what runs, and not what is to be cancelled', async (test) => {
  const database = await createDatabase(test);
  const both = Promise.withResolvers<void>();
  let count = 0;
  const { worker } = await startWorker(
    test,
    database,
    [
      task('deaf', () => {
        if (++count === 2) both.resolve();
        return new Promise(() => {});
      }),
    ],
    { shutdownTimeout: 0, leaseInterval: never },
  );
  const [cancelled, other] = await queueRuns(database, 'deaf', [{}, {}]);
  await both.promise;
  await cancel(database, cancelled);
  await worker.stop();
  test.hasStrict(await run(database, cancelled), { status: 'cancelled', lost_count: 0 });
  test.hasStrict(await run(database, other), { status: 'queued', lost_count: 0, retry_count: 0 });
});

t.test('whose owner is forgotten', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun } = gate();
  const aborted = Promise.withResolvers<unknown>();
  const { finished } = await startWorker(
    test,
    database,
    [
      task('obeys', async (ctx) => {
        ctx.write('secret');
        ctx.log.info('secret');
        ctx.signal.addEventListener('abort', () => aborted.resolve(ctx.signal.reason));
        await handler(ctx);
      }),
      task('next', async () => 'done'),
    ],
    { leaseInterval: never },
  );
  const [id] = await queueRuns(database, 'obeys', [{}]);
  await begun;
  const { user_id: ann } = await database.row<{ user_id: string }>(
    "select user_id from chime_private.sign_in('default', 'ann', 'user')",
  );
  await database.rows('update chime.runs set owner_id = $2 where id = $1', [id, ann]);
  await database.rows('select chime.forget_person($1)', [ann]);
  test.match(await aborted.promise, { name: 'AbortError' }, 'its handler is told to end');
  await queueRuns(database, 'next', [{}]);
  while (!(await finished(1)).some(({ status }) => status === 'succeeded')) await finished(2);
  test.strictSame(await database.rows('select id from chime.runs where id = $1', [id]), []);
  test.strictSame(await database.rows("select * from chime.run_logs l where l::text like '%secret%'"), []);
});
