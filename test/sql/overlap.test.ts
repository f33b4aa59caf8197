// Fires while an earlier run of the same schedule is not finished, by each policy.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const start = '2026-03-01 12:00:00Z';
const now = await MovableNow.install(database, start);
const { create, jobs, schedule: scheduleOf } = shorthand(database);
const { finish, register, run, start: startRuns } = attemptsOf(database);
const tick = (most = 500) => database.row('select * from chime_private.tick($1)', [most]);
const statuses = async (id: string) =>
  (
    await database.rows(
      "select case when waits_for is not null then 'held' else status::text end as s from chime.runs where schedule_id = $1 order by scheduled_for, id",
      [id],
    )
  ).map(({ s }) => s);
const ids = async (id: string) =>
  (
    await database.rows<{ id: string }>(
      'select id from chime.runs where schedule_id = $1 order by scheduled_for, id',
      [id],
    )
  ).map((row) => row.id);
/** A worker takes whatever has a job, as graphile-worker would give it. */
const work = async () => {
  const jobIds = (
    await database.rows<{ id: string }>(
      "delete from graphile_worker._private_jobs returning payload ->> 'run_id' as id",
    )
  ).map(({ id }) => id);
  return startRuns(await register(), jobIds);
};
/** The next fire comes, its fire is queued and wanted by a worker. */
const minute = async (interval = '1 minute') => {
  await now.advance(interval);
  await tick();
  await work();
};
const end = async (id: string | undefined, ending: object = {}) => {
  const { attempt } = await run(id as string);
  await finish([{ id: id as string, attempt: attempt as number, ...ending }]);
  await tick();
  await work();
};

t.beforeEach(async () => {
  await now.set(start);
  await database.rows('select chime.delete_schedule(id) from chime.schedules where deleted_at is null');
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, finished_at = chime.now() where status = 'running'",
  );
  await database.rows('delete from graphile_worker._private_jobs');
});
t.test('buffer_one: one waits, the others are skipped', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_one'");
  for (let minutes = 0; minutes < 4; minutes++) await minute();
  test.strictSame(await statuses(id), ['running', 'held', 'skipped', 'skipped']);
  const [first, second, third] = await ids(id);
  test.hasStrict(await run(second as string), {
    ...{ status: 'queued', in_turn: true, waits_for: 'other runs of its schedule', attempt: 0 },
  });
  test.hasStrict(await run(third as string), { skip_reason: 'overlap', in_turn: false });
  test.hasStrict(await scheduleOf(id), { run_count: 2, last_run_id: second });
  test.equal(await jobs(), 0, 'what is held has no job');
  await end(first);
  test.strictSame(await statuses(id), ['succeeded', 'running', 'skipped', 'skipped']);
  test.hasStrict(await run(second as string), { waits_for: null });
  await minute();
  await end(second);
  test.strictSame((await statuses(id)).slice(-1), ['running']);
});

t.test('buffer_one without a worker', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_one'");
  for (let minutes = 0; minutes < 3; minutes++) {
    await now.advance('1 minute');
    await tick();
  }
  test.strictSame(await statuses(id), ['queued', 'queued', 'skipped']);
  await work();
  test.strictSame(await statuses(id), ['running', 'held', 'skipped']);
});

t.test('buffer_all: all wait, in their order', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_all'");
  for (let minutes = 0; minutes < 4; minutes++) await minute();
  test.strictSame(await statuses(id), ['running', 'held', 'held', 'held']);
  const all = await ids(id);
  for (const [index, each] of all.entries()) {
    await end(each);
    const expected = all.map((_id, at) =>
      at <= index ? 'succeeded' : at === index + 1 ? 'running' : 'held',
    );
    test.strictSame(await statuses(id), expected);
  }
});

t.test('a later run that comes to a worker first lets the earlier one go first', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_all'");
  for (let minutes = 0; minutes < 3; minutes++) {
    await now.advance('1 minute');
    await tick();
  }
  const [first, second, third] = (await ids(id)) as [string, string, string];
  const worker = await register();
  test.strictSame(await startRuns(worker, [third]), []);
  test.strictSame(await startRuns(worker, [second]), []);
  test.strictSame(await statuses(id), ['queued', 'held', 'held']);
  test.hasStrict(await startRuns(worker, [first]), [{ id: first }]);
  await database.rows('delete from graphile_worker._private_jobs');
  await end(first);
  test.strictSame(await statuses(id), ['succeeded', 'running', 'held']);
});

