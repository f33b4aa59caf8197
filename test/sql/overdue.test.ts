// One-offs whose time is over when they are written: refused, or run at once.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create, tick, schedule, runs, finishAll, jobs } = shorthand(database);
const past = new Date('2026-02-20T09:00:00Z');
const update = (id: string, patch: object) =>
  database.row('select * from chime.update_schedule($1, $2)', [id, JSON.stringify(patch)]);

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));

t.test('it is refused, and the hint says how to ask for it', async (test) => {
  const hint = /overdue => 'run_now'/;
  for (const at of ["'2026-02-20T09:00:00Z'", "'2026-03-01 11:59:59'", "chime.now() - interval '1 second'"]) {
    const error = await database.error(`select chime.create_schedule(task => 'noop', at => ${at})`);
    test.match(error, { code: 'CH004', message: /in the past/, hint }, at);
  }
  const id = await create("at => '2026-05-01 00:00'");
  const patched = await database.error('select chime.update_schedule($1, $2)', [
    id,
    '{"at": "2026-02-20 09:00", "overdue": "refuse"}',
  ]);
  test.match(patched, { code: 'CH004', hint });
});

t.test('asked for, it runs at once, once', async (test) => {
  const before = await jobs();
  const id = await create("at => '2026-02-20 10:00', timezone => 'Europe/Berlin', overdue => 'run_now'");
  const [run, ...more] = await runs(id);
  test.hasStrict(
    run,
    { scheduled_for: past, status: 'queued' },
    'its nominal time is the one that was given',
  );
  test.strictSame(more, []);
  test.equal((await jobs()) - before, 1, 'a worker is woken');
  test.hasStrict(await schedule(id), { status: 'completed', run_count: 1, next_run_at: null });
  await tick();
  await now.advance('1 day');
  await tick();
  test.equal((await runs(id)).length, 1);
});

t.test('however late, whatever is made of missed fires', async (test) => {
  for (const policy of ["catch_up => 'skip'", "catch_up_window => '10 seconds'"]) {
    const id = await create(`at => '1999-12-31 23:59:59Z', overdue => 'run_now', ${policy}`);
    test.hasStrict(await runs(id), [{ status: 'queued' }], policy);
  }
});

t.test('an instant is taken too', async (test) => {
  const { id, next_run_at: next } = await database.row<{ id: string; next_run_at: Date | null }>(
    "select * from chime.create_schedule('noop', at => chime.now() - interval '90 minutes', overdue => 'run_now')",
  );
  test.equal(next, null);
  test.hasStrict(await runs(id), [{ scheduled_for: new Date('2026-03-01T10:30:00Z'), status: 'queued' }]);
});

t.test('a time that is to come is waited for', async (test) => {
  const id = await create("at => '2026-03-01 12:30Z', overdue => 'run_now'");
  test.strictSame(await runs(id), []);
  test.hasStrict(await schedule(id), { status: 'active', next_run_at: new Date('2026-03-01T12:30:00Z') });
});

t.test('written again by its key, it does not run again', async (test) => {
  const fields = "at => '2026-02-20T09:00:00Z', overdue => 'run_now', key => 'once'";
  const id = await create(fields);
  const again = await database.row(`select * from chime.create_schedule(task => 'noop', ${fields})`);
  test.hasStrict(again, { id, outcome: 'unchanged' });
  test.equal((await runs(id)).length, 1);
  const rewritten = fields.replace('T09:00:00Z', ' 09:00');
  test.match(await database.error(`select chime.create_schedule(task => 'noop', ${rewritten})`), {
    code: 'CH013',
    message: 'The schedule "once" has a run for that time already.',
  });
});

t.test('an update runs it at once, by the overlap policy', async (test) => {
  const id = await create("cron => '0 * * * *'");
  const other = await create("at => '2026-05-01 00:00'");
  const busy = await create("cron => '0 * * * *'");
  await now.set('2026-03-01 13:00:00Z');
  await tick();
  for (const each of [id, other]) {
    await database.rows(
      "update chime.runs set status = 'cancelled', finished_at = chime.now() where schedule_id = $1",
      [each],
    );
  }
  for (const each of [id, other, busy]) {
    await update(each, { at: past, overdue: 'run_now' });
    test.hasStrict(await schedule(each), { status: 'completed', at: past.toISOString() });
  }
  test.hasStrict((await runs(id))[0], { scheduled_for: past, status: 'queued' });
  test.hasStrict(await runs(other), [{ scheduled_for: past, status: 'queued' }]);
  test.hasStrict((await runs(busy))[0], { scheduled_for: past, status: 'skipped', skip_reason: 'overlap' });
  await finishAll();
});

