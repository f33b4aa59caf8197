// Skipping one fire by hand: it is accounted for, and nothing else changes.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now())",
);
const { create, tick, schedule, runs, finishAll } = shorthand(database);

const skip = (id: string) =>
  database.row<{ status: string; next_run_at: Date | null; run_count: number }>(
    'select * from chime.skip_next($1)',
    [id],
  );
const at = (time: string) => new Date(`2026-03-01T${time}Z`);
const told = async (id: string) =>
  (await runs(id)).map(({ scheduled_for, status, skip_reason }) => [scheduled_for, status, skip_reason]);

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));

t.test('the next fire is a skipped run, the one after it fires', async (test) => {
  const id = await create("cron => '*/10 * * * *'");
  test.hasStrict(await skip(id), { status: 'active', next_run_at: at('12:20:00'), run_count: 0 });
  await now.set('2026-03-01 12:10:00Z');
  test.equal((await tick()).fired, 0);
  await now.set('2026-03-01 12:20:00Z');
  test.equal((await tick()).fired, 1);
  test.strictSame(await told(id), [
    [at('12:10:00'), 'skipped', 'by_hand'],
    [at('12:20:00'), 'queued', null],
  ]);
  await finishAll();
});

t.test('twice skips two, and it is on record who did it', async (test) => {
  const id = await create("cron => '*/10 * * * *'");
  await skip(id);
  test.strictSame((await skip(id)).next_run_at, at('12:30:00'));
  test.hasStrict(
    await database.rows(
      'select action, after from chime.schedule_revisions where schedule_id = $1 order by id desc limit 1',
      [id],
    ),
    [{ action: 'skipped', after: { skipped: '2026-03-01T12:20:00.000000Z' } }],
  );
  test.equal((await schedule(id)).revision, 1, 'its definition is as it was');
});

t.test('what is shown of the future leaves it out', async (test) => {
  const id = await create("cron => '*/10 * * * *'");
  await skip(id);
  const { rows } = await database.pool.query(
    'select scheduled_for from chime.preview(schedule_id => $1, count => 1)',
    [id],
  );
  test.strictSame(rows[0].scheduled_for, at('12:20:00'));
  test.hasStrict(
    await database.rows(
      "select outcome, reason from chime.simulate($1, '2026-03-01 12:01Z', '2026-03-01 12:20Z')",
      [id],
    ),
    [
      { outcome: 'skipped', reason: 'by_hand' },
      { outcome: 'fires', reason: null },
    ],
  );
});

t.test('a pause and its end leave it skipped', async (test) => {
  const id = await create("cron => '*/10 * * * *'");
  await skip(id);
  await database.rows('select chime.pause_schedule($1)', [id]);
  await database.rows('select chime.resume_schedule($1)', [id]);
  test.strictSame((await schedule(id)).next_run_at, at('12:20:00'));
});

t.test('another rule fires at once, also before the fire that was skipped', async (test) => {
  const id = await create("cron => '0 9 * * *'");
  await skip(id);
  await database.rows(`select chime.update_schedule($1, '{"cron": "*/15 * * * *"}')`, [id]);
  test.strictSame((await schedule(id)).next_run_at, at('12:15:00'));
});

t.test('skipped fires do not count for max_runs; after the last fire it is completed', async (test) => {
  const id = await create("cron => '*/10 * * * *', max_runs => 1");
  test.hasStrict(await skip(id), { status: 'active', run_count: 0 });
  const once = await create("at => '2026-03-01T13:00:00Z'");
  test.hasStrict(await skip(once), { status: 'completed', next_run_at: null });
  test.match(await database.error('select chime.skip_next($1)', [once]), {
    code: 'CH013',
    message: /completed/,
  });
});

t.test('a time that a clock change left out before it is recorded as that', async (test) => {
  await now.set('2026-03-28 12:00:00Z');
  const id = await create("cron => '30 2 * * *', timezone => 'Europe/Berlin', dst_gap => 'skip'");
  test.strictSame((await skip(id)).next_run_at, new Date('2026-03-31T00:30:00Z'));
  test.strictSame(
    (await told(id)).map(([, , reason]) => reason),
    ['dst_gap', 'by_hand'],
  );
});

t.test('a paused schedule has no fire to skip', async (test) => {
  const id = await create("cron => '*/10 * * * *'");
  await database.rows('select chime.pause_schedule($1)', [id]);
  test.match(await database.error('select chime.skip_next($1)', [id]), {
    code: 'CH013',
    hint: /Resume it first/,
  });
  test.match(await database.error("select chime.skip_next('00000000-0000-0000-0000-000000000000')"), {
    code: 'CH010',
  });
});
