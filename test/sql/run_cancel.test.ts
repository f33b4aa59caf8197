// Cancelling runs: those that wait, at once; those that run, when their worker says so or has not said a word for long.
import t from 'tap';
import { attemptsOf, type Ended } from '../support/attempts.ts';
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
  database.row<{ cancelled: number; more: boolean; next_due_at: Date }>(
    'select * from chime_private.tick($1)',
    [most],
  );
const cancel = (id: string, reason: string | null = null) =>
  database.row('select * from chime.cancel_run($1, $2)', [id, reason]);
const refused = (id: string | null, reason: string | null = null) =>
  database.error('select chime.cancel_run($1, $2)', [id, reason]);
const prepare = async (policy = 'max_retries => 3') => {
  const schedule = await create(`cron => '0 0 1 1 *', overlap => 'allow', timeout => '30 days', ${policy}`);
  return { schedule, id: await queue(schedule) };
};
const running = async () => {
  const { schedule, id } = await prepare();
  const worker = await register();
  await startRuns(worker, [id]);
  return { schedule, id, worker };
};
const cancelledOf = (worker: string) =>
  database.rows('select * from chime_private.cancelled_runs($1)', [worker]);

t.beforeEach(async () => {
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, retry_at = null, finished_at = chime.now() where finished_at is null",
  );
  await database.rows('delete from chime_private.workers');
  await now.set(start);
});

t.test('a queued run, at once', async (test) => {
  const { id } = await prepare();
  test.hasStrict(await cancel(id, 'not needed'), {
    ...{ id, status: 'cancelled', cancel_reason: 'not needed' },
    ...{ cancel_requested_at: after(0), finished_at: after(0), started_at: null },
  });
  test.strictSame(await startRuns(await register(), [id]), [], 'its job finds nothing to do');
  test.strictSame(await recorded(id), []);
});

t.test('a run that waits for its retry, at once', async (test) => {
  const { id } = await prepare();
  await attempt(id, { outcome: 'failed', error: 'x', output: 'half' });
  test.hasStrict(await cancel(id), {
    ...{ status: 'cancelled', retry_at: null, cancel_reason: null, error: 'x', attempt: 1 },
  });
  await now.advance('1 day');
  test.hasStrict(await tick(), { cancelled: 0, retried: 0 });
});

t.test('a running one is asked for, and cancelled when its worker says so', async (test) => {
  const { id, worker } = await running();
  const client = await database.connect(test);
  await client.query('listen chime_worker');
  const told = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
  await now.advance('1 second');
  test.hasStrict(await cancel(id, 'too long'), {
    ...{ status: 'running', cancel_requested_at: after(1), cancel_reason: 'too long', finished_at: null },
  });
  test.equal(await told, worker);
  test.strictSame(await cancelledOf(worker), [{ run_id: id, reason: 'too long' }]);
  test.strictSame(await cancelledOf(await register()), [], 'which is no matter of other workers');
  await now.advance('1 second');
  const ending = { id, attempt: 1, outcome: 'cancelled', output: 'half', reason: 'by the worker' } as const;
  test.hasStrict(await finish([ending]), [{ id, status: 'cancelled', wait_ms: null }]);
  const row = await run(id);
  test.hasStrict(row, {
    ...{ status: 'cancelled', output: 'half', error: null, cancel_reason: 'too long', worker_id: null },
    ...{ finished_at: after(2), retry_count: 0 },
  });
  test.strictSame(await recorded(id), [], 'it has not failed');
  test.strictSame(await cancelledOf(worker), []);
  test.hasStrict(await finish([ending]), [{ status: 'cancelled' }], 'sent again');
  test.strictSame(await run(id), row);
});

