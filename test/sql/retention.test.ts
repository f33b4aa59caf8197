// What is kept of the history, and what goes: never a run that is not finished, nor one that is kept by its schedule.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { upkeepOf } from '../support/history.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test, at: string) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  // Makes the weeks, as their owner.
  await database.rows('select chime_private.tick()');
  /** The instants of the runs of a schedule that are there. */
  const kept = (id: string) =>
    database.value<string | null>(
      "select string_agg(to_char(scheduled_for at time zone 'UTC', 'MM-DD HH24:MI'), ', ' order by id) from chime.runs where schedule_id = $1",
      [id],
    );
  const short = shorthand(database);
  /** Fires and finishes everything, step by step. */
  const live = async (steps: number, step: string) => {
    for (let n = 0; n < steps; n++) {
      await now.advance(step);
      while ((await short.tick()).fired > 0);
      await short.finishAll();
    }
  };
  const weeks = async () =>
    (
      await database.rows<{ name: string }>(
        "select name from chime_private.weeks_of('runs') order by from_id",
      )
    ).map(({ name }) => name);
  return { database, now, kept, live, weeks, ...short, ...attemptsOf(database), ...upkeepOf(database) };
}

t.test('the newest runs of a schedule are kept, and as many skipped ones', async (test) => {
  const { database, maintain, kept, live, create, now, tick } = await setUp(test, '2026-03-02 00:00Z');
  const few = await create("every => '1 hour', anchor => '2026-03-02 00:00Z', keep_runs => 3");
  const all = await create("every => '1 hour', anchor => '2026-03-02 00:00Z'");
  await live(5, '1 hour');
  await now.advance('1 hour');
  await tick();
  // A run that is not finished: the fires after it are skipped.
  for (let n = 0; n < 5; n++) {
    await now.advance('1 hour');
    await tick();
  }
  await maintain();
  test.equal(
    await kept(few),
    '03-02 03:00, 03-02 04:00, 03-02 05:00, 03-02 06:00, 03-02 09:00, 03-02 10:00, 03-02 11:00',
  );
  test.equal(await kept(all).then((list) => list?.split(', ').length), 11);
  test.hasStrict(
    await database.row('select status from chime.runs where schedule_id = $1 and finished_at is null', [few]),
    { status: 'queued' },
    'what is not finished is kept, and does not count',
  );
});

t.test('what is not counted yet is not removed, and what was removed stays counted', async (test) => {
  const { database, maintain, kept, live, create } = await setUp(test, '2026-03-02 00:00Z');
  const id = await create("every => '1 minute', anchor => '2026-03-02 00:00Z', keep_runs => 2");
  await live(5, '1 minute');
  await maintain();
  test.equal(await kept(id).then((list) => list?.split(', ').length), 5);
  await live(1, '30 minutes');
  await maintain();
  test.equal(
    await kept(id),
    '03-02 00:05, 03-02 00:06, 03-02 00:35',
    'the one in the middle stands for what was missed',
  );
  test.hasStrict(await database.row('select * from chime.schedule_stats($1)', [id]), {
    runs: '6',
    succeeded: '6',
  });
});

t.test('how long: of the schedule, or of all', async (test) => {
  const { database, maintain, kept, live, create, weeks } = await setUp(test, '2026-03-02 00:00Z');
  const usual = await create("every => '1 day', anchor => '2026-03-02 06:00Z'");
  const short = await create("every => '1 day', anchor => '2026-03-02 06:00Z', keep_for => '36 hours'");
  await live(9, '24 hours');
  await maintain();
  test.equal(await kept(short), '03-09 06:00, 03-10 06:00');
  test.equal(await kept(usual).then((list) => list?.split(', ').length), 9);
  await live(34, '24 hours');
  await maintain();
  test.equal(await kept(usual).then((list) => list?.split(', ')[0]), '03-09 06:00', 'by whole weeks');
  test.equal((await weeks())[0], 'runs_2026w11', 'which are dropped');
  test.equal(await kept(short), '04-12 06:00, 04-13 06:00');

  test.strictSame(
    await database.row(
      "select keep_for::text, keep_revisions::text from chime.set_retention(keep_for => '7 days')",
    ),
    { keep_for: '7 days', keep_revisions: '1 year' },
  );
  await maintain();
  test.equal(await kept(usual).then((list) => list?.split(', ')[0]), '04-06 06:00');
  test.match(await database.error("select chime.set_retention(keep_for => '1 second')"), {
    code: 'CH007',
    message: 'keep_for must be between 1 hour and 100 years.',
  });
});

