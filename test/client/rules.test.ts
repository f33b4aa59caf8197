// What the library takes as a rule, beyond a single one.
import t from 'tap';
import { createChime, InvalidArgumentError, PastTimeError } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const chime = createChime({ connectionString: database.url });
t.teardown(() => chime.close());
await chime.calendars.set('holidays', ['2030-12-24/2030-12-26']);

t.test('daily, weekly, monthly', async (test) => {
  const rule = {
    repeatInterval: 'weekly',
    startsAt: new Date('2030-12-03T08:00:00Z'),
    timezone: 'Europe/Berlin',
  } as const;
  const fires = await chime.preview({ ...rule, count: 2 });
  test.strictSame(
    fires.map(({ localTime }) => localTime),
    ['2030-12-03 09:00:00', '2030-12-10 09:00:00'],
  );
  test.match(await chime.describe(rule), /^every week on Tuesday at 09:00/);
  const { id } = await chime.schedules.create({ task: 'noop', ...rule });
  test.hasStrict(await chime.schedules.get(id), { every: '7 days', anchor: rule.startsAt });
  const changed = await chime.schedules.update(id, { repeatInterval: 'monthly' });
  test.hasStrict(changed, { every: '1 mon', anchor: rule.startsAt });
  await test.rejects(chime.schedules.create({ task: 'noop', repeatInterval: 'daily' }), InvalidArgumentError);
});

t.test('several rules and calendars in a preview', async (test) => {
  const rule = {
    rules: [{ cron: '0 9 * * *' }, { every: '1 day', anchor: '2030-01-01T21:00:00Z' }],
    neverOn: ['holidays'],
    onExcluded: 'next_day',
  } as const;
  const asked = { ...rule, rules: [...rule.rules], neverOn: [...rule.neverOn] };
  const fires = await chime.preview({ ...asked, after: '2030-12-23T12:00:00Z', count: 3 });
  test.strictSame(
    fires.map(({ localTime }) => localTime),
    ['2030-12-23 21:00:00', '2030-12-27 09:00:00', '2030-12-27 21:00:00'],
  );
  test.match(await chime.describe({ ...asked, locale: 'ru' }), /никогда по дням из "holidays", с переносом/);
});

t.test('a one-off in the past', async (test) => {
  const at = new Date('2020-05-05T12:00:00Z');
  await test.rejects(chime.schedules.create({ task: 'noop', at }), PastTimeError);
  const [fire] = await chime.preview({ at, overdue: 'run_now' });
  test.hasStrict(fire, { scheduledFor: at, note: 'overdue: runs at once' });
  const { id, nextRunAt } = await chime.schedules.create({ task: 'noop', at, overdue: 'run_now' });
  test.equal(nextRunAt, null);
  const [run] = await chime.runs.list({ scheduleId: id });
  test.hasStrict(run, { scheduledFor: at, status: 'queued', trigger: 'schedule' });
  const once = await chime.schedules.create({ task: 'noop', at: '2040-01-01 00:00' });
  const updated = await chime.schedules.update(once.id, { at, overdue: 'run_now' });
  test.hasStrict(updated, { status: 'completed', runCount: 1 });
});
