// Handlers whose time is over: those that end when they are told to, those that do not, and those that nobody can tell.
import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import t from 'tap';
import type { TaskContext } from '../../src/task.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import type { TickThreadData } from '../support/tick_thread.ts';
import { until } from '../support/until.ts';
import { gate, startWorker, task } from '../support/worker.ts';

const queueOne = async (database: TestDatabase, name: string, policy: string) => {
  await database.rows(
    `select chime.create_schedule(task => $1, cron => '0 0 1 1 *', key => $1, overlap => 'allow', ${policy})`,
    [name],
  );
  return database.value<string>('select (chime.run_now((chime.find_schedule($1)).id)).id', [name]);
};
const briefly = "timeout => '20 milliseconds', max_retries => 0";

t.test('a handler that ends when its time is over', async (test) => {
  const database = await createDatabase(test);
  const { handler } = gate();
  let reason: unknown;
  const { finished, lines } = await startWorker(test, database, [
    task('obeys', async (ctx) => {
      ctx.write('half');
      ctx.signal.addEventListener('abort', () => {
        reason = ctx.signal.reason;
        ctx.log.warn('was told');
      });
      test.equal(ctx.run.deadlineAt.getTime() - ctx.run.startedAt.getTime(), 20);
      await handler(ctx);
    }),
    task('returns', ({ signal }) => once(signal, 'abort').then(() => 'done after all')),
  ]);
  const obeys = await queueOne(database, 'obeys', briefly);
  const [ended] = await finished(1);
  test.hasStrict(ended, {
    ...{ outcome: 'timed_out', status: 'timed_out', summary: 'It took longer than 20 ms.' },
  });
  test.match(reason, { name: 'TimeoutError', message: 'It took longer than 20 ms.' });
  test.hasStrict(await database.row('select * from chime.runs where id = $1', [obeys]), {
    ...{ status: 'timed_out', attempt: 1, output: 'half', error: 'It took longer than 20 ms.' },
  });
  test.hasStrict(await database.rows('select outcome, error from chime.run_attempts'), [
    { outcome: 'timed_out', error: 'It took longer than 20 ms.' },
  ]);
  test.hasStrict(await database.rows('select message from chime.run_logs'), [{ message: 'was told' }]);
  const returns = await queueOne(database, 'returns', briefly);
  await finished(2);
  test.hasStrict(
    await database.row('select * from chime.runs where id = $1', [returns]),
    { status: 'succeeded', output: 'done after all' },
    'what it returns is its answer',
  );
  test.notOk(lines.some(({ msg }) => /ignores its abort/.test(msg)));
});

t.test('a handler that goes on is written off, and its run is tried again beside it', async (test) => {
  const database = await createDatabase(test);
  const { handler, open } = gate();
  const ctxs: TaskContext[] = [];
  const ended = Promise.withResolvers<void>();
  const { finished, logged } = await startWorker(
    test,
    database,
    [
      task('deaf', async (ctx) => {
        ctxs.push(ctx);
        ctx.write(`attempt ${ctx.run.attempt}`);
        if (ctx.run.attempt === 1) {
          await handler({ signal: new AbortController().signal } as TaskContext);
          ctx.write('too late');
          ctx.log.info('too late');
          ended.resolve();
        }
        return ' ended';
      }),
    ],
    { handlerGrace: 20, concurrency: 1 },
  );
  await queueOne(database, 'deaf', "timeout => '20 milliseconds', max_retries => 1, retry_delay => '0'");
  const error = 'It took longer than 20 ms, and did not end within 20 ms of being told to.';
  test.hasStrict(await finished(1), [{ outcome: 'timed_out', status: 'retrying', retry: 1, summary: error }]);
  test.match(await logged(/ignores its abort/), { level: 'warn', task: 'deaf', attempt: 1 });
  await database.rows("update chime.schedules set timeout = '1 hour'");
  await database.row('select chime_private.tick()');
  const [, second] = await finished(2);
  test.hasStrict(second, { outcome: 'succeeded', run: { attempt: 2 } }, 'in the only place that there is');
  open();
  await ended.promise;
  test.equal(ctxs[0]?.signal.aborted, true);
  test.hasStrict(await database.row('select * from chime.runs'), {
    ...{ status: 'succeeded', attempt: 2, output: 'attempt 2 ended' },
  });
  test.hasStrict(await database.rows('select * from chime.run_attempts'), [
    { attempt: 1, outcome: 'timed_out', output: 'attempt 1', error },
  ]);
});