t.test('what a worker says of a run that is to be cancelled', async (test) => {
  const cases: ['succeeded' | 'failed' | 'timed_out' | 'gave_up' | 'snoozed', string, number][] = [
    ['succeeded', 'succeeded', 0],
    ['failed', 'cancelled', 1],
    ['timed_out', 'cancelled', 1],
    ['gave_up', 'cancelled', 1],
    ['snoozed', 'cancelled', 0],
  ];
  for (const [outcome, status, attempts] of cases) {
    const { id } = await running();
    await cancel(id, 'why');
    const error = attempts > 0 ? 'x' : null;
    const ending = { id, attempt: 1, outcome, error, wait: '1 hour' };
    test.hasStrict(await finish([ending]), [{ status, wait_ms: null }], outcome);
    test.hasStrict(await run(id), { status, error, cancel_reason: 'why', retry_at: null, retry_count: 0 });
    test.equal((await recorded(id)).length, attempts);
    await now.advance('1 second');
    test.hasStrict(await finish([ending]), [{ status }], `${outcome}, sent again`);
  }
});

t.test('a task that cancels its own run', async (test) => {
  const { id } = await running();
  await finish([{ id, attempt: 1, outcome: 'cancelled', reason: 'nothing to do', output: 'looked' }]);
  test.hasStrict(await run(id), {
    ...{ status: 'cancelled', cancel_reason: 'nothing to do', cancel_requested_at: null, output: 'looked' },
  });
});

t.test('a worker that says nothing is not waited for for ever', async (test) => {
  const { id, worker } = await running();
  await cancel(id);
  await now.set('2026-03-01 12:00:09.999Z');
  await database.rows("update chime_private.workers set lease_until = chime.now() + interval '15 seconds'");
  test.hasStrict(await tick(), { cancelled: 0, next_due_at: after(10) });
  await now.set('2026-03-01 12:00:10Z');
  test.hasStrict(await tick(), { cancelled: 1, more: false });
  test.hasStrict(await run(id), { status: 'cancelled', worker_id: null, finished_at: after(10) });
  test.strictSame(await finish([{ id, attempt: 1 }]), [], 'a late result changes nothing');
  test.hasStrict(await finish([{ id, attempt: 1, outcome: 'cancelled' }]), [{ status: 'cancelled' }]);
  test.strictSame(await cancelledOf(worker), []);
});

t.test('they are written off in batches, and what somebody has locked later', async (test) => {
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.push((await running()).id);
  for (const id of ids) await cancel(id);
  await now.advance('10 seconds');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select from chime.runs where id = $1 for update', [ids[0]]);
  test.hasStrict(await tick(2), { cancelled: 2, more: true });
  test.hasStrict(await tick(5), { cancelled: 2, next_due_at: after(10.25) });
  await client.query('rollback');
  test.hasStrict(await tick(5), { cancelled: 1 });
});

t.test('twice, or when it has ended', async (test) => {
  const { id } = await running();
  await cancel(id, 'first');
  await now.advance('1 second');
  test.hasStrict(await cancel(id, 'second'), { cancel_reason: 'first', cancel_requested_at: after(0) });
  await finish([{ id, attempt: 1, outcome: 'cancelled' }]);
  test.hasStrict(await cancel(id, 'third'), { status: 'cancelled', cancel_reason: 'first' });
  for (const ending of [{}, { outcome: 'gave_up', error: 'x' } as const]) {
    const done = await prepare('max_retries => 0');
    const { status } = (await attempt(done.id, ending)) as Ended;
    const before = await run(done.id);
    test.match(await refused(done.id), {
      ...{ code: 'CH013', message: new RegExp(`cannot be cancelled: it is ${status}`) },
      detail: JSON.stringify({ status }).replace(':', ': '),
    });
    test.strictSame(await run(done.id), before);
  }
});

t.test('what is refused', async (test) => {
  const { id } = await prepare();
  test.match(await refused(null), { code: 'CH011' });
  test.match(await refused('018f0000-0000-7000-8000-000000000000'), { code: 'CH011' });
  test.match(await refused(id, 'x'.repeat(2001)), { code: 'CH007', detail: '{"field": "reason"}' });
  const client = await database.connect(test);
  await client.query("set chime.tenant_id = '00000000-0000-0000-0000-000000000002'");
  for (const call of ['cancel_run', 'retry_run'])
    await test.rejects(
      client.query(`select chime.${call}($1)`, [id]),
      { code: 'CH011' },
      'of another tenant',
    );
  test.hasStrict(await run(id), { status: 'queued' });
});