t.test('an earlier one that is cancelled on its way leaves its turn', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_all'");
  for (let minutes = 0; minutes < 2; minutes++) {
    await now.advance('1 minute');
    await tick();
  }
  const [first, second] = (await ids(id)) as [string, string];
  test.strictSame(await startRuns(await register(), [second]), []);
  await database.rows('delete from graphile_worker._private_jobs');
  await database.rows('select chime.cancel_run($1)', [first]);
  await tick();
  await work();
  test.strictSame(await statuses(id), ['cancelled', 'running']);
});

t.test('buffer_all is bounded', async (test) => {
  const id = await create("every => '1 second', overlap => 'buffer_all', catch_up => 'all'");
  await now.advance('1100 seconds');
  await tick();
  const counts = () =>
    database.row(
      "select count(*) filter (where status = 'queued')::integer as queued, count(*) filter (where skip_reason = 'overlap')::integer as skipped from chime.runs where schedule_id = $1",
      [id],
    );
  test.strictSame(await counts(), { queued: 1000, skipped: 0 });
  await now.advance('1 second');
  await tick();
  test.strictSame(await counts(), { queued: 1001, skipped: 0 }, 'one that may run, and a thousand that wait');
  await now.advance('1 second');
  await tick();
  test.strictSame(await counts(), { queued: 1001, skipped: 1 });
});

t.test('cancel_other: the later run takes the place of the earlier', async (test) => {
  const id = await create("every => '3 seconds', overlap => 'cancel_other'");
  await minute('3 seconds');
  const client = await database.connect(test);
  await client.query('listen chime_worker');
  const told = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
  await minute('3 seconds');
  const [first, second] = (await ids(id)) as [string, string];
  const { worker_id: worker } = await run(first);
  test.equal(await told, worker);
  test.strictSame(await statuses(id), ['running', 'held']);
  test.hasStrict(await run(first), { cancel_reason: 'A later run of its schedule took its place.' });
  await minute('3 seconds');
  test.strictSame(await statuses(id), ['running', 'cancelled', 'held'], 'what waited makes room at once');
  await end(first, { outcome: 'cancelled' });
  test.strictSame(await statuses(id), ['cancelled', 'cancelled', 'running']);
  test.hasStrict(await run(second), {
    started_at: null,
    cancel_reason: 'A later run of its schedule took its place.',
  });
});

t.test('cancel_other, where the earlier one was just being started', async (test) => {
  const id = await create("every => '3 seconds', overlap => 'cancel_other'");
  await now.advance('3 seconds');
  await tick();
  const [first] = (await ids(id)) as [string];
  await database.rows('delete from graphile_worker._private_jobs');
  const worker = await register();
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select chime_private.start_runs($1, $2, false)', [worker, [first]]);
  await now.advance('3 seconds');
  await tick();
  await client.query('commit');
  test.hasStrict(await run(first), { status: 'running', cancel_requested_at: null });
  await work();
  test.strictSame(await statuses(id), ['running', 'held']);
  test.not((await run(first)).cancel_requested_at, null);
  await end(first, { outcome: 'cancelled' });
  test.strictSame(await statuses(id), ['cancelled', 'running']);
});

t.test('a run that waits for its retry keeps its turn', async (test) => {
  const id = await create(
    "cron => '* * * * *', overlap => 'buffer_all', retry_delay => '30 seconds', retry_backoff => 'constant'",
  );
  await minute();
  const [first] = (await ids(id)) as [string];
  await minute();
  await end(first, { outcome: 'failed', error: 'x' });
  test.strictSame(await statuses(id), ['retrying', 'held']);
  await now.advance('50 seconds');
  await tick();
  await work();
  test.strictSame(await statuses(id), ['running', 'held']);
  await end(first);
  test.strictSame(await statuses(id), ['succeeded', 'running']);
});

t.test('the holder is lost, given back, or written off', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_all', max_retries => 0");
  await minute();
  await minute();
  const [first, second] = (await ids(id)) as [string, string];
  await database.rows('select chime_private.lose_runs(array[$1::uuid], array[1], chime.now())', [first]);
  test.strictSame(await statuses(id), ['queued', 'held'], 'it keeps its turn');
  await work();
  await database.rows('select chime_private.return_runs(array[$1::uuid], array[2])', [first]);
  await work();
  test.strictSame(await statuses(id), ['running', 'held']);
  await database.rows('select chime_private.lose_runs(array[$1::uuid], array[3], chime.now())', [first]);
  await work();
  await database.rows('select chime_private.lose_runs(array[$1::uuid], array[4], chime.now())', [first]);
  await tick();
  await work();
  test.strictSame(await statuses(id), ['failed', 'running']);
  test.hasStrict(await run(second), { attempt: 1 });
});