t.test('an update that leaves the rule alone leaves what is due to the tick', async (test) => {
  const id = await create("at => '2026-03-01 12:30Z', catch_up => 'skip'");
  await now.set('2026-03-01 13:00:00Z');
  await update(id, { description: 'changed', overdue: 'run_now' });
  test.strictSame(await runs(id), []);
  await tick();
  test.hasStrict(await runs(id), [{ status: 'skipped', skip_reason: 'missed' }]);
});

t.test('jitter delays it where that is not over yet', async (test) => {
  const id = await create("at => '2026-03-01 11:59:59Z', overdue => 'run_now', jitter => '1 day'");
  const { next_due_at: due } = await schedule(id);
  test.ok((due as Date) > new Date('2026-03-01T12:00:00Z'));
  test.strictSame(await runs(id), []);
  await now.set('2026-03-02 12:00:00Z');
  await tick();
  test.hasStrict(await runs(id), [{ scheduled_for: new Date('2026-03-01T11:59:59Z'), status: 'queued' }]);
});

t.test('bounds and calendars hold for it', async (test) => {
  await database.rows("select chime.set_calendar('february', array['2026-02-01/2026-02-28'])");
  const at = "at => '2026-02-20 09:00', overdue => 'run_now'";
  const bounds: [string, string][] = [
    ["starts_at => '2026-02-21Z'", 'CH002'],
    ["ends_at => '2026-02-19Z'", 'CH004'],
    ["never_on => array['february']", 'CH002'],
  ];
  for (const [bound, code] of bounds) {
    const error = await database.error(`select chime.create_schedule(task => 'noop', ${at}, ${bound})`);
    test.match(error, { code, message: /would never fire/ }, bound);
  }
  const id = await create(`${at}, never_on => array['february'], on_excluded => 'next_day'`);
  test.hasStrict(await runs(id), [{ scheduled_for: new Date('2026-03-01T09:00:00Z'), status: 'queued' }]);
});

t.test('a preview says so', async (test) => {
  const preview = (fields: string) =>
    database.rows(`select scheduled_for, note from chime.preview(${fields})`);
  const note = 'overdue: runs at once';
  const asked = "at => '2026-02-20T09:00:00Z', overdue => 'run_now'";
  test.strictSame(await preview(asked), [{ scheduled_for: past, note }]);
  test.strictSame(await preview(asked.replace('run_now', 'refuse')), []);
  test.strictSame(
    await preview(`${asked}, after => '2026-02-20T09:00:00Z'`),
    [],
    'never what it starts from',
  );
  test.strictSame(await preview(`${asked}, after => '2026-02-20T08:59:59Z'`), [
    { scheduled_for: past, note },
  ]);
  test.strictSame(await preview("at => timestamptz '2026-02-20 09:00Z', overdue => 'run_now'"), [
    { scheduled_for: past, note },
  ]);
  test.strictSame(await preview("at => '2026-03-02 00:00', overdue => 'run_now'"), [
    { scheduled_for: new Date('2026-03-02T00:00:00Z'), note: null },
  ]);
  const [gap] = await preview("at => '2025-03-30 02:30', timezone => 'Europe/Berlin', overdue => 'run_now'");
  test.match(gap, { note: /^02:30 does not exist, .*; overdue: runs at once$/ });
});

t.test('what is refused', async (test) => {
  const rules = [
    "cron => '@daily'",
    "every => '1 day'",
    "rrule => 'FREQ=DAILY'",
    `rules => '[{"at": "2026-02-20 09:00"}]'`,
  ];
  for (const rule of rules) {
    for (const call of [`create_schedule(task => 'noop', `, 'preview(']) {
      const error = await database.error(`select chime.${call}${rule}, overdue => 'run_now')`);
      test.match(
        error,
        { code: 'CH007', message: /^overdue is for schedules that fire once/, hint: /backfill/ },
        rule,
      );
    }
  }
  const id = await create("at => '2026-05-01 00:00'");
  const patch = (given: object) =>
    database.error('select chime.update_schedule($1, $2)', [id, JSON.stringify(given)]);
  test.match(await patch({ at: past, overdue: 'always' }), {
    code: 'CH007',
    message: 'overdue cannot be "always".',
  });
  test.match(await patch({ cron: '@daily', overdue: 'run_now' }), { code: 'CH007' });
  await database.rows('select chime.pause_schedule($1)', [id]);
  test.match(await patch({ at: past, overdue: 'run_now' }), { code: 'CH013', message: /is paused/ });
});