t.test('a schedule that is cancelled or deleted', async (test) => {
  for (const [call, reason] of [
    ["chime.cancel_schedule($1, 'moved away')", 'Its schedule was cancelled: moved away'],
    ['chime.cancel_schedule($1)', 'Its schedule was cancelled.'],
    ['chime.delete_schedule($1)', 'Its schedule was deleted.'],
  ] as const) {
    const { schedule, id } = await prepare();
    const [waiting, atWork] = [await queue(schedule), await queue(schedule)];
    await attempt(waiting, { outcome: 'failed', error: 'x' });
    await startRuns(await register(), [atWork]);
    await database.rows(`select ${call}`, [schedule]);
    for (const each of [id, waiting])
      test.hasStrict(await run(each), { status: 'cancelled', cancel_reason: reason });
    test.hasStrict(await run(atWork), { status: 'running', cancel_requested_at: null }, 'what runs goes on');
    await finish([{ id: atWork, attempt: 1, output: 'out' }]);
    test.hasStrict(await run(atWork), { status: 'succeeded', output: 'out' });
  }
});

t.test('a worker that stops or dies with a run that is to be cancelled', async (test) => {
  const returned = await running();
  await cancel(returned.id);
  await database.rows('delete from graphile_worker._private_jobs');
  test.equal(await database.value('select chime_private.return_runs($1, $2)', [[returned.id], [1]]), 1);
  const stopped = await running();
  await cancel(stopped.id);
  await database.rows('delete from graphile_worker._private_jobs');
  await database.rows('select chime_private.stop_worker($1)', [stopped.worker]);
  const lost = await running();
  await cancel(lost.id);
  await database.rows('delete from graphile_worker._private_jobs');
  test.equal(
    await database.value('select chime_private.lose_runs($1, $2, chime.now())', [[lost.id], [1]]),
    1,
  );
  for (const { id } of [returned, stopped, lost])
    test.hasStrict(await run(id), {
      status: 'cancelled',
      worker_id: null,
      finished_at: after(0),
      error: null,
    });
  test.hasStrict(await recorded(lost.id), [{ outcome: 'lost' }]);
  test.equal(await database.value('select count(*)::integer from graphile_worker.jobs'), 0, 'without a job');
});

t.test('a start and a cancel at the same moment', async (test) => {
  for (let round = 0; round < 20; round++) {
    const { id } = await prepare();
    const worker = await register();
    const [started, row] = await Promise.all([startRuns(worker, [id]), cancel(id)]);
    if (started.length === 0) test.hasStrict(row, { status: 'cancelled' });
    else test.strictSame(await cancelledOf(worker), [{ run_id: id, reason: null }]);
  }
});

t.test('a cancel that is not committed holds up nothing but its run', async (test) => {
  const { schedule, id } = await prepare();
  const other = await queue(schedule);
  const worker = await register();
  await startRuns(worker, [id, other]);
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select chime.cancel_run($1)', [id]);
  test.match(
    await database.error(
      "select chime_private.finish_runs($1, '{1}', '{succeeded}', '{}', '{}', '{}', '{}', '{}', '{}')",
      [[id]],
    ),
    { code: '55P03' },
  );
  test.hasStrict(await finish([{ id: other, attempt: 1 }]), [{ status: 'succeeded' }]);
  test.hasStrict(await tick(), { cancelled: 0 });
  await client.query('rollback');
  test.hasStrict(await finish([{ id, attempt: 1 }]), [{ status: 'succeeded' }]);
});

t.test('however it is written, a cancelled run does not wait to be run again', async (test) => {
  const { id } = await running();
  await cancel(id);
  for (const status of ['queued', 'retrying'])
    test.match(
      await database.error('update chime.runs set status = $2, worker_id = null where id = $1', [id, status]),
      { constraint: 'runs_cancelled_waits_not' },
    );
});
