// Previews and descriptions before anything is stored say what those of the stored schedule say.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
await MovableNow.install(database, '2026-12-20 12:00:00Z');
await database.rows("select chime.set_calendar('holidays', array['2026-12-24/2026-12-26', '2027-01-01'])");
await database.rows(
  "select chime.set_calendar('winter', array['2026-12-22/2027-01-05'], 'America/New_York')",
);
const preview = async (fields: string) =>
  (
    await database.rows<{ local: string }>(
      `select to_char(local_time, 'MM-DD HH24:MI') as local from chime.preview(${fields})`,
    )
  ).map(({ local }) => local);

t.test('several rules', async (test) => {
  const rules = `rules => '[{"cron": "0 9 * * MON-FRI"}, {"cron": "0 11 * * SAT,SUN"}, {"at": "2026-12-25 09:00"}]'`;
  test.strictSame(
    await preview(`${rules}, after => '2026-12-24 12:00Z', count => 4`),
    ['12-25 09:00', '12-26 11:00', '12-27 11:00', '12-28 09:00'],
    'what two of them share is one fire',
  );
  const counted = `rules => '[{"every": "1 day"}, {"every": "36 hours", "anchor": "2026-12-20 00:00Z"}]', count => 4`;
  test.strictSame(
    await preview(`${counted}, after => '2026-12-21 06:00Z'`),
    ['12-21 12:00', '12-22 06:00', '12-23 00:00', '12-23 06:00'],
    'those without an anchor count from where the preview starts',
  );
});

t.test('days of calendars', async (test) => {
  const daily = "cron => '30 8 * * *', after => '2026-12-23 12:00Z', count => 3";
  test.strictSame(await preview(`${daily}, never_on => array['holidays']`), [
    '12-27 08:30',
    '12-28 08:30',
    '12-29 08:30',
  ]);
  const moved = "never_on => array['holidays'], on_excluded => 'next_day'";
  test.strictSame(await preview(`every => '2 days', anchor => '2026-12-24 08:30Z', ${moved}, count => 4`), [
    '12-27 08:30',
    '12-28 08:30',
    '12-30 08:30',
    '01-02 08:30',
  ]);
  const friday = "cron => '0 10 * * FRI', after => '2026-12-20 12:00Z', count => 2";
  test.strictSame(await preview(`${friday}, ${moved}`), ['12-27 10:00', '01-02 10:00'], 'made up for');
  test.strictSame(await preview(`${friday}, only_on => array['holidays']`), ['12-25 10:00', '01-01 10:00']);
  test.strictSame(
    await preview(
      `cron => '0 4 * * *', only_on => array['winter'], after => '2026-12-21 12:00Z', count => 2`,
    ),
    ['12-23 04:00', '12-24 04:00'],
    'a day begins in the zone of the calendar',
  );
});

t.test('the stored schedule fires so', async (test) => {
  const definitions = [
    "cron => '30 2 * * *', timezone => 'Europe/Berlin'",
    `rules => '[{"cron": "*/20 * * * *"}, {"rrule": "DTSTART:20261201T070500\\nFREQ=DAILY"}]', dst_gap => 'shift'`,
    `rules => '[{"every": "7 hours"}, {"every": "1 day", "anchor": "2026-12-21 07:00Z"}]', starts_at => '2026-12-21 07:30Z', ends_at => '2027-03-01Z'`,
    "every => '1 day', anchor => '2026-12-01 17:00Z', never_on => array['holidays'], on_excluded => 'next_day'",
    "rrule => 'FREQ=WEEKLY;BYDAY=FR', only_on => array['winter', 'holidays'], timezone => 'Asia/Kolkata', starts_at => '2026-12-01 04:00Z'",
    `rules => '[{"cron": "0 9 * * *"}, {"cron": "0 21 * * *"}]', never_on => array['holidays'], timezone => 'Asia/Tokyo'`,
    "repeat_interval => 'weekly', starts_at => '2026-12-18 09:00Z', never_on => array['holidays'], on_excluded => 'next_day'",
  ];
  const span = "count => 50, after => '2026-12-21 07:11:13Z'";
  const question = (fields: string) => database.rows(`select * from chime.preview(${fields}, ${span})`);
  for (const definition of definitions) {
    const { id } = await database.row<{ id: string }>(
      `select id from chime.create_schedule(task => 'noop', ${definition})`,
    );
    test.strictSame(await question(definition), await question(`schedule_id => '${id}'`), definition);
    test.equal(
      await database.value(`select chime.describe(${definition})`),
      await database.value('select chime.describe(schedule_id => $1)', [id]),
    );
  }
});

t.test('in words, before anything is stored', async (test) => {
  const words = (fields: string) => database.value(`select chime.describe(${fields})`);
  test.equal(
    await words(
      `rules => '[{"cron": "0 9 * * MON-FRI"}, {"cron": "0 11 * * SAT,SUN"}]', never_on => array['holidays']`,
    ),
    'at 09:00 on weekdays, UTC; and at 11:00 every Saturday and Sunday, UTC, never on days of "holidays"',
  );
  test.equal(
    await words("at => '2027-03-28 02:30', timezone => 'Europe/Berlin', dst_gap => 'shift'"),
    'once, on Sunday 28 March 2027 at 03:30, Europe/Berlin time',
  );
});

t.test('a recurrence rule need not say when it begins to be described', async (test) => {
  for (const rrule of [
    'FREQ=DAILY',
    'FREQ=DAILY;BYHOUR=7;BYMINUTE=5',
    'FREQ=MINUTELY;INTERVAL=7',
    'FREQ=HOURLY;COUNT=3',
  ]) {
    test.match(await database.value('select chime.describe(rrule => $1)', [rrule]), /UTC$/, rrule);
  }
});

t.test('what is refused', async (test) => {
  const cases: [string, string, RegExp][] = [
    ["cron => '@daily', never_on => array['nowhere']", 'CH007', /no calendar "nowhere"/],
    ["cron => '@daily', never_on => '{}'", 'CH007', /^never_on must be a list/],
    ["cron => '@daily', only_on => array[null]", 'CH007', /^only_on has a name/],
    [`cron => '@daily', rules => '[{"cron": "@daily"}]'`, 'CH001', /more than one rule/],
    ["rules => '[]'", 'CH001', /^rules must be a list/],
    [`rules => '[{"cron": "@daily", "timezone": "UTC"}]'`, 'CH007', /no field "timezone"/],
  ];
  for (const [fields, code, message] of cases) {
    for (const call of ['preview', 'describe']) {
      const error = await database.error(`select chime.${call}(${fields})`);
      test.match(error, { code, message, hint: /./ }, `${call} ${fields}`);
    }
  }
});

t.test('another tenant has other calendars', async (test) => {
  const other = '00000000-0000-0000-0000-000000000003';
  await database.rows("insert into chime.tenants (id, name) values ($1, 'other')", [other]);
  const client = await database.connect(test);
  await client.query("select set_config('chime.tenant_id', $1, false)", [other]);
  const asked = "select * from chime.preview(cron => '@daily', never_on => array['holidays'])";
  await test.rejects(client.query(asked), { code: 'CH007', message: /no calendar "holidays"/ });
});