t.test('a handler that never settles does not keep the worker from stopping', async (test) => {
  const database = await createDatabase(test);
  const { finished, worker } = await startWorker(
    test,
    database,
    [task('never', () => new Promise(() => {}))],
    { handlerGrace: 20, shutdownTimeout: 3_600_000 },
  );
  await queueOne(database, 'never', briefly);
  test.hasStrict(await finished(1), [{ status: 'timed_out' }]);
  test.equal(worker.running, 0);
  await worker.stop();
  test.equal(
    await database.value('select count(*)::integer from graphile_worker.jobs where locked_at is not null'),
    0,
  );
});

t.test('a handler that keeps the event loop busy is written off by a clock', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
  const done = new Int32Array(new SharedArrayBuffer(4));
  const data: TickThreadData = { url: database.url, advance: '5 minutes 10 seconds', done };
  let calls = 0;
  const { finished, logged, worker } = await startWorker(
    test,
    database,
    [
      task('busy', () => {
        if (++calls === 1) {
          const thread = new Thread(new URL('../support/tick_thread.ts', import.meta.url), {
            workerData: data,
          });
          test.teardown(() => thread.terminate());
          // Nothing else happens in this thread until the other one has ticked.
          Atomics.wait(done, 0, 0, 60_000);
        }
        return `call ${calls}`;
      }),
    ],
    { leaseInterval: 50 },
  );
  // Its lease is renewed by a thread, once that has come up.
  await now.advance('1 second');
  const renewed =
    "select bool_and(lease_until = chime.now() + interval '15 seconds') from chime_private.workers";
  await until(() => database.value<boolean>(renewed));
  await queueOne(database, 'busy', "max_retries => 1, retry_delay => '0'");
  await logged(/came too late and was dropped/);
  test.equal(Atomics.load(done, 0), 1);
  test.hasStrict(await database.row('select * from chime.runs'), {
    ...{ status: 'retrying', attempt: 1, retry_count: 1, output: null, lost_count: 0 },
  });
  test.match(await database.row('select * from chime.run_attempts'), {
    ...{ outcome: 'timed_out', error: /^It had not ended 00:05:00 after its start/ },
  });
  await database.row('select chime_private.tick()');
  await finished(1);
  test.hasStrict(await database.row('select * from chime.runs'), {
    ...{ status: 'succeeded', attempt: 2, output: 'call 2' },
  });
  test.equal(worker.running, 0);
});

t.test(
  'the next attempt waits for the end of the one that was written off in the same process',
  async (test) => {
    const database = await createDatabase(test);
    const { handler, begun, open } = gate();
    const { finished, logged } = await startWorker(test, database, [
      task('slow', (ctx) => (ctx.run.attempt === 1 ? handler(ctx) : 'second')),
    ]);
    const id = await queueOne(database, 'slow', "max_retries => 1, retry_delay => '0'");
    await begun;
    // As a clock does, while the worker still waits for its handler.
    await database.rows("update chime.runs set deadline_at = started_at + interval '1 microsecond'");
    await database.rows(
      "update chime_private.workers set watch_at = chime.now() - interval '1 hour' where stopped_at is null",
    );
    await database.rows(
      "select chime_private.end_attempts(array[$1::uuid], array[1], array['timed_out'::chime_private.outcome], '{}', '{x}', '{}', '{}', '{}', chime.now())",
      [id],
    );
    test.hasStrict(await database.row('select retried from chime_private.tick()'), { retried: 1 });
    open();
    await logged(/came too late and was dropped/);
    test.hasStrict(await finished(1), [{ outcome: 'succeeded', run: { attempt: 2 }, summary: 'second' }]);
  },
);
