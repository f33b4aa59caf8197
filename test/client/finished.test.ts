// Waiting for runs, and a clock and a worker inside of the program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import t from 'tap';
import { z } from 'zod';
import {
  createChime,
  defineTask,
  InvalidConfigError,
  RunFailedError,
  RunNotFoundError,
} from '../../src/index.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';
import { gate } from '../support/worker.ts';

const yearly = { cron: '0 0 1 1 *', overlap: 'allow' } as const;

t.test('clock and worker in the program: what it schedules is run, and waited for', async (test) => {
  const database = await createDatabase(test);
  const { log } = captureLog();
  const held = gate();
  const add = defineTask({
    name: 'add',
    payload: z.object({ a: z.number(), b: z.number() }),
    run: ({ payload, write }) => {
      write('adding');
      return { sum: payload.a + payload.b, at: new Date(0) };
    },
  });
  const hold = defineTask({ name: 'hold', payload: z.looseObject({}), run: held.handler });
  const fail = defineTask({
    name: 'fail',
    payload: z.looseObject({}),
    run: () => {
      throw new Error('no luck');
    },
  });
  const chime = createChime({ connectionString: database.url, tasks: [add, hold, fail] });
  const running = await chime.start({ log, concurrency: 2 });

  const job = await chime.schedule(add, { ...yearly, payload: { a: 1, b: 2 } });
  const done = await chime.runNow(job).finished();
  const sum: number = done.result.sum;
  const at: string = done.result.at;
  test.strictSame(
    [sum, at, done.output, done.status],
    [3, '1970-01-01T00:00:00.000Z', 'adding', 'succeeded'],
  );
  test.notOk(Object.keys(done).includes('finished'), 'a run is data');
  test.equal(
    (await chime.getExecution(done.id).finished()).id,
    done.id,
    'one that has ended is there at once',
  );

  const failing = await chime.runNow(await chime.schedule(fail, { ...yearly, maxRetries: 0 }));
  const error = await failing.finished().catch((thrown) => thrown);
  test.ok(error instanceof RunFailedError);
  test.match(error.message, /of "fail" has failed: no luck/);
  test.hasStrict(error.run, { id: failing.id, status: 'failed', error: 'no luck' });
  test.strictSame(error.detail, { run_id: failing.id, status: 'failed' });

  const waiting = await chime.runNow(await chime.schedule('hold', yearly));
  await held.begun;
  await test.rejects(waiting.finished({ timeout: 1 }), { name: 'TimeoutError' });
  const reason = new Error('not interested any more');
  await test.rejects(waiting.finished({ signal: AbortSignal.abort(reason) }), reason);
  const abort = new AbortController();
  const aborted = waiting.finished({ signal: abort.signal });
  abort.abort(reason);
  await test.rejects(aborted, reason);
  const together = Promise.all([waiting.finished(), chime.runs.get(waiting.id).finished()]);
  held.open();
  test.strictSame(
    (await together).map(({ output }) => output),
    ['went through', 'went through'],
  );
  await test.rejects(chime.getExecution('00000000-0000-0000-0000-000000000000').finished(), RunNotFoundError);

  // The example that comes with pgchime is run too, and schedules fire by themselves.
  const said = await chime.scheduleOnce('send_message' as never, {
    at: new Date(Date.now() - 1000),
    overdue: 'run_now',
    payload: { text: 'hello' },
  });
  const { items } = await chime.getJobHistory(said);
  test.equal((await chime.getExecution(items[0]?.id ?? '').finished()).output, 'hello');
  await running.stop();
  await running.stop();
  const late = await chime.runNow(job);
  test.equal((await chime.getExecution(late.id)).status, 'queued', 'nobody runs it any more');
  await chime.start({ log, clock: false });
  test.equal((await chime.getExecution(late.id).finished()).status, 'succeeded');
  test.equal(await database.value('select count(*)::integer from chime_private.clocks'), 0);
  await chime.close();
  test.equal(
    await database.value('select count(*)::integer from chime_private.workers where stopped_at is null'),
    0,
    'closing stops what was started',
  );
});

t.test('one that is cancelled ends the waiting, notified or not', async (test) => {
  const database = await createDatabase(test);
  const attempts = attemptsOf(database);
  await attempts.register(['noop']);
  for (const max of [1, 4]) {
    // With a single connection nobody listens: the database is asked.
    const pool = new pg.Pool({ connectionString: database.url, max });
    test.teardown(() => pool.end());
    const chime = createChime({ pool });
    const run = await chime.runNow(await chime.schedule('noop', yearly));
    // Expected before it can happen: it may while the cancelling is still being answered.
    const rejected = test.rejects(run.finished(), {
      code: 'CH050',
      message: /was cancelled: not needed/,
      run: { status: 'cancelled' },
    });
    await chime.runs.cancel(run.id, 'not needed');
    await rejected;
    await chime.close();
    test.equal(pool.totalCount, pool.idleCount, 'all connections are given back');
    await test.rejects(chime.start(), InvalidConfigError, 'a pool does not say where to');
  }
  test.equal(await database.value('select count(*)::integer from chime_private.live_listeners'), 0);
});

t.test('a role that may not listen asks', async (test) => {
  const database = await createDatabase(test);
  const attempts = attemptsOf(database);
  await attempts.register(['noop']);
  const pool = new pg.Pool({ connectionString: database.url, max: 4, options: '-c role=chime_admin' });
  test.teardown(() => pool.end());
  const chime = createChime({ pool });
  const run = await chime.runNow(await chime.schedule('noop', yearly));
  const finished = run.finished();
  await attempts.attempt(run.id, { output: 'asked' });
  test.equal((await finished).output, 'asked');
  await chime.close();
});

t.test('closing ends the waiting', async (test) => {
  const database = await createDatabase(test);
  await attemptsOf(database).register(['noop']);
  const chime = createChime({ connectionString: database.url });
  const run = await chime.runNow(await chime.schedule('noop', yearly));
  const rejected = test.rejects(run.finished(), { message: /closed/ });
  await chime.close();
  await rejected;
});

t.test('a signal stops what was started, and then ends the process by itself', async (test) => {
  const database = await createDatabase(test);
  const program = `
    import { createChime } from ${JSON.stringify(new URL('../../index.js', import.meta.url).href)};
    const chime = createChime({ connectionString: process.env.DATABASE_URL });
    await chime.start({ signals: ['SIGTERM'] });
    console.log('started');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  test.strictSame(await exited, [null, 'SIGTERM']);
  test.equal(
    await database.value('select count(*)::integer from chime_private.workers where stopped_at is null'),
    0,
  );
  test.equal(await database.value('select count(*)::integer from chime_private.clocks'), 0);
});

t.test('a name that comes with pgchime is taken', async (test) => {
  const own = defineTask({ name: 'send_message', payload: z.object({}), run: () => {} });
  const chime = createChime({ connectionString: 'postgres://nobody@127.0.0.1:1/nowhere', tasks: [own] });
  await test.rejects(chime.start(), {
    name: 'InvalidConfigError',
    message: /"send_message" comes with pgchime/,
  });
  await chime.close();
});
