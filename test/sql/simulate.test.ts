// What a schedule did and what it would do, and running what it missed.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');

const create = async (fields = "cron => '*/10 * * * *'") =>
  (await database.row<{ id: string }>(`select id from chime.create_schedule(task => 'noop', ${fields})`)).id;
const tick = () => database.row('select * from chime_private.tick()');
const at = (time: string) => new Date(`2026-03-01T${time}Z`);
const simulate = async (id: string, since: string, until: string) => {
  const rows = await database.rows<{ scheduled_for: Date; outcome: string; reason: string | null }>(
    'select * from chime.simulate($1, $2, $3)',
    [id, at(since), at(until)],
  );
  return rows.map(({ scheduled_for: fire, outcome, reason }) =>
    [fire.toISOString().slice(11, 16), outcome, reason].filter((part) => part !== null).join(' '),
  );
};
const backfill = (id: string, since: string, until: string, more = '') =>
  database.rows<{ scheduled_for: Date; outcome: string; run_id: string | null }>(
    `select * from chime.backfill($1, $2, $3${more})`,
    [id, at(since), at(until)],
  );
const outcomes = (rows: { outcome: string }[]) => rows.map(({ outcome }) => outcome);
const finishAll = () =>
  database.rows(
    "update chime.runs set status = 'cancelled', finished_at = chime.now() where finished_at is null returning id",
  );

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));

t.test('the past as it was, the future as it would be', async (test) => {
  const id = await create("cron => '*/10 * * * *', max_runs => 3");
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  await now.set('2026-03-01 12:20:00Z');
  await tick();
  test.strictSame(await simulate(id, '11:50:00', '13:00:00'), [
    '11:50 none not_created',
    '12:00 none not_created',
    '12:10 queued',
    '12:20 skipped overlap',
    '12:30 fires',
    '12:40 fires',
  ]);
  test.strictSame(
    await simulate(id, '12:35:00', '13:00:00'),
    ['12:40 fires'],
    'fires before the range count',
  );
  test.strictSame(await simulate(id, '12:45:00', '13:00:00'), [], 'max_runs is reached');
});

t.test('a pause, and a rule that was changed', async (test) => {
  const id = await create();
  await now.set('2026-03-01 12:05:00Z');
  await database.row("select chime.pause_schedule($1, 'lunch', '2026-03-01 12:35Z')", [id]);
  test.strictSame(await simulate(id, '12:06:00', '12:45:00'), [
    '12:10 skipped paused',
    '12:20 skipped paused',
    '12:30 skipped paused',
    '12:40 fires',
  ]);
  await now.set('2026-03-01 12:35:00Z');
  await tick();
  test.strictSame(await simulate(id, '12:15:00', '12:45:00'), [
    '12:20 skipped paused',
    '12:30 skipped paused',
    '12:40 fires',
  ]);
  await now.set('2026-03-01 12:40:00Z');
  await tick();
  await database.row(`select chime.update_schedule($1, '{"cron": "5,25 * * * *"}')`, [id]);
  test.strictSame(await simulate(id, '12:20:00', '13:10:00'), [
    '12:25 skipped paused',
    '12:40 queued rule_changed',
    '13:05 fires',
  ]);
  await database.row('select chime.cancel_schedule($1)', [id]);
  test.strictSame(await simulate(id, '13:00:00', '14:00:00'), []);
});

t.test('a range that cannot be simulated', async (test) => {
  const id = await create();
  for (const [since, until] of [
    ['infinity', 'infinity'],
    ['2026-03-02', '2026-03-01'],
    [null, '2026-03-01'],
    ['1960-01-01', '2026-03-01'],
  ]) {
    const error = await database.error('select * from chime.simulate($1, $2, $3)', [id, since, until]);
    test.hasStrict(error, { code: 'CH007' }, `${since} to ${until}`);
  }
  const gone = '00000000-0000-7000-8000-000000000000';
  test.hasStrict(await database.error('select * from chime.simulate($1, now(), now())', [gone]), {
    code: 'CH010',
  });
});

t.test('a backfill tells first, then does it, and only once', async (test) => {
  const id = await create();
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  await finishAll();
  await now.set('2026-03-01 12:20:00Z');
  await tick();
  const dry = await backfill(id, '11:40:00', '12:20:00');
  test.strictSame(
    outcomes(dry),
    ['queued', 'queued', 'queued', 'queued', 'exists'],
    'a cancelled run is none',
  );
  test.equal(
    await database.value('select count(*)::integer from chime.runs where schedule_id = $1', [id]),
    2,
  );

  const done = await backfill(id, '11:40:00', '12:20:00', ', dry_run => false');
  test.strictSame(done, dry, 'it does what it told');
  const runs = await database.rows(
    "select scheduled_for, due_at, status, trigger from chime.runs where schedule_id = $1 and trigger = 'backfill' order by scheduled_for",
    [id],
  );
  test.strictSame(
    runs,
    ['11:40:00', '11:50:00', '12:00:00', '12:10:00'].map((time) => ({
      scheduled_for: at(time),
      due_at: at('12:20:00'),
      status: 'queued',
      trigger: 'backfill',
    })),
  );
  test.equal(
    await database.value(
      'select count(*)::integer from graphile_worker._private_jobs where payload->>$1 = any ($2)',
      ['run_id', done.filter(({ outcome }) => outcome === 'queued').map(({ run_id: runId }) => runId)],
    ),
    4,
  );
  const again = await backfill(id, '11:40:00', '12:20:00', ', dry_run => false');
  test.strictSame(outcomes(again), ['exists', 'exists', 'exists', 'exists', 'exists']);
  await now.set('2026-03-01 12:30:00Z');
  await tick();
  test.equal(
    await database.value('select run_count from chime.schedules where id = $1', [id]),
    2,
    'backfilled runs neither count nor hold up',
  );
});

t.test('a backfill that may not overlap', async (test) => {
  const id = await create();
  const more = ", 'skip', false";
  test.strictSame(outcomes(await backfill(id, '11:40:00', '12:00:00', more)), [
    'queued',
    'overlap',
    'overlap',
  ]);
  await finishAll();
  test.strictSame(outcomes(await backfill(id, '11:50:00', '12:00:00', more)), ['queued', 'overlap']);
});

t.test('a backfill that is refused', async (test) => {
  const id = await create("cron => '* * * * *'");
  for (const [since, until, message] of [
    ['2026-02-01', '2026-03-01', /40321 fires; a backfill takes 1000/],
    ['2026-03-01 11:00Z', '2026-03-01 12:01Z', /range of the past/],
    ['2026-03-01 11:00Z', '2026-03-01 10:00Z', /range of the past/],
    ['-infinity', '2026-03-01 10:00Z', /range of the past/],
    [null, '2026-03-01 10:00Z', /range of the past/],
  ] as const) {
    const error = await database.error('select * from chime.backfill($1, $2, $3)', [id, since, until]);
    test.match(error, { code: 'CH007', message }, `${since} to ${until}`);
  }
  await database.row('select chime.cancel_schedule($1)', [id]);
  test.hasStrict(await database.error('select * from chime.backfill($1, now(), now())', [id]), {
    code: 'CH013',
  });
});
