// Attempts that fail: whether the run is tried again, and when, and what is left of each attempt.
import t from 'tap';
import { attemptsOf, type Ended } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const start = '2026-03-01 12:00:00Z';
const now = await MovableNow.install(database, start);
const { create, jobs } = shorthand(database);
const { attempt, finish, queue, recorded, register, run, start: startRuns } = attemptsOf(database);
const after = (ms: number) => new Date(Date.parse(start) + ms);
const tick = (most = 500) =>
  database.row<{ retried: number; more: boolean; next_due_at: Date }>(
    'select * from chime_private.tick($1)',
    [most],
  );
/** A schedule that never fires by itself here, and a run of it. */
const prepare = async (policy: string) => {
  const schedule = await create(`cron => '0 0 1 1 *', overlap => 'allow', timeout => '30 days', ${policy}`);
  return { schedule, id: await queue(schedule) };
};
const plain = "retry_delay => '1 minute', retry_backoff => 'constant'";
/** The instant of the next retry, by the answer of a finish. */
const due = ({ wait_ms: wait }: Ended) => now.advance(`${wait} milliseconds`);

t.beforeEach(async () => {
  await now.set(start);
  await database.rows('select chime.delete_schedule(id) from chime.schedules where deleted_at is null');
});

t.test('how long a run waits', async (test) => {
  const cases: [string, string, string, number[]][] = [
    ['constant', '1 minute', '1 hour', [60, 60, 60, 60]],
    ['linear', '1 minute', '3 minutes', [60, 120, 180, 180]],
    ['exponential', '1 minute', '7 minutes', [60, 120, 240, 420]],
    ['exponential', '0', '1 hour', [0, 0, 0, 0]],
    ['constant', '2 hours', '1 hour', [3600, 3600, 3600, 3600]],
    ['linear', '1 month', '365 days', [30 * 86_400, 60 * 86_400, 90 * 86_400, 120 * 86_400]],
  ];
  for (const [backoff, delay, most, seconds] of cases) {
    const rows = await database.rows<{ least: number; most: number; different: number }>(
      `select min(w.s)::float8 as least, max(w.s)::float8 as most, count(distinct w.s)::integer as different
       from generate_series(1, 4) retry,
         lateral (
           select extract(epoch from chime_private.retry_wait(md5(n::text)::uuid, retry, $1, $2, $3)) as s
           from generate_series(1, 300) n) w
       group by retry order by retry`,
      [delay, backoff, most],
    );
    for (const [index, row] of rows.entries()) {
      const base = seconds[index] as number;
      const name = `${backoff} ${delay} up to ${most}, retry ${index + 1}`;
      test.ok(row.least >= base && row.most <= base * 1.1, `${name}: ${row.least} to ${row.most}`);
      if (base > 0) {
        test.ok(row.least < base * 1.01 && row.most > base * 1.09, `${name}: over the whole of its tenth`);
        test.ok(row.different > 290, `${name}: different for different runs`);
      }
    }
  }
  const wait = (retry: number) =>
    database.value<number>(
      "select extract(epoch from chime_private.retry_wait(md5('x')::uuid, $1, '365 days', 'exponential', '365 days'))::float8",
      [retry],
    );
  test.equal(await wait(3), await wait(3), 'always the same for the same retry');
  test.not(await wait(3), await wait(4));
  for (const retry of [1, 64, 100]) test.ok((await wait(retry)) <= 365 * 86_400 * 1.1, `retry ${retry}`);
});

t.test('an attempt that fails is tried again, and may then succeed', async (test) => {
  const { id } = await prepare("max_retries => 2, retry_delay => '10 minutes'");
  await database.rows('delete from graphile_worker._private_jobs');
  const ended = await attempt(id, { outcome: 'failed', output: 'half', error: 'broken', stack: 'at x.ts:1' });
  test.hasStrict(ended, { id, status: 'retrying', retry: 1, retries: 2 });
  const wait = ended.wait_ms as number;
  test.ok(wait >= 600_000 && wait <= 660_000, `${wait}`);
  test.hasStrict(await run(id), {
    ...{ status: 'retrying', attempt: 1, retry_count: 1, worker_id: null, finished_at: null },
    ...{ error: 'broken', error_stack: 'at x.ts:1', output: null },
  });
  test.hasStrict(await recorded(id), [
    {
      ...{ attempt: 1, outcome: 'failed', error: 'broken', error_stack: 'at x.ts:1', output: 'half' },
      ...{ started_at: after(0), finished_at: after(0) },
    },
  ]);
  const { retry_at: retryAt } = (await run(id)) as { retry_at: Date };
  test.hasStrict(await tick(), { retried: 0, next_due_at: retryAt });
  await now.advance(`${wait - 1} milliseconds`);
  test.hasStrict(await tick(), { retried: 0 }, 'not a moment before');
  test.equal(await jobs(), 0);
  await now.advance('1 millisecond');
  test.hasStrict(await tick(), { retried: 1, more: false });
  test.hasStrict(await run(id), { status: 'queued', retry_at: null, error: null, error_stack: null });
  test.equal(await jobs(), 1, 'with a job');
  test.hasStrict(await tick(), { retried: 0 }, 'once');
  test.hasStrict(await attempt(id, { output: 'whole' }), { status: 'succeeded', wait_ms: null, retry: null });
  test.hasStrict(await run(id), {
    ...{ status: 'succeeded', attempt: 2, retry_count: 1, output: 'whole', error: null, error_stack: null },
    ...{ started_at: after(wait), finished_at: after(wait) },
  });
  test.equal((await recorded(id)).length, 1, 'only what went wrong is on record');
});

