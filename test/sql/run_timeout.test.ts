// Deadlines of attempts, and what a clock does when one is long past and the worker has not said a word.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const start = '2026-03-01 12:00:00Z';
const now = await MovableNow.install(database, start);
const { create } = shorthand(database);
const { attempt, finish, queue, recorded, register, run, start: startRuns } = attemptsOf(database);
const after = (seconds: number) => new Date(Date.parse(start) + seconds * 1000);
const tick = (most = 500) =>
  database.row<{ timed_out: number; retried: number; more: boolean; next_due_at: Date }>(
    'select * from chime_private.tick($1)',
    [most],
  );
const prepare = async (policy: string) => {
  const schedule = await create(`cron => '0 0 1 1 *', overlap => 'allow', ${policy}`);
  return { schedule, id: await queue(schedule) };
};
const watchOf = (worker: string) =>
  database.value<Date | null>('select watch_at from chime_private.workers where id = $1', [worker]);

const renew = () =>
  database.rows(
    "update chime_private.workers set lease_until = chime.now() + interval '15 seconds' where stopped_at is null",
  );
/** Time passes, and all workers renew their leases. */
const pass = async (interval: string) => {
  await now.advance(interval);
  await renew();
};

t.beforeEach(async () => {
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, retry_at = null, finished_at = chime.now() where finished_at is null",
  );
  await database.rows('delete from chime_private.workers');
  await now.set(start);
});

t.test('an attempt has as long as its schedule says when it starts', async (test) => {
  const { schedule, id } = await prepare("timeout => '90 seconds', max_retries => 1, retry_delay => '0'");
  const worker = await register();
  test.hasStrict(await startRuns(worker, [id]), [{ id, timeout_ms: 90_000 }]);
  test.hasStrict(await run(id), { started_at: after(0), deadline_at: after(90) });
  await database.rows('select chime.update_schedule($1, $2)', [schedule, '{"timeout": "1 day"}']);
  test.hasStrict(await run(id), { deadline_at: after(90) }, 'an edit counts from the next attempt on');
  await finish([{ id, attempt: 1, outcome: 'failed', error: 'x' }]);
  await tick();
  test.hasStrict(await startRuns(worker, [id]), [{ timeout_ms: 86_400_000 }]);
  const free = await database.value<string>(
    `insert into chime.runs (id, tenant_id, task, payload, trigger, scheduled_for, due_at, status, created_at)
     select chime_private.new_id(chime.now()), chime.current_tenant(), 'noop', '{}', 'event', chime.now(), chime.now(), 'queued', chime.now()
     returning id`,
  );
  test.hasStrict(await startRuns(worker, [free]), [{ timeout_ms: 300_000 }], 'without one, five minutes');
});

t.test('what is long past its deadline is written off, by the policy of its schedule', async (test) => {
  const { id } = await prepare("timeout => '1 minute', max_retries => 1, retry_delay => '0'");
  const worker = await register();
  await startRuns(worker, [id]);
  await now.set('2026-03-01 12:01:09.999Z');
  await renew();
  test.hasStrict(
    await tick(),
    { timed_out: 0, next_due_at: after(70) },
    'its worker may still say so itself',
  );
  await now.set('2026-03-01 12:01:10Z');
  test.hasStrict(await tick(), { timed_out: 1, more: false });
  const error = 'It had not ended 00:01:00 after its start, and its worker could not end it.';
  test.hasStrict(await run(id), { status: 'retrying', retry_count: 1, worker_id: null, error });
  test.hasStrict(await recorded(id), [{ attempt: 1, outcome: 'timed_out', worker_id: worker, error }]);
  test.strictSame(await finish([{ id, attempt: 1 }]), [], 'a late result changes nothing');
  test.hasStrict(
    await finish([{ id, attempt: 1, outcome: 'timed_out', error: 'by the worker' }]),
    [{ status: 'retrying' }],
    'the worker that says the same is told so',
  );
  test.hasStrict(await run(id), { error });

  test.hasStrict(await tick(), { retried: 1 });
  const other = await register();
  test.hasStrict(await startRuns(other, [id]), [{ attempt: 2 }]);
  test.hasStrict(await run(id), { started_at: after(70), deadline_at: after(130) });
  await pass('70 seconds');
  test.hasStrict(await tick(), { timed_out: 1 });
  test.hasStrict(await run(id), { status: 'timed_out', attempt: 2, finished_at: after(140) });
  test.hasStrict(await recorded(id), [
    { attempt: 1 },
    { attempt: 2, outcome: 'timed_out', worker_id: other },
  ]);
});

