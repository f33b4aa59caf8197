// Schedules whose rule is a recurrence rule: stored, changed, fired, completed.
import pg from 'pg';
import t from 'tap';
import { migrate } from '../../src/migrate.ts';
import { createDatabase, createEmptyDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create, tick, schedule, runs } = shorthand(database);

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));

const update = (id: string, patch: object) =>
  database.row('select * from chime.update_schedule($1, $2)', [id, JSON.stringify(patch)]);

t.test('it fires as often as COUNT says, then it is completed', async (test) => {
  const id = await create("rrule => E'DTSTART:20260302T090000\\nFREQ=DAILY;COUNT=3\\nEXDATE:20260303'");
  test.hasStrict(await schedule(id), {
    anchor: null,
    dst_gap: 'skip',
    next_run_at: new Date('2026-03-02T09:00Z'),
  });
  await now.set('2026-03-02 09:00:00Z');
  await tick();
  test.hasStrict(await schedule(id), { status: 'active', next_run_at: new Date('2026-03-04T09:00Z') });
  await now.set('2026-03-20 09:00:00Z');
  await tick();
  test.hasStrict(await schedule(id), { status: 'completed', status_reason: 'The rule has no more fires.' });
  test.strictSame(
    (await runs(id)).map(({ scheduled_for: at, skip_reason: reason }) => [
      at.toISOString().slice(0, 10),
      reason,
    ]),
    [
      ['2026-03-02', null],
      ['2026-03-04', 'overlap'],
    ],
  );
});

t.test('missed fires are counted, and what a clock change left out says so', async (test) => {
  const id = await create(
    "rrule => E'DTSTART:20260325T023000\\nFREQ=DAILY', timezone => 'Europe/Berlin', catch_up => 'latest'",
  );
  await now.set('2026-04-01 12:00:00Z');
  await tick();
  test.strictSame(
    (await runs(id)).map(({ status, skip_reason: reason, covers_count: covers }) => [status, reason, covers]),
    [
      ['skipped', 'missed', 6],
      ['skipped', 'dst_gap', 1],
      ['queued', null, null],
    ],
  );
});

t.test('without DTSTART it counts from when it was created, also when that is done again', async (test) => {
  const fields = "key => 'k', rrule => 'FREQ=DAILY;INTERVAL=2'";
  const id = await create(fields);
  test.hasStrict(await schedule(id), {
    anchor: new Date('2026-03-01T12:00Z'),
    next_run_at: new Date('2026-03-03T12:00Z'),
  });
  await now.set('2026-03-02 15:00:00Z');
  const again = await database.row(`select * from chime.create_schedule(task => 'noop', ${fields})`);
  test.hasStrict(again, { id, outcome: 'unchanged', next_run_at: new Date('2026-03-03T12:00Z') });
  const changed = await update(id, { rrule: 'FREQ=DAILY;INTERVAL=3' });
  test.hasStrict(changed, { revision: 2, next_run_at: new Date('2026-03-04T12:00Z') });
  const begun = await update(id, { rrule: 'DTSTART:20260310T070000\nFREQ=DAILY' });
  test.hasStrict(begun, { anchor: null, next_run_at: new Date('2026-03-10T07:00Z') });
});

t.test('a rule of another kind takes its place, and its default for gaps', async (test) => {
  const id = await create("cron => '30 2 * * *', timezone => 'Europe/Berlin'");
  test.hasStrict(await schedule(id), { dst_gap: 'next' });
  const rule = await update(id, { rrule: 'DTSTART:20260301T023000\nFREQ=DAILY' });
  test.hasStrict(rule, { cron: null, dst_gap: 'skip', next_run_at: new Date('2026-03-02T01:30Z') });
  const back = await update(id, { every: '1 day' });
  test.hasStrict(back, { rrule: null, dst_gap: 'next', anchor: new Date('2026-03-01T12:00Z') });
  await update(id, { dst_gap: 'shift' });
  test.hasStrict(await update(id, { rrule: 'FREQ=DAILY' }), { dst_gap: 'shift' }, 'but not what was chosen');
  const error = await database.error('select chime.update_schedule($1, $2)', [
    id,
    { cron: '@daily', rrule: 'FREQ=DAILY' },
  ]);
  test.hasStrict(error, { code: 'CH001' });
});

t.test('one that is over is refused', async (test) => {
  const rrule = "E'DTSTART:20200101T000000\\nFREQ=DAILY;COUNT=10'";
  const error = await database.error(`select chime.create_schedule(task => 'noop', rrule => ${rrule})`);
  test.hasStrict(error, { code: 'CH002' });
});

t.test('a schedule of before there were recurrence rules fires as it did', async (test) => {
  const url = await createEmptyDatabase(test);
  await migrate(url, { count: 4 });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`
      insert into chime_private.timezones values ('UTC');
      insert into chime.schedules (id, tenant_id, name, task, cron, timezone, dst_gap, dst_fold, catch_up, catch_up_window,
        overlap, rule, status, next_run_at, next_due_at, accounted_until, created_at, updated_at)
      select gen_random_uuid(), t.id, 'old', 'noop', '30 8 * * *', 'UTC', 'next', 'first', 'latest', '1 day', 'skip',
        '(cron,UTC,next,first,f,"{1,1073741824,256,4294967294,8190,4398046511103,8,30600,30600,0,0,0}",,,,,,,)',
        'active', '2026-03-02 08:30Z', '2026-03-02 08:30Z', '2026-03-01 12:00Z', now(), now()
      from chime.tenants t`);
    await migrate(url);
    const { rows } = await client.query(
      `select chime_private.next_fire(rule, '2026-03-02 08:30Z') as next, rrule from chime.schedules`,
    );
    test.strictSame(rows, [{ next: new Date('2026-03-03T08:30Z'), rrule: null }]);
  } finally {
    await client.end();
  }
});