t.test('held runs are cancelled, by themselves and with their schedule', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'buffer_all'");
  for (let minutes = 0; minutes < 4; minutes++) await minute();
  const [first, second] = (await ids(id)) as [string, string];
  await database.rows('select chime.cancel_run($1)', [second]);
  test.hasStrict(await run(second), { status: 'cancelled', waits_for: null });
  test.strictSame(await statuses(id), ['running', 'cancelled', 'held', 'held']);
  await database.rows('select chime.delete_schedule($1)', [id]);
  test.strictSame(await statuses(id), ['running', 'cancelled', 'cancelled', 'cancelled']);
  await end(first);
  test.strictSame((await statuses(id))[0], 'succeeded');
  test.equal(await database.value('select count(*)::integer from chime_private.slot_runs'), 0);
  test.equal(await database.value('select count(*)::integer from chime_private.freed_slots'), 0);
});

t.test('by hand', async (test) => {
  const one = await create("cron => '0 0 1 1 *', overlap => 'buffer_one'");
  const now1 = (id: string, overlap = false) =>
    database.row<{ id: string }>('select * from chime.run_now($1, null, $2)', [id, overlap]);
  await now1(one);
  test.hasStrict(await now1(one), { in_turn: true });
  test.match(await database.error('select chime.run_now($1)', [one]), {
    code: 'CH013',
    hint: /allow_overlap/,
  });
  test.hasStrict(await now1(one, true), { in_turn: false });
  await work();
  test.strictSame((await statuses(one)).sort(), ['held', 'running', 'running']);
  const other = await create("cron => '0 0 1 1 *', overlap => 'cancel_other'");
  const first = await now1(other);
  await now.advance('1 second');
  await now1(other);
  test.hasStrict(await run(first.id), { status: 'cancelled' });
});

t.test('a backfill, one after the other', async (test) => {
  const id = await create("cron => '0 * * * *', overlap => 'skip'");
  const fill = (overlap: string) =>
    database.rows("select * from chime.backfill($1, '2026-03-01 06:00Z', '2026-03-01 09:00Z', $2, false)", [
      id,
      overlap,
    ]);
  test.match(
    await database.error(
      "select chime.backfill($1, '2026-03-01 06:00Z', '2026-03-01 09:00Z', 'cancel_other')",
      [id],
    ),
    { code: 'CH007', detail: /overlap/ },
  );
  test.strictSame(
    (await fill('buffer_one')).map(({ outcome }) => outcome),
    ['queued', 'queued', 'overlap', 'overlap'],
  );
  test.strictSame(
    (await fill('buffer_all')).map(({ outcome }) => outcome),
    ['exists', 'exists', 'queued', 'queued'],
  );
  await work();
  test.strictSame(await statuses(id), ['running', 'held', 'held', 'held']);
  for (const each of await ids(id)) await end(each);
  test.strictSame(await statuses(id), ['succeeded', 'succeeded', 'succeeded', 'succeeded']);
  const started = await database.rows(
    'select id from chime.runs where schedule_id = $1 order by started_at, id',
    [id],
  );
  test.strictSame(
    started.map((row) => row.id),
    await ids(id),
  );
});

t.test('a policy that is changed counts from the next fire on', async (test) => {
  const id = await create("cron => '* * * * *', overlap => 'allow'");
  await minute();
  await minute();
  test.strictSame(await statuses(id), ['running', 'running']);
  await database.rows('select chime.update_schedule($1, \'{"overlap": "skip"}\')', [id]);
  await minute();
  test.strictSame(await statuses(id), ['running', 'running', 'skipped']);
  test.hasStrict(await scheduleOf(id), { active_run_ids: (await ids(id)).slice(0, 2) });
});

t.test('no slot is left behind', async (test) => {
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, retry_at = null, finished_at = chime.now() where finished_at is null",
  );
  await tick();
  test.strictSame(await database.rows('select * from chime_private.slot_runs'), []);
  test.strictSame(await database.rows('select * from chime_private.freed_slots'), []);
});
