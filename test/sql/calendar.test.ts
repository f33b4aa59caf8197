// Days on which schedules do not fire, and several rules in one schedule.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-12-20 12:00:00Z');

const create = async (fields: string) =>
  (
    await database.row<{ id: string }>(
      `select id from chime.create_schedule(task => 'noop', overlap => 'allow', ${fields})`,
    )
  ).id;
const calendar = (name: string, dates: string[], timezone: string | null = null) =>
  database.row('select chime.set_calendar($1, $2, $3)', [name, dates, timezone]);
const tick = () => database.row('select * from chime_private.tick()');
const fires = async (id: string, until: string) => {
  const rows = await database.rows<{ at: string }>(
    `select to_char(local_time, 'MM-DD HH24:MI') as at
     from chime.simulate($1, chime.now(), $2) where outcome = 'fires'`,
    [id, until],
  );
  return rows.map(({ at }) => at);
};
const runs = async (id: string) => {
  const rows = await database.rows<Record<string, unknown>>(
    `select to_char(scheduled_for at time zone 'UTC', 'MM-DD HH24:MI') as at, status, skip_reason, covers_count
     from chime.runs where schedule_id = $1 order by scheduled_for, id`,
    [id],
  );
  return rows.map((row) =>
    Object.values(row)
      .filter((value) => value !== null)
      .join(' '),
  );
};

t.beforeEach(() => now.set('2026-12-20 12:00:00Z'));

t.test('never on the days of a calendar, in the zone of the schedule', async (test) => {
  await calendar('christmas', ['2026-12-24/2026-12-26']);
  const id = await create(
    "cron => '0 9,21 * * *', timezone => 'America/New_York', never_on => '{christmas}'",
  );
  test.strictSame(await fires(id, '2026-12-28 00:00Z'), [
    '12-20 09:00',
    '12-20 21:00',
    '12-21 09:00',
    '12-21 21:00',
    '12-22 09:00',
    '12-22 21:00',
    '12-23 09:00',
    '12-23 21:00',
    '12-27 09:00',
  ]);
});

t.test('only on the days of a calendar, in a zone of its own', async (test) => {
  await calendar('trading', ['2026-12-21', '2026-12-22', '2026-12-28'], 'Asia/Tokyo');
  const id = await create("cron => '0 0,15 * * *', only_on => '{trading}'");
  // A day of Tokyo begins at 15:00 UTC.
  test.strictSame(await fires(id, '2027-02-01 00:00Z'), [
    '12-20 15:00',
    '12-21 00:00',
    '12-21 15:00',
    '12-22 00:00',
    '12-27 15:00',
    '12-28 00:00',
  ]);
});

t.test('only on one, never on another', async (test) => {
  await calendar('week', ['2026-12-21/2026-12-27']);
  await calendar('holidays', ['2026-12-24/2026-12-26']);
  const id = await create("cron => '0 9 * * *', only_on => '{week}', never_on => '{holidays}'");
  test.strictSame(await fires(id, '2027-02-01 00:00Z'), [
    '12-21 09:00',
    '12-22 09:00',
    '12-23 09:00',
    '12-27 09:00',
  ]);
});

t.test('what is excluded is recorded, with its reason and its number', async (test) => {
  await calendar('closed', ['2026-12-22/2026-12-23', '2026-12-25']);
  const id = await create("cron => '0 9,17 * * *', never_on => '{closed}'");
  for (const time of [
    '12-20 17:00',
    '12-21 09:00',
    '12-21 17:00',
    '12-24 09:00',
    '12-24 17:00',
    '12-26 09:00',
  ]) {
    await now.set(`2026-${time}:00Z`);
    await tick();
  }
  test.strictSame(await runs(id), [
    '12-20 17:00 queued',
    '12-21 09:00 queued',
    '12-21 17:00 queued',
    '12-22 09:00 skipped excluded 4',
    '12-24 09:00 queued',
    '12-24 17:00 queued',
    '12-25 09:00 skipped excluded 2',
    '12-26 09:00 queued',
  ]);
});