t.test('a worker is looked at when its first deadline has come, and not before', async (test) => {
  const { schedule } = await prepare("timeout => '10 minutes'");
  const short = await create("cron => '0 0 1 1 *', overlap => 'allow', timeout => '1 minute'");
  const worker = await register();
  test.equal(await watchOf(worker), null);
  const long = await queue(schedule);
  await startRuns(worker, [long]);
  test.strictSame(await watchOf(worker), after(610));
  const quick = await queue(short);
  await startRuns(worker, [quick]);
  test.strictSame(await watchOf(worker), after(70), 'sooner for a shorter one');
  await startRuns(worker, [await queue(schedule)]);
  test.strictSame(await watchOf(worker), after(70), 'not later for a longer one');
  await startRuns(worker, []);
  test.strictSame(await watchOf(worker), after(70));
  await finish([{ id: quick, attempt: 1 }]);
  await pass('70 seconds');
  test.hasStrict(await tick(), { timed_out: 0 });
  test.strictSame(await watchOf(worker), after(610), 'then for the next one');
  const rest = await database.rows<{ id: string }>("select id from chime.runs where status = 'running'");
  await finish(rest.map((row) => ({ id: row.id, attempt: 1 })));
  await pass('10 minutes');
  await tick();
  test.equal(await watchOf(worker), null);
});

t.test('runs of a worker that is gone are lost and not timed out', async (test) => {
  const { id } = await prepare("timeout => '1 second', max_retries => 0");
  const worker = await register();
  await startRuns(worker, [id]);
  await now.advance('1 hour');
  test.hasStrict(await tick(), { timed_out: 0 });
  test.hasStrict(await run(id), { status: 'running' }, 'until a steady clock takes it back');
  await renew();
  await database.rows('update chime_private.workers set stopped_at = chime.now() where id = $1', [worker]);
  test.hasStrict(await tick(), { timed_out: 0 });
});

t.test('they are written off in batches, and what somebody has locked later', async (test) => {
  const { schedule } = await prepare("timeout => '1 second', max_retries => 0");
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.push(await queue(schedule));
  const worker = await register();
  await startRuns(worker, ids);
  await pass('1 minute');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select from chime.runs where id = $1 for update', [ids[0]]);
  test.hasStrict(await tick(2), { timed_out: 2, more: true });
  test.hasStrict(await tick(5), { timed_out: 2, more: false });
  test.hasStrict(await tick(5), { timed_out: 0, next_due_at: after(60.25) }, 'looked for again soon');
  await client.query('rollback');
  test.hasStrict(await tick(5), { timed_out: 1 });
  test.equal(await watchOf(worker), null);
});

t.test('a start that is under way is not overlooked', async (test) => {
  const { schedule } = await prepare("timeout => '1 minute'");
  const worker = await register();
  await startRuns(worker, [await queue(schedule)]);
  await pass('70 seconds');
  const late = await queue(schedule);
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select chime_private.start_runs($1, $2, false)', [worker, [late]]);
  test.hasStrict(await tick(), { timed_out: 0 }, 'the worker is left alone meanwhile');
  await client.query('commit');
  test.hasStrict(await tick(), { timed_out: 1 });
  test.strictSame(await watchOf(worker), after(140), 'and its new run is watched');
});

t.test('two clocks at once write off each attempt once', async (test) => {
  const { schedule } = await prepare("timeout => '1 second', max_retries => 0");
  const ids: string[] = [];
  for (let count = 0; count < 30; count++) ids.push(await queue(schedule));
  for (let part = 0; part < 3; part++)
    await startRuns(await register(), ids.slice(10 * part, 10 * part + 10));
  await pass('1 minute');
  const ticks = await Promise.all([tick(), tick(), tick()]);
  const rest = await tick();
  test.equal(
    [...ticks, rest].reduce((sum, each) => sum + each.timed_out, 0),
    30,
  );
  test.strictSame(
    await database.rows(
      "select count(*)::integer as n from chime.run_attempts where run_id = any ($1) and outcome = 'timed_out'",
      [ids],
    ),
    [{ n: 30 }],
  );
});

t.test('a run that is finished in time is left alone', async (test) => {
  const { id } = await prepare("timeout => '1 minute'");
  await attempt(id);
  await now.advance('1 hour');
  test.hasStrict(await tick(), { timed_out: 0 });
  test.hasStrict(await run(id), { status: 'succeeded', deadline_at: after(60) });
});
