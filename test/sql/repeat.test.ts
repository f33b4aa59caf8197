// Daily, weekly and monthly: shorthands that become ordinary rules.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-11-01 12:00:00Z');

interface Created {
  id: string;
  outcome: string;
  next_run_at: Date | null;
}

const create = (fields: string) =>
  database.row<Created>(`select * from chime.create_schedule(task => 'noop', ${fields})`);
const stored = (id: string) =>
  database.row(
    'select cron, every::text as every, at, rrule, rules, anchor, starts_at, revision from chime.schedules where id = $1',
    [id],
  );
const preview = async (fields: string) =>
  (
    await database.rows<{ local: string }>(
      `select to_char(local_time, 'Dy YYYY-MM-DD HH24:MI') as local from chime.preview(${fields})`,
    )
  ).map(({ local }) => local);
const update = (id: string, patch: object) =>
  database.row('select * from chime.update_schedule($1, $2)', [id, JSON.stringify(patch)]);

t.test('the weekday, the day and the time are those of the start, on the clock of the zone', async (test) => {
  const start = "starts_at => '2027-03-26 09:00+01', timezone => 'Europe/Berlin', count => 4";
  const fires = (word: string) => preview(`repeat_interval => '${word}', ${start}`);
  const local = (...days: string[]) => days.map((day) => `${day} 09:00`);
  test.strictSame(
    await fires('daily'),
    local('Fri 2027-03-26', 'Sat 2027-03-27', 'Sun 2027-03-28', 'Mon 2027-03-29'),
    'from the start on, across a clock change',
  );
  test.strictSame(
    await fires('weekly'),
    local('Fri 2027-03-26', 'Fri 2027-04-02', 'Fri 2027-04-09', 'Fri 2027-04-16'),
  );
  test.strictSame(
    await fires('monthly'),
    local('Fri 2027-03-26', 'Mon 2027-04-26', 'Wed 2027-05-26', 'Sat 2027-06-26'),
  );
});

t.test('a month without that day has it on its last one', async (test) => {
  test.strictSame(
    await preview("repeat_interval => 'monthly', starts_at => '2026-12-31 23:30Z', count => 5"),
    ['Thu 2026-12-31', 'Sun 2027-01-31', 'Sun 2027-02-28', 'Wed 2027-03-31', 'Fri 2027-04-30'].map(
      (day) => `${day} 23:30`,
    ),
  );
});

t.test('a start in the past, and one with a fraction of a second', async (test) => {
  test.strictSame(
    await preview("repeat_interval => 'weekly', starts_at => '2025-01-01 08:15Z', count => 1"),
    ['Wed 2026-11-04 08:15'],
  );
  const { id } = await create("repeat_interval => 'daily', starts_at => '2026-11-02 10:00:00.75Z'");
  const start = new Date('2026-11-02T10:00:00Z');
  test.hasStrict(await stored(id), { anchor: start, starts_at: start }, 'the first fire is on the first day');
});

t.test('anchor is the start where both are given', async (test) => {
  test.strictSame(
    await preview(
      "repeat_interval => 'weekly', anchor => '2026-01-07 08:15Z', starts_at => '2026-12-01Z', count => 1",
    ),
    ['Wed 2026-12-02 08:15'],
  );
});

t.test('it is stored as an ordinary rule', async (test) => {
  const fields = `repeat_interval => 'weekly', starts_at => '2026-12-01 09:00+01', timezone => 'Europe/Berlin', key => 'w'`;
  const created = await create(fields);
  const start = new Date('2026-12-01T08:00:00Z');
  test.hasStrict(created, { outcome: 'created', next_run_at: start });
  test.hasStrict(await stored(created.id), { every: '7 days', anchor: start, starts_at: start });
  test.equal(
    await database.value('select chime.describe(schedule_id => $1)', [created.id]),
    'every week on Tuesday at 09:00, counted from 2026-12-01, not before 2026-12-01 09:00, Europe/Berlin time',
  );
  test.equal(
    await database.value(
      `select chime.describe(repeat_interval => 'monthly', starts_at => '2026-12-31 09:00Z', locale => 'ru')`,
    ),
    'каждый месяц 31-го числа (в более коротких месяцах — в последний день) в 09:00, считая с 31.12.2026, не раньше 31.12.2026 09:00, по UTC',
  );
  await now.advance('1 day');
  test.hasStrict(await create(fields), { id: created.id, outcome: 'unchanged' });
});