t.test('an outage across excluded days counts each fire once', async (test) => {
  await calendar('closed2', ['2026-12-23/2026-12-24']);
  const id = await create("cron => '0 * * * *', never_on => '{closed2}'");
  await now.set('2026-12-26 00:30:00Z');
  await tick();
  const rows = await database.rows<{ status: string; skip_reason: string | null; covers: number }>(
    `select status, skip_reason, sum(coalesce(covers_count, 1))::integer as covers
     from chime.runs where schedule_id = $1 group by 1, 2 order by 1, 2`,
    [id],
  );
  test.strictSame(rows, [
    { status: 'queued', skip_reason: null, covers: 1 },
    { status: 'skipped', skip_reason: 'missed', covers: 11 + 48 + 24 },
    { status: 'skipped', skip_reason: 'excluded', covers: 48 },
  ]);
});

t.test('the next day that is not excluded', async (test) => {
  await calendar('bank', ['2026-12-25/2026-12-27', '2027-01-01/2027-01-03', '2027-02-01']);
  const monthly = await create(
    "cron => '30 9 1,25 * *', timezone => 'Europe/Berlin', never_on => '{bank}', on_excluded => 'next_day'",
  );
  test.strictSame(await fires(monthly, '2027-03-02 00:00Z'), [
    '12-28 09:30',
    '01-04 09:30',
    '01-25 09:30',
    '02-02 09:30',
    '02-25 09:30',
    '03-01 09:30',
  ]);
  const daily = await create("cron => '0 9 * * *', never_on => '{bank}', on_excluded => 'next_day'");
  test.strictSame(
    await fires(daily, '2026-12-30 00:00Z'),
    ['12-21 09:00', '12-22 09:00', '12-23 09:00', '12-24 09:00', '12-28 09:00', '12-29 09:00'],
    'one that meets another is one',
  );
  await now.set('2026-12-28 08:30:00Z');
  await tick();
  test.strictSame(await runs(monthly), ['12-28 08:30 queued'], 'nothing was skipped');
  test.equal((await fires(monthly, '2027-01-05 00:00Z')).join(), '01-04 09:30');
});

t.test('a calendar that changes moves its schedules, and never fires the past', async (test) => {
  await calendar('moving', ['2026-12-21']);
  const id = await create("cron => '0 9 * * *', never_on => '{moving}'");
  const next = () => database.value<Date>('select next_run_at from chime.schedules where id = $1', [id]);
  test.strictSame(await next(), new Date('2026-12-22T09:00Z'));
  await calendar('moving', ['2026-12-22']);
  test.strictSame(await next(), new Date('2026-12-21T09:00Z'));
  await now.set('2026-12-22 10:00:00Z');
  await calendar('moving', []);
  test.strictSame(await next(), new Date('2026-12-23T09:00Z'));
  test.strictSame(await runs(id), ['12-21 09:00 skipped edited 1', '12-22 09:00 skipped excluded 1']);
});

t.test('a schedule whose days are over begins again when its calendar gets more', async (test) => {
  await calendar('events', ['2026-12-21']);
  const id = await create("cron => '0 9 * * *', only_on => '{events}'");
  await now.set('2026-12-21 09:00:00Z');
  await tick();
  const status = () => database.value('select status from chime.schedules where id = $1', [id]);
  test.equal(await status(), 'completed');
  await calendar('events', ['2026-12-21', '2026-12-30']);
  test.equal(await status(), 'active');
  test.strictSame(await fires(id, '2027-02-01 00:00Z'), ['12-30 09:00']);
});