t.test('a week with runs that are kept loses the others one by one', async (test) => {
  const { database, maintain, kept, live, create, weeks, register, start, finish, recorded } = await setUp(
    test,
    '2026-03-02 00:00Z',
  );
  const usual = await create("every => '1 day', anchor => '2026-03-02 06:00Z'");
  const long = await create("every => '4 days', anchor => '2026-03-02 06:00Z', keep_for => '1 year'");
  const failing = await create("every => '1 year', anchor => '2026-03-02 06:00Z'");
  await database.rows("update chime_private.moved_now set at = '2026-03-02 06:00Z'");
  const stuck = await database.value<string>('select (chime.run_now($1)).id', [failing]);
  const failed = await database.value<string>('select (chime.run_now($1, allow_overlap => true)).id', [
    failing,
  ]);
  const worker = await register();
  await start(worker, [stuck, failed]);
  await database.rows(
    "select chime_private.write_logs(array[$1::uuid], '{1}', '{1}', '{info}', '{hello}', '{null}', array[chime.now()])",
    [failed],
  );
  await finish([
    { id: failed, attempt: 1, outcome: 'gave_up', error: 'broke' },
    { id: stuck, attempt: 1, outcome: 'failed', error: 'busy', wait: '300 days' },
  ]);
  await live(44, '24 hours');
  await maintain();
  test.equal(await kept(usual).then((list) => list?.split(', ')[0]), '03-16 06:00');
  test.equal(await kept(long).then((list) => list?.split(', ')[0]), '03-02 06:00');
  test.strictSame((await weeks()).slice(0, 2), ['runs_2026w10', 'runs_2026w11']);
  test.strictSame(
    [
      await recorded(failed),
      await database.rows('select from chime.run_logs'),
      await database.rows('select from chime.runs where id = $1', [failed]),
    ],
    [[], [], []],
    'attempts and logs go with their runs',
  );
  test.equal(
    (await database.rows('select from chime.runs where id = $1', [stuck])).length,
    1,
    'never one that is not finished',
  );
});

t.test('runs that come to old weeks are kept for as long after they finished', async (test) => {
  const { database, maintain, kept, live, create, finishAll } = await setUp(test, '2026-03-02 00:00Z');
  const id = await create("every => '1 day', anchor => '2026-03-02 06:00Z'");
  await database.rows("select chime.pause_schedule($1, until => '2026-03-04 00:00Z')", [id]);
  await live(44, '24 hours');
  await database.rows(
    "select chime.backfill($1, '2026-03-02 06:00Z', '2026-03-03 06:00Z', dry_run => false)",
    [id],
  );
  await maintain();
  await finishAll();
  await maintain();
  test.match(await kept(id), /^03-02 06:00, 03-03 06:00, /);
  test.equal(await database.value("select count(*)::integer from chime.runs where trigger = 'backfill'"), 2);
  await database.rows("update chime_private.moved_now set at = at + interval '31 days'");
  await maintain();
  test.equal(await database.value("select count(*)::integer from chime.runs where trigger = 'backfill'"), 0);
});

t.test('the default partition is swept too', async (test) => {
  const { database, maintain, kept, create, now, finishAll } = await setUp(test, '2026-03-02 00:00Z');
  const id = await create("every => '1 day', anchor => '2025-12-01 06:00Z'");
  await database.rows(
    "select chime.backfill($1, '2025-12-01 06:00Z', '2025-12-05 06:00Z', dry_run => false)",
    [id],
  );
  await finishAll();
  test.equal(await database.value('select count(*)::integer from chime_private.runs_default'), 5);
  await now.advance('29 days');
  await maintain();
  test.equal(await kept(id).then((list) => list?.split(', ').length), 5);
  await now.advance('2 days');
  await maintain();
  test.equal(await kept(id), null);
});

t.test('a schedule that was deleted goes when the last of its runs has', async (test) => {
  const { database, maintain, kept, live, create, schedule } = await setUp(test, '2026-03-02 00:00Z');
  const id = await create("every => '1 day', anchor => '2026-03-02 06:00Z', keep_runs => 5");
  await live(3, '24 hours');
  await database.rows('select chime.delete_schedule($1)', [id]);
  await live(27, '24 hours');
  await maintain();
  test.equal(await kept(id).then((list) => list?.split(', ').length), 3, 'its history stays readable');
  test.hasStrict(await schedule(id), { status: 'cancelled' });
  await live(14, '24 hours');
  await maintain();
  test.equal(await kept(id), null);
  test.strictSame(await database.rows('select from chime.schedules where id = $1', [id]), []);
  test.strictSame(await database.rows('select from chime.schedule_totals where schedule_id = $1', [id]), []);
  test.strictSame(
    await database.rows('select action from chime.schedule_revisions where schedule_id = $1 order by id', [
      id,
    ]),
    [{ action: 'created' }, { action: 'deleted' }],
    'what was done to it stays on record',
  );
});

t.test('a tick does it bite by bite, and does not wait for who reads', async (test) => {
  const { database, live, create, weeks, now, tick, leaveToTicks } = await setUp(test, '2026-03-02 00:00Z');
  await leaveToTicks();
  const id = await create("every => '1 day', anchor => '2026-03-02 06:00Z'");
  await live(3, '24 hours');
  await database.rows('select chime.pause_schedule($1)', [id]);
  const reader = await database.connect(test);
  await now.advance('60 days');
  await reader.query('begin; select from chime.runs');
  await live(4, '1 hour');
  test.equal((await weeks())[0], 'runs_2026w10');
  await reader.query('commit');
  await live(4, '1 hour');
  test.not((await weeks())[0], 'runs_2026w10');
  test.equal(
    await database.value("select value from chime_private.settings where key = 'history_error'"),
    null,
  );
  await database.rows('alter table chime.run_hours rename to other');
  await live(1, '1 hour');
  await database.rows(
    "update chime_private.settings set value = to_jsonb(timestamptz '-infinity') where key = 'history_due_at'",
  );
  test.hasStrict(await tick(), { more: false }, 'ticks go on where it fails');
  test.match(
    await database.value("select value from chime_private.settings where key = 'history_error'"),
    /run_hours/,
  );
});