t.test('retries are exhausted', async (test) => {
  const { id } = await prepare(`max_retries => 2, ${plain}`);
  for (const retry of [1, 2]) {
    const ended = await attempt(id, { outcome: 'failed', error: `broken ${retry}`, output: `out ${retry}` });
    test.hasStrict(ended, { status: 'retrying', retry, retries: 2 });
    await due(ended);
    await tick();
  }
  const last = await attempt(id, { outcome: 'failed', error: 'broken 3', stack: 'at 3', output: 'out 3' });
  test.hasStrict(last, { status: 'failed', wait_ms: null, retry: null, retries: null });
  const row = await run(id);
  test.hasStrict(row, { status: 'failed', attempt: 3, retry_count: 2, error: 'broken 3', output: 'out 3' });
  test.ok(row.finished_at);
  test.hasStrict(await recorded(id), [
    { attempt: 1, outcome: 'failed', error: 'broken 1', output: 'out 1' },
    { attempt: 2, outcome: 'failed', error: 'broken 2', output: 'out 2' },
    { attempt: 3, outcome: 'failed', error: 'broken 3', error_stack: 'at 3', output: null },
  ]);
});

t.test('no retries are wanted, or none can help', async (test) => {
  const never = await prepare('max_retries => 0');
  test.hasStrict(await attempt(never.id, { outcome: 'failed', error: 'x' }), { status: 'failed' });
  const gaveUp = await prepare('max_retries => 5');
  test.hasStrict(await attempt(gaveUp.id, { outcome: 'gave_up', error: 'x' }), { status: 'failed' });
  test.hasStrict(await run(gaveUp.id), { retry_count: 0, error: 'x' });
  test.hasStrict(await recorded(gaveUp.id), [{ outcome: 'failed', error: 'x' }]);
  const slow = await prepare('max_retries => 0');
  test.hasStrict(await attempt(slow.id, { outcome: 'timed_out', error: 'x' }), { status: 'timed_out' });
  test.hasStrict(await recorded(slow.id), [{ outcome: 'timed_out' }]);
  const cancelled = await prepare('max_retries => 5');
  test.hasStrict(await attempt(cancelled.id, { outcome: 'cancelled' }), { status: 'cancelled' });
  test.strictSame(await recorded(cancelled.id), []);
});

t.test('a run without a schedule has the default policy', async (test) => {
  const id = await database.value<string>(
    `insert into chime.runs (id, tenant_id, task, payload, trigger, scheduled_for, due_at, status, created_at)
     select chime_private.new_id(chime.now()), chime.current_tenant(), 'noop', '{}', 'event', chime.now(), chime.now(), 'queued', chime.now()
     returning id`,
  );
  const ended = await attempt(id, { outcome: 'timed_out', error: 'x' });
  test.hasStrict(ended, { status: 'retrying', retry: 1, retries: 3 });
  const wait = ended.wait_ms as number;
  test.ok(wait >= 60_000 && wait <= 66_000, `${wait}`);
});

t.test('the attempt says itself how long to wait', async (test) => {
  const { id } = await prepare("max_retries => 1, retry_max_delay => '1 minute'");
  const longer = await attempt(id, { outcome: 'failed', error: 'x', wait: '2 days' });
  test.hasStrict(longer, { status: 'retrying', wait_ms: 2 * 86_400_000, retry: 1 });
  await due(longer);
  await tick();
  test.hasStrict(await attempt(id, { outcome: 'failed', error: 'x', wait: '1 minute' }), {
    status: 'failed',
    wait_ms: null,
  });
});