t.test('calendars that are refused', async (test) => {
  for (const dates of [
    ['2026-02-30'],
    ['tomorrow'],
    ['2026-12-26/2026-12-24'],
    ['2026-12-24/'],
    ['infinity'],
    [''],
  ]) {
    test.hasStrict(await database.error('select chime.set_calendar($1, $2)', ['wrong', dates]), {
      code: 'CH007',
    });
  }
  test.hasStrict(await database.error("select chime.set_calendar('', '{}')"), { code: 'CH007' });
  test.hasStrict(await database.error("select chime.set_calendar('a', '{}', 'Mars')"), { code: 'CH003' });
  const many = Array.from({ length: 501 }, (_value, index) =>
    new Date(Date.UTC(2027, 0, 1 + 2 * index)).toISOString().slice(0, 10),
  );
  await calendar('every other day', many);
  const refused = "select chime.create_schedule(task => 'noop', cron => '0 9 * * *', never_on => $1)";
  test.hasStrict(await database.error(refused, [['every other day']]), { code: 'CH007' });
  test.match(await database.error(refused, [['missing']]), {
    code: 'CH007',
    message: /no calendar "missing"/,
  });
  await calendar('used', ['2026-12-25']);
  await create("cron => '0 9 * * *', never_on => '{used}', name => 'user'");
  test.match(await database.error("select chime.delete_calendar('used')"), {
    code: 'CH013',
    message: /user/,
  });
  test.hasStrict(await database.error("select chime.delete_calendar('missing')"), { code: 'CH007' });
  await database.row("select chime.delete_calendar('every other day')");
});

t.test('several rules', async (test) => {
  const id = await create(
    `rules => '[{"cron": "0 9 * * MON-FRI"}, {"cron": "0 11 * * SAT,SUN"}, {"at": "2026-12-22 09:00"}, {"every": "2 days", "anchor": "2026-12-21T15:00Z"}]',
     timezone => 'UTC'`,
  );
  test.strictSame(await fires(id, '2026-12-27 12:00Z'), [
    '12-21 09:00',
    '12-21 15:00',
    '12-22 09:00',
    '12-23 09:00',
    '12-23 15:00',
    '12-24 09:00',
    '12-25 09:00',
    '12-25 15:00',
    '12-26 11:00',
    '12-27 11:00',
  ]);
  await now.set('2026-12-22 09:00:00Z');
  await tick();
  test.strictSame(
    await runs(id),
    ['12-21 09:00 skipped missed 2', '12-22 09:00 queued'],
    'what two rules share is one fire',
  );
});

t.test('several rules that are refused', async (test) => {
  for (const [rules, code] of [
    ['[]', 'CH001'],
    ['{}', 'CH001'],
    ['[{"cron": "0 9 * * *"}, {"cron": "bogus"}]', 'CH001'],
    ['[{"cron": "0 9 * * *", "every": "1 day"}]', 'CH001'],
    ['[{"timezone": "UTC"}]', 'CH007'],
    ['["0 9 * * *"]', 'CH001'],
    [JSON.stringify(Array.from({ length: 21 }, () => ({ cron: '0 9 * * *' }))), 'CH001'],
  ]) {
    const error = await database.error("select chime.create_schedule(task => 'noop', rules => $1)", [rules]);
    test.hasStrict(error, { code }, `${rules}`);
  }
  const error = await database.error(
    `select chime.create_schedule(task => 'noop', cron => '0 9 * * *', rules => '[{"cron": "0 9 * * *"}]')`,
  );
  test.match(error, { code: 'CH001', hint: /exactly one/ });
});

t.test('calendars and rules are edited like the rest of a schedule', async (test) => {
  await calendar('edit', ['2026-12-21']);
  const id = await create("cron => '0 9 * * *'");
  const update = (patch: unknown) =>
    database.row<{ next_run_at: Date; revision: number }>('select * from chime.update_schedule($1, $2)', [
      id,
      JSON.stringify(patch),
    ]);
  test.hasStrict(await update({ never_on: ['edit'] }), {
    next_run_at: new Date('2026-12-22T09:00Z'),
    revision: 2,
  });
  test.hasStrict(await update({ never_on: ['edit'] }), { revision: 2 }, 'no change');
  test.hasStrict(await update({ on_excluded: 'next_day' }), { revision: 3 });
  test.hasStrict(await update({ never_on: null }), {
    next_run_at: new Date('2026-12-21T09:00Z'),
    revision: 4,
  });
  test.hasStrict(await update({ rules: [{ cron: '0 8 * * *' }, { cron: '0 7 * * *' }] }), {
    next_run_at: new Date('2026-12-21T07:00Z'),
    cron: null,
    revision: 5,
  });
  test.hasStrict(await update({ cron: '0 6 * * *' }), {
    next_run_at: new Date('2026-12-21T06:00Z'),
    rules: null,
    more_rules: null,
  });
});