t.test('an update takes the start of the patch, or the one that is stored', async (test) => {
  const { id } = await create("cron => '0 7 * * *', timezone => 'Europe/Berlin'");
  test.match(
    await database.error('select chime.update_schedule($1, $2)', [id, '{"repeat_interval": "daily"}']),
    { code: 'CH007', message: 'A daily schedule needs a start: starts_at, or anchor.' },
  );
  const [first, second] = ['2026-12-05T10:00:00Z', '2026-12-08T18:45:00Z'].map((text) => new Date(text));
  await update(id, { repeat_interval: 'daily', starts_at: first });
  test.hasStrict(await stored(id), { cron: null, every: '1 day', anchor: first, starts_at: first });
  await update(id, { repeat_interval: 'monthly' });
  test.hasStrict(await stored(id), { every: '1 mon', anchor: first });
  const last = await update(id, { repeat_interval: 'weekly', starts_at: second });
  test.hasStrict(await stored(id), { every: '7 days', anchor: second, starts_at: second, revision: 4 });
  test.strictSame(last.next_run_at, second);
  await update(id, { repeat_interval: 'custom', cron: '0 8 * * *' });
  test.hasStrict(await stored(id), { cron: '0 8 * * *', every: null, anchor: null });
  await update(id, { repeat_interval: 'custom', description: 'as it was' });
  test.hasStrict(await stored(id), { cron: '0 8 * * *' }, 'custom alone changes no rule');
  await update(id, { repeat_interval: 'daily', cron: null });
  test.hasStrict(await stored(id), { every: '1 day', anchor: second }, 'a rule that is cleared is none');
});

t.test('custom is what the other arguments say', async (test) => {
  test.strictSame(await preview("repeat_interval => 'custom', cron => '30 6 * * *', count => 1"), [
    'Tue 2026-11-03 06:30',
  ]);
});

t.test('what is refused', async (test) => {
  const start = "starts_at => '2026-12-01Z'";
  const cases: [string, string, RegExp][] = [
    [`repeat_interval => 'yearly', ${start}`, 'CH007', /^repeat_interval cannot be "yearly"/],
    [`repeat_interval => 'Weekly', ${start}`, 'CH007', /cannot be "Weekly"/],
    [`repeat_interval => '', ${start}`, 'CH007', /cannot be ""/],
    [`repeat_interval => repeat('x', 10000000), ${start}`, 'CH007', /^.{90,120}$/],
    ["repeat_interval => 'weekly'", 'CH007', /^A weekly schedule needs a start/],
    [`repeat_interval => 'weekly', cron => '@daily', ${start}`, 'CH001', /more than one rule/],
    [`repeat_interval => 'weekly', at => '2030-01-01 00:00', ${start}`, 'CH001', /more than one rule/],
    [`repeat_interval => 'weekly', rules => '[{"cron": "@daily"}]', ${start}`, 'CH001', /more than one rule/],
    ["repeat_interval => 'custom'", 'CH001', /rule is missing/],
    ["repeat_interval => 'custom', cron => '@daily', every => '1 day'", 'CH001', /more than one rule/],
    ["repeat_interval => 'daily', starts_at => 'infinity'", 'CH007', /^starts_at is out of range/],
    ["repeat_interval => 'daily', anchor => '-infinity'", 'CH007', /^anchor is out of range/],
  ];
  for (const [fields, code, message] of cases) {
    const wanted = { code, message, hint: /./ };
    for (const call of ['create_schedule', 'preview', 'describe']) {
      const given = call === 'create_schedule' ? `task => 'noop', ${fields}` : fields;
      test.match(await database.error(`select * from chime.${call}(${given})`), wanted, `${call} ${fields}`);
    }
  }
});
