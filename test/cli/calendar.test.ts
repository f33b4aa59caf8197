// Calendars and several rules, from the command line and the library.
import t from 'tap';
import { createChime } from '../../src/client/chime.ts';
import { chime } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const env = { DATABASE_URL: database.url, TZ: 'UTC' };
const run = (...args: string[]) => chime(args, { env });

t.test('calendars', async (test) => {
  test.match(await run('calendar', 'list'), { code: 0, stdout: 'No calendars.\n' });
  const made = await run('calendar', 'set', 'holidays', '2030-12-24/2030-12-26', '2031-01-01');
  test.match(made, {
    code: 0,
    stdout: /^name .*\nholidays +of each schedule +2030-12-24\/2030-12-26, 2031-01-01\n$/,
  });
  const card = await run(
    ...['schedule', 'create', '--task', 'noop', '--key', 'work', '--cron', '0 9 * * *', '--timezone', 'UTC'],
    ...['--starts-at', '2030-12-23T00:00Z', '--never-on', 'holidays', '--on-excluded', 'next_day'],
  );
  test.match(card, {
    code: 0,
    stdout:
      /never on days of "holidays", made up for on the next other day[\s\S]*2030-12-23 09:00:00[\s\S]*2030-12-27 09:00:00[\s\S]*2030-12-28/,
  });
  test.match(await run('calendar', 'delete', 'holidays'), { code: 1, stderr: /in use by: work/ });
  test.match(await run('calendar', 'set', 'holidays', 'soon'), { code: 2, stderr: /"soon" is no date/ });
  await run('schedule', 'delete', 'work');
  test.match(await run('calendar', 'delete', 'holidays'), { code: 0, stdout: 'Deleted holidays\n' });
});

t.test('several rules', async (test) => {
  const create = ['schedule', 'create', '--task', 'noop', '--key', 'both', '--timezone', 'UTC', '--rules'];
  const card = await run(...create, '[{"cron": "0 9 * * MON-FRI"}, {"cron": "30 11 * * SAT,SUN"}]');
  test.match(card, {
    code: 0,
    stdout: /at 09:00 on weekdays, UTC; and at 11:30 .*, UTC\nNext fires:\n( {2}.* (09:00|11:30):00 .*\n){3}/,
  });
  test.match(await run(...create, '{'), { code: 2, stderr: /--rules is not JSON/ });
  test.match(await run('schedule', 'list'), { stdout: /both/ });
});

t.test('from the library', async (test) => {
  const library = createChime({ connectionString: database.url });
  test.teardown(() => library.close());
  const calendar = await library.calendars.set('trading', ['2031-01-02/2031-01-03', '2031-01-06'], {
    timezone: 'Asia/Tokyo',
  });
  test.strictSame(calendar.dates, ['2031-01-02/2031-01-03', '2031-01-06']);
  test.strictSame(await library.calendars.list(), [calendar]);
  const { id } = await library.schedules.create({
    task: 'noop',
    rules: [{ cron: '0 9 * * *' }, { every: '1 day', anchor: new Date('2031-01-01T18:00Z') }],
    timezone: 'Asia/Tokyo',
    onlyOn: ['trading'],
  });
  const fires = await library.schedules.preview(id, { count: 3 });
  test.strictSame(
    fires.map(({ localTime }) => localTime),
    ['2031-01-02 03:00:00', '2031-01-02 09:00:00', '2031-01-03 03:00:00'],
  );
  const schedule = await library.schedules.get(id);
  test.hasStrict(schedule, { onlyOn: ['trading'], neverOn: null, onExcluded: 'skip', cron: null });
  test.equal(schedule.rules?.length, 2);
});