t.test('a snooze spends no retry and leaves no attempt', async (test) => {
  const { id } = await prepare('max_retries => 0');
  for (const wait of ['1 hour', '1 hour']) {
    const ended = await attempt(id, { outcome: 'snoozed', output: 'not yet', wait });
    test.hasStrict(ended, { status: 'retrying', wait_ms: 3_600_000, retry: null, retries: null });
    test.hasStrict(await run(id), { status: 'retrying', retry_count: 0, error: null, output: 'not yet' });
    await due(ended);
    test.hasStrict(await tick(), { retried: 1 });
  }
  for (const wait of ['0', '-1 day'])
    test.hasStrict(
      await attempt(id, { outcome: 'snoozed', wait }).then(async (ended) => {
        await due(ended);
        await tick();
        return ended;
      }),
      { wait_ms: 1000 },
      'a second at least, or it would keep a worker busy for ever',
    );
  await attempt(id, { output: 'now' });
  test.hasStrict(await run(id), { status: 'succeeded', attempt: 5, output: 'now' });
  test.strictSame(await recorded(id), []);
});

t.test('what is sent again changes nothing and gets its answer', async (test) => {
  const { id } = await prepare(`max_retries => 2, ${plain}`);
  const worker = await register();
  await startRuns(worker, [id]);
  const failure = { id, attempt: 1, outcome: 'failed', error: 'x', output: 'out' } as const;
  const [first] = await finish([failure]);
  const before = await run(id);
  test.hasStrict(await finish([failure]), [{ id, status: 'retrying', wait_ms: first?.wait_ms }]);
  test.strictSame(await run(id), before);
  await due(first as Ended);
  test.hasStrict(await finish([failure]), [{ status: 'retrying', wait_ms: 0 }]);
  await tick();
  test.hasStrict(await finish([failure]), [{ status: 'retrying', wait_ms: null }], 'it is queued by now');
  await startRuns(await register(), [id]);
  test.hasStrict(await finish([failure]), [{ status: 'retrying' }], 'and running');
  test.hasStrict(await run(id), { status: 'running', attempt: 2, retry_count: 1 });
  test.equal((await recorded(id)).length, 1);
  test.strictSame(await finish([{ id, attempt: 1 }]), [], 'what says otherwise comes too late');

  await finish([{ id, attempt: 2, outcome: 'snoozed', wait: '1 hour' }]);
  test.hasStrict(await finish([{ id, attempt: 2, outcome: 'snoozed', wait: '1 hour' }]), [
    { status: 'retrying' },
  ]);
  test.hasStrict(await run(id), {
    retry_at: new Date(Date.parse(start) + (first?.wait_ms ?? 0) + 3_600_000),
  });
  await now.advance('1 hour');
  await tick();
  await attempt(id, { outcome: 'gave_up', error: 'y' });
  test.hasStrict(await finish([{ id, attempt: 3, outcome: 'gave_up', error: 'y' }]), [{ status: 'failed' }]);
});

t.test('a batch of all kinds', async (test) => {
  const { schedule } = await prepare(`max_retries => 1, ${plain}`);
  const kinds = ['succeeded', 'failed', 'gave_up', 'timed_out', 'snoozed', 'cancelled'] as const;
  const ids: string[] = [];
  for (const _kind of kinds) ids.push(await queue(schedule));
  await startRuns(await register(), ids);
  const endings = kinds.map((outcome, index) => ({
    ...{ id: ids[index] as string, attempt: 1, outcome, wait: '5 minutes' },
    ...(outcome === 'failed' && { error: 'x' }),
  }));
  const answers = await finish(endings);
  const became = (rows: Ended[]) => Object.fromEntries(rows.map(({ id, status }) => [id, status]));
  const expected = ['succeeded', 'retrying', 'failed', 'retrying', 'retrying', 'cancelled'];
  test.strictSame(became(answers), Object.fromEntries(ids.map((id, index) => [id, expected[index]])));
  await now.advance('1 second');
  test.strictSame(became(await finish(endings)), became(answers), 'sent again');
});

t.test('an edit of the schedule counts from the next end of an attempt on', async (test) => {
  const { schedule, id } = await prepare(`max_retries => 3, ${plain}, payload => '{"n": 1}'`);
  await register(['noop', 'other']);
  const ended = await attempt(id, { outcome: 'failed', error: 'x' });
  await database.rows('select chime.update_schedule($1, $2)', [
    schedule,
    JSON.stringify({ max_retries: 1, payload: { n: 2 }, task: 'other' }),
  ]);
  await due(ended);
  test.hasStrict(await tick(), { retried: 1 });
  test.hasStrict(await run(id), { payload: { n: 1 }, task: 'noop' }, 'the run stays what it is');
  test.hasStrict(await attempt(id, { outcome: 'failed', error: 'y' }), { status: 'failed' });
});

