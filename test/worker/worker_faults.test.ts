// A worker whose statements the database refuses for a while: nothing may be lost by that, and no run be left behind.
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { gate, queueRuns, startWorker, task } from '../support/worker.ts';

/** A database that refuses to bring a run into a status, for as long as that is asked. */
async function faultyDatabase(test: Test): Promise<TestDatabase> {
  const database = await createDatabase(test);
  await database.rows('create table public.faults (status text, task text, code text)');
  await database.rows(`create function public.fail_on_purpose() returns trigger language plpgsql security definer as $$
    declare v_code text;
    begin
      select f.code into v_code from public.faults f where f.status = new.status::text and f.task in (new.task, '*');
      if found then raise exception 'on purpose' using errcode = v_code; end if;
      return new;
    end $$`);
  await database.rows(
    'create trigger fault before update on chime.runs for each row execute function public.fail_on_purpose()',
  );
  return database;
}

const set = (database: TestDatabase, status: string, code: string, name = '*') =>
  database.rows('insert into public.faults values ($1, $2, $3)', [status, name, code]);
const lift = (database: TestDatabase) => database.rows('delete from public.faults');

for (const code of ['53100', '57014', '40P01', '25006', '55P03', '58030', 'XX000']) {
  t.test(`${code} at the start and at the end of a run`, async (test) => {
    const database = await faultyDatabase(test);
    const { handler, open, begun } = gate();
    await queueRuns(database, 'gated', [{}]);
    await set(database, 'running', code);
    const { finished, logged } = await startWorker(test, database, [task('gated', handler)]);
    await logged(/could not be started yet/);
    await lift(database);
    await begun;
    await set(database, 'succeeded', code);
    open();
    await logged(/could not be stored yet/);
    await lift(database);
    await finished(1);
    test.strictSame(await database.rows('select status, attempt, output from chime.runs'), [
      { status: 'succeeded', attempt: 1, output: 'went through' },
    ]);
  });
}

t.test('a start that cannot succeed leaves its job, and spares the others', async (test) => {
  const database = await faultyDatabase(test);
  await queueRuns(database, 'poison', [{}]);
  await queueRuns(database, 'healthy', [{}, {}, {}]);
  await set(database, 'running', '42501', 'poison');
  const done = () => 'done';
  const { finished, logged, worker } = await startWorker(test, database, [
    task('poison', done),
    task('healthy', done),
  ]);
  await finished(3);
  await logged(/could not be started$/);
  await worker.stop();
  test.strictSame(
    await database.rows('select status, count(*)::integer from chime.runs group by 1 order by 1'),
    [
      { status: 'queued', count: 1 },
      { status: 'succeeded', count: 3 },
    ],
  );
  test.strictSame(await database.rows('select last_error, locked_at from graphile_worker.jobs'), [
    { last_error: 'The run could not be started.', locked_at: null },
  ]);
});

t.test('a result that cannot be stored spares the others, and is given up only by stopping', async (test) => {
  const database = await faultyDatabase(test);
  await queueRuns(database, 'poison', [{}]);
  await queueRuns(database, 'healthy', [{}, {}, {}]);
  await set(database, 'succeeded', 'XX001', 'poison');
  const done = () => 'done';
  const { finished, logged, worker } = await startWorker(
    test,
    database,
    [task('poison', done), task('healthy', done)],
    { shutdownTimeout: 0 },
  );
  await finished(3);
  await logged(/could not be stored yet/);
  await worker.stop();
  test.strictSame(
    await database.rows('select task, status, count(*)::integer from chime.runs group by 1, 2 order by 1'),
    [
      { task: 'healthy', status: 'succeeded', count: 3 },
      { task: 'poison', status: 'queued', count: 1 },
    ],
  );
});

t.test('completions fail and then succeed in the same generation', async (test) => {
  const database = await createDatabase(test);
  await database.rows(`create function public.keep() returns trigger language plpgsql as $$
    begin raise exception 'on purpose'; end $$`);
  await database.rows(
    `create trigger keep before delete on graphile_worker._private_jobs for each row execute function public.keep()`,
  );
  const gates = ['first', 'second', 'third'].map((name) => ({ name, ...gate() }));
  const { finished, logged, worker } = await startWorker(test, database, [
    task('short', () => 'done'),
    ...gates.map(({ name, handler }) => task(name, handler)),
  ]);
  for (const { name, begun } of gates) {
    await queueRuns(database, name, [{}]);
    await begun;
  }
  await queueRuns(database, 'short', [{}]);
  await logged(/takes up work anew/);
  await database.rows('drop trigger keep on graphile_worker._private_jobs');
  const left = (name: string) =>
    database.value<number>('select count(*)::integer from graphile_worker.jobs where task_identifier = $1', [
      `chime:${name}`,
    ]);
  for (const { name, open } of gates) {
    open();
    while ((await left(name)) > 0) await turn(); // each completion is a batch of its own
  }
  await finished(4);
  await worker.stop();
  test.strictSame(
    await database.rows('select status, attempt, count(*)::integer from chime.runs group by 1, 2'),
    [{ status: 'succeeded', attempt: 1, count: 4 }],
  );
  test.strictSame(
    await database.rows('select locked_by from graphile_worker.jobs where locked_at is not null'),
    [],
  );
});

t.test('the log of a run that is given back is kept', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun } = gate();
  await queueRuns(database, 'talks', [{}]);
  const { worker } = await startWorker(
    test,
    database,
    [
      task('talks', async (ctx) => {
        const aborted = handler(ctx);
        ctx.signal.addEventListener('abort', () => ctx.log.warn('was aborted'));
        await aborted;
      }),
    ],
    { shutdownTimeout: 3_600_000 },
  );
  await begun;
  worker.hurry();
  await worker.stop();
  test.strictSame(await database.rows('select attempt, message from chime.run_logs'), [
    { attempt: 1, message: 'was aborted' },
  ]);
  test.strictSame(await database.rows('select status from chime.runs'), [{ status: 'queued' }]);
});
