// What workers write: starts, finishes, logs, fenced by the attempt; leases, and runs of workers that died.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create } = shorthand(database);

const scheduleId = await create(
  "cron => '@daily', overlap => 'allow', timezone => 'Europe/Berlin', payload => '{\"n\": 1}', max_retries => 0",
);
const queue = () => database.value<string>('select id from chime.run_now($1)', [scheduleId]);
const registerWorker = async (id = randomUUID(), pool = `pool-${id}`) => {
  await database.rows("select chime_private.register_worker($1, 'test', $2, '[]')", [id, pool]);
  return id;
};
const start = (worker: string, ids: string[], resend = false) =>
  database.rows<{ id: string; attempt: number }>('select * from chime_private.start_runs($1, $2, $3)', [
    worker,
    ids,
    resend,
  ]);
const finish = (id: string, attempt: number, outcome = 'succeeded', output: string | null = 'out') =>
  database.rows('select * from chime_private.finish_runs($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    [id],
    [attempt],
    [outcome],
    [output],
    ['{"answer": 42}'],
    [outcome === 'failed' ? 'broken' : null],
    [outcome === 'failed' ? 'at broken.ts:1' : null],
    [],
    [],
  ]);
const run = (id: string) => database.row('select * from chime.runs where id = $1', [id]);

t.test('start and finish', async (test) => {
  const worker = await registerWorker();
  const id = await queue();
  test.hasStrict(await start(worker, [id]), [
    {
      id,
      attempt: 1,
      task: 'noop',
      payload: { n: 1 },
      trigger: 'manual',
      local_time: '2026-03-01 13:00:00',
      timezone: 'Europe/Berlin',
      schedule_id: scheduleId,
    },
  ]);
  test.hasStrict(await run(id), {
    status: 'running',
    attempt: 1,
    worker_id: worker,
    started_at: new Date('2026-03-01T12:00:00Z'),
  });
  test.strictSame(await start(worker, [id]), [], 'a run is started once');
  await now.advance('2 seconds');
  test.equal((await finish(id, 1)).length, 1);
  test.hasStrict(await run(id), {
    status: 'succeeded',
    worker_id: null,
    finished_at: new Date('2026-03-01T12:00:02Z'),
    output: 'out',
    output_summary: 'out',
    result: { answer: 42 },
    error: null,
  });
});

t.test('the summary is the first 500 characters', async (test) => {
  const worker = await registerWorker();
  const id = await queue();
  await start(worker, [id]);
  await finish(id, 1, 'succeeded', '🙂'.repeat(600));
  const row = await run(id);
  test.equal(row.output_summary, '🙂'.repeat(500));
  test.equal(row.output, '🙂'.repeat(600));
});

t.test('another attempt number changes nothing', async (test) => {
  const worker = await registerWorker();
  const id = await queue();
  await start(worker, [id]);
  await database.rows('select chime_private.return_runs($1, $2)', [[id], [1]]);
  test.hasStrict(await start(worker, [id]), [{ attempt: 2 }]);
  test.strictSame(await finish(id, 1), [], 'the first attempt comes too late');
  test.hasStrict(await run(id), { status: 'running', attempt: 2, output: null });
  test.hasStrict(await database.row('select chime_private.return_runs($1, $2) as n', [[id], [1]]), { n: 0 });
  await finish(id, 2, 'failed');
  test.hasStrict(await run(id), { status: 'failed', error: 'broken', error_stack: 'at broken.ts:1' });
  test.strictSame(await finish(id, 2), [], 'a finished run stays as it is');
});

t.test('a finish whose answer was lost may be sent again', async (test) => {
  const worker = await registerWorker();
  const id = await queue();
  await start(worker, [id]);
  await finish(id, 1);
  const before = await run(id);
  await now.advance('1 second');
  test.equal((await finish(id, 1)).length, 1, 'it is answered as recorded');
  test.strictSame(await run(id), before, 'and nothing changes');
});

t.test('a start whose answer was lost may be sent again', async (test) => {
  const worker = await registerWorker();
  const other = await registerWorker();
  const id = await queue();
  await start(worker, [id]);
  test.strictSame(await start(other, [id], true), [], 'but by the same worker only');
  test.hasStrict(await start(worker, [id], true), [{ id, attempt: 2 }]);
});