t.test('a schedule that ends while its run is tried again', async (test) => {
  for (const end of ['cancel_schedule', 'delete_schedule']) {
    const { schedule, id } = await prepare(`max_retries => 3, ${plain}`);
    const running = await queue(schedule);
    await startRuns(await register(), [running]);
    await attempt(id, { outcome: 'failed', error: 'x' });
    await database.rows(`select chime.${end}($1)`, [schedule]);
    test.hasStrict(await run(id), { status: 'cancelled', retry_at: null, error: 'x' }, end);
    await now.advance('1 day');
    test.hasStrict(await tick(), { retried: 0 });
    const [last] = await finish([{ id: running, attempt: 1, outcome: 'failed', error: 'y' }]);
    test.hasStrict(last, { status: 'failed' }, `${end}: what ran on is not tried again`);
  }
  const { schedule, id } = await prepare(`max_retries => 3, ${plain}`);
  await database.rows('select chime.pause_schedule($1)', [schedule]);
  test.hasStrict(await attempt(id, { outcome: 'failed', error: 'x' }), { status: 'retrying' }, 'a pause');
});

t.test('a run that waits for its retry is not finished', async (test) => {
  const schedule = await create(`cron => '*/10 * * * *', max_retries => 1, retry_delay => '15 minutes'`);
  await now.advance('10 minutes');
  await tick();
  const id = await database.value<string>('select last_run_id from chime.schedules where id = $1', [
    schedule,
  ]);
  await attempt(id, { outcome: 'failed', error: 'x' });
  await now.advance('10 minutes');
  test.hasStrict(await tick(), { fired: 0, skipped: 1 });
  test.match(await database.error('select chime.run_now($1)', [schedule]), { code: 'CH013' });
});

t.test('a worker that dies spends no retry, and one that is gone holds none up', async (test) => {
  const { id } = await prepare(`max_retries => 1, ${plain}`);
  await startRuns(await register(), [id]);
  await database.rows('select chime_private.lose_runs(array[$1::uuid], array[1], chime.now())', [id]);
  test.hasStrict(await run(id), { status: 'queued', lost_count: 1, retry_count: 0 });
  const worker = await register();
  await startRuns(worker, [id]);
  const [ended] = await finish([{ id, attempt: 2, outcome: 'failed', error: 'x' }]);
  test.hasStrict(ended, { status: 'retrying', retry: 1 });
  await database.rows('delete from chime_private.workers where id = $1', [worker]);
  await due(ended as Ended);
  test.hasStrict(await tick(), { retried: 1 });
  test.hasStrict(await attempt(id), { status: 'succeeded' });
  test.hasStrict(await recorded(id), [
    { attempt: 1, outcome: 'lost' },
    { attempt: 2, outcome: 'failed' },
  ]);
});

t.test('retries that are due are moved in batches, the oldest first', async (test) => {
  const { schedule } = await prepare('max_retries => 1');
  const ids: string[] = [];
  for (let minutes = 1; minutes <= 5; minutes++) {
    const id = await queue(schedule);
    await attempt(id, { outcome: 'failed', error: 'x', wait: `${minutes} minutes` });
    ids.push(id);
  }
  await now.advance('1 hour');
  test.hasStrict(await tick(2), { retried: 2, more: true });
  const states = await database.rows(
    'select status from chime.runs where id = any ($1) order by array_position($1, id)',
    [ids],
  );
  test.strictSame(
    states.map(({ status }) => status),
    ['queued', 'queued', 'retrying', 'retrying', 'retrying'],
  );
});

t.test('two clocks at once move each retry once, and what somebody has locked later', async (test) => {
  const { schedule } = await prepare('max_retries => 1');
  const ids: string[] = [];
  for (let count = 0; count < 40; count++) ids.push(await queue(schedule));
  await startRuns(await register(), ids);
  await finish(ids.map((id) => ({ id, attempt: 1, outcome: 'failed', error: 'x', wait: '1 minute' })));
  await database.rows('delete from graphile_worker._private_jobs');
  await now.advance('1 minute');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select from chime.runs where id = $1 for update', [ids[0]]);
  let moved = 0;
  for (let round = 0; round < 10; round++) {
    const ticks = await Promise.all([tick(3), tick(3), tick(3)]);
    moved += ticks.reduce((sum, { retried }) => sum + retried, 0);
  }
  test.equal(moved, 39);
  test.equal(await jobs(), 39, 'each with one job');
  const { next_due_at: next } = await tick();
  test.strictSame(next, after(60_250), 'looked for again soon');
  await client.query('rollback');
  test.hasStrict(await tick(), { retried: 1 });
});

t.test('clocks are told of a retry', async (test) => {
  const { id } = await prepare('max_retries => 1');
  const client = await database.connect(test);
  await client.query('listen chime_clock');
  const told = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
  await attempt(id, { outcome: 'failed', error: 'x', wait: '90 seconds' });
  test.equal(await told, '2026-03-01T12:01:30.000000Z');
});
