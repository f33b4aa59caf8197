// A window in which a late fire is still wanted, and what falls outside of it.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 00:00:00Z');
const { create, tick, runs, schedule } = shorthand(database);

t.beforeEach(() => now.set('2026-03-01 00:00:00Z'));
t.afterEach(async () => {
  await database.rows('select chime.delete_schedule(id) from chime.schedules where deleted_at is null');
});

t.test('half an hour late is wanted, more is not', async (test) => {
  for (const catchUp of ['latest', 'all', 'earliest']) {
    const fields = `cron => '0 9 * * *', catch_up => '${catchUp}', catch_up_window => '30 minutes'`;
    const nine = new Date('2026-03-01T09:00:00Z');
    for (const [at, late] of [
      ['09:29', false],
      ['09:30', false],
      ['09:31', true],
    ] as const) {
      await now.set('2026-03-01 00:00:00Z');
      const id = await create(fields);
      await now.set(`2026-03-01 ${at}:00Z`);
      await tick();
      const [run, ...more] = await runs(id);
      test.strictSame(more, []);
      test.hasStrict(
        run,
        late
          ? { status: 'skipped', skip_reason: 'missed', covers_count: 1, covers_until: nine }
          : { status: 'queued', skip_reason: null, covers_count: null },
        `${catchUp} at ${at}`,
      );
      test.hasStrict(run, { scheduled_for: nine });
      const told = await database.row(
        "select outcome, reason from chime.simulate($1, '2026-03-01 00:00Z', '2026-03-01 12:00Z')",
        [id],
      );
      test.strictSame(
        told,
        late ? { outcome: 'skipped', reason: 'missed' } : { outcome: 'queued', reason: null },
      );
      test.hasStrict(await schedule(id), { next_run_at: new Date('2026-03-02T09:00:00Z') });
    }
  }
});

t.test('half an hour before or after a preferred time', async (test) => {
  // The window begins with the nominal time: what may come early is scheduled early.
  const id = await create("cron => '30 8 * * *', catch_up_window => '1 hour'");
  await now.set('2026-03-01 09:29:00Z');
  await tick();
  await now.set('2026-03-02 09:31:00Z');
  await tick();
  test.hasStrict(await runs(id), [{ status: 'queued' }, { status: 'skipped', skip_reason: 'missed' }]);
});

t.test('after an outage of days, only what lies in the window runs', async (test) => {
  const id = await create(
    "cron => '*/10 * * * *', catch_up => 'all', catch_up_window => '30 minutes', overlap => 'allow'",
  );
  await now.set('2026-03-04 12:05:00Z');
  await tick();
  const [missed, ...others] = await runs(id);
  test.hasStrict(missed, {
    status: 'skipped',
    skip_reason: 'missed',
    covers_count: 3 * 144 + 69,
    covers_until: new Date('2026-03-04T11:30:00Z'),
  });
  test.strictSame(
    others.map(({ scheduled_for: at, status }) => `${at.toISOString().slice(11, 16)} ${status}`),
    ['11:40 queued', '11:50 queued', '12:00 queued'],
  );
});

t.test('what jitter delays is not late', async (test) => {
  for (const policy of ["catch_up => 'skip'", "catch_up_window => '10 seconds'"]) {
    await now.set('2026-03-01 00:00:00Z');
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) {
      ids.push(await create(`cron => '0 9 * * *', jitter => '1 hour', overlap => 'allow', ${policy}`));
    }
    const due = await database.rows<{ at: string }>(
      'select next_due_at::text as at from chime.schedules where id = any ($1) order by next_due_at',
      [ids],
    );
    for (const { at } of due) {
      await now.set(at);
      await tick();
    }
    for (const id of ids) test.hasStrict(await runs(id), [{ status: 'queued' }], policy);
    await now.set('2026-03-02 10:00:11Z');
    await tick();
    for (const id of ids)
      test.hasStrict((await runs(id))[1], { status: 'skipped', skip_reason: 'missed' }, policy);
  }
});