t.test('log lines of the running attempt', async (test) => {
  const worker = await registerWorker();
  const id = await queue();
  await start(worker, [id]);
  const write = (attempt: number, seq: number, message: string) =>
    database.rows('select chime_private.write_logs($1, $2, $3, $4, $5, $6, $7)', [
      [id],
      [attempt],
      [seq],
      ['info'],
      [message],
      [null],
      ['2026-03-01 12:00Z'],
    ]);
  await write(1, 1, 'kept');
  await write(1, 1, 'the same line again');
  await write(7, 2, 'of another attempt');
  test.hasStrict(
    await database.rows('select message, level, attempt from chime.run_logs where run_id = $1', [id]),
    [{ message: 'kept', level: 'info', attempt: 1 }],
  );
});

t.test('a lease that has ended lets nothing start', async (test) => {
  const worker = await registerWorker();
  const id = await queue();
  await now.advance('16 seconds');
  const error = await database.error('select * from chime_private.start_runs($1, $2, false)', [worker, [id]]);
  test.match(error, { code: 'CH020', message: /lease/ });
  test.equal(
    await database.value('select chime_private.renew_lease($1) is not null', [worker]),
    true,
    'unless it is renewed in time',
  );
  test.equal((await start(worker, [id])).length, 1);
  await database.rows('select chime_private.stop_worker($1)', [worker]);
  test.equal(await database.value('select chime_private.renew_lease($1) is not null', [worker]), false);
});

t.test('runs of a worker that died', async (test) => {
  const clock = randomUUID();
  const tick = () => database.row('select * from chime_private.tick(500, $1)', [clock]);
  await database.rows('update chime_private.workers set stopped_at = chime.now()');
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, finished_at = chime.now() where finished_at is null",
  );
  // The server of the test has just been started, and would have to be older than a lease.
  const serverAge = (age: string) =>
    database.rows(
      `create or replace function chime_private.server_age() returns interval language sql as $$ select interval '${age}' $$`,
    );
  await serverAge('1 hour');

  const worker = await registerWorker();
  const survivor = await registerWorker();
  const ids = [await queue(), await queue()];
  await start(worker, ids);
  await tick();
  await now.advance('16 seconds');
  await database.rows('select chime_private.renew_lease($1)', [survivor]);
  test.hasStrict(await tick(), { recovered: 0 }, 'not by a clock that was away itself');
  for (let step = 0; step < 4; step++) {
    await now.advance('4 seconds');
    await database.rows('select chime_private.renew_lease($1)', [survivor]);
    if (step < 3) test.hasStrict(await tick(), { recovered: 0 });
  }
  await serverAge('3 seconds');
  test.hasStrict(await tick(), { recovered: 0 }, 'not when the server has just come back');
  await serverAge('1 hour');
  const jobs = await database.value<number>('select count(*)::integer from graphile_worker.jobs');
  test.hasStrict(await tick(), { recovered: 2 });
  test.equal(
    await database.value('select count(*)::integer from graphile_worker.jobs'),
    jobs + 2,
    'each with a new job',
  );
  for (const id of ids) {
    test.hasStrict(await run(id), { status: 'queued', attempt: 1, lost_count: 1, worker_id: null });
    test.hasStrict(await database.row('select * from chime.run_attempts where run_id = $1', [id]), {
      attempt: 1,
      outcome: 'lost',
      worker_id: worker,
    });
  }
  test.equal(
    await database.value('select chime_private.renew_lease($1) is not null', [worker]),
    false,
    'the dead stay dead',
  );
  test.strictSame(await finish(ids[0] as string, 1), [], 'and change nothing');
  test.hasStrict(await start(survivor, ids), [{ attempt: 2 }, { attempt: 2 }]);
});

t.test('a run that kills its workers ends', async (test) => {
  const id = await queue();
  for (let death = 1; death <= 3; death++) {
    const worker = await registerWorker();
    await start(worker, [id]);
    await database.rows(
      "update chime_private.workers set lease_until = chime.now() - interval '1 second' where id = $1",
      [worker],
    );
    await database.rows(
      `create or replace function chime_private.clock_is_steady(clock_id uuid, now timestamptz) returns boolean language sql as $$ select true $$`,
    );
    await database.rows('select chime_private.recover_lost_runs(chime.now(), gen_random_uuid())');
  }
  test.hasStrict(await run(id), {
    status: 'failed',
    lost_count: 3,
    error: 'Its worker died 3 times while running it.',
  });
});
