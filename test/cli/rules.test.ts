// The options that say when, beyond a single rule: shorthands, several rules, calendars, one-offs that are overdue.
import t from 'tap';
import { chime } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const run = (...args: string[]) =>
  chime(['schedule', ...args], { env: { DATABASE_URL: database.url, TZ: 'Europe/Berlin' } });
const create = (...args: string[]) =>
  run('create', '--task', 'send_message', '--payload', '{"text": "x"}', ...args);
const preview = (...args: string[]) => run('preview', '--count', '3', ...args);
await database.rows("select chime.set_calendar('holidays', array['2030-12-24/2030-12-26'])");

t.test('daily, weekly, monthly', async (test) => {
  const weekly = ['--repeat-interval', 'weekly', '--starts-at', '2030-12-03T09:00:00+01:00'];
  const fires =
    /^every week on Tuesday at 09:00, .*\n( {2}2030-12-(03|10|17) 09:00:00 {2}Europe\/Berlin .*\n){3}$/;
  test.match(await preview(...weekly), { code: 0, stdout: fires });
  test.match(await create(...weekly, '--key', 'weekly'), {
    code: 0,
    stdout:
      /^Created weekly, active\n.*\n {2}every 7 days in Europe\/Berlin\n {2}every week on Tuesday at 09:00/,
  });
  test.match(
    await run('update', 'weekly', '--repeat-interval', 'monthly', '--starts-at', '2030-12-31T08:00:00Z'),
    { code: 0, stdout: /2030-12-31 09:00:00[\s\S]*2031-01-31 09:00:00[\s\S]*2031-02-28 09:00:00/ },
  );
  test.match(await create('--repeat-interval', 'custom', '--cron', '@daily'), {
    code: 0,
    stdout: /00:00:00/,
  });
  test.match(await create('--repeat-interval', 'daily'), {
    code: 2,
    stderr: /needs a start: starts_at, or anchor/,
  });
  test.match(await create('--repeat-interval', 'hourly'), { code: 2, stderr: /Allowed choices are daily/ });
});

t.test('a preview takes what create takes', async (test) => {
  const rules = [
    '--rules',
    '[{"cron": "0 9 * * *"}, {"cron": "0 21 * * *"}]',
    '--after',
    '2030-12-23T12:00:00Z',
  ];
  test.match(await preview(...rules), {
    code: 0,
    stdout:
      /^at 09:00 every day, .*; and at 21:00 every day, .*\n {2}2030-12-23 21:00:00.*\n {2}2030-12-24 09:00:00/,
  });
  test.match(await preview(...rules, '--never-on', 'holidays'), {
    code: 0,
    stdout: /, never on days of "holidays"\n {2}2030-12-23 21:00:00.*\n {2}2030-12-27 09:00:00/,
  });
  test.match(await preview(...rules, '--never-on', 'holidays', '--on-excluded', 'next_day', '--json'), {
    code: 0,
    stdout: /made up for on the next other day[\s\S]*2030-12-27 09:00:00/,
  });
  test.match(await preview(...rules, '--only-on', 'holidays'), { stdout: /2030-12-24 09:00:00/ });
  test.match(await preview('--rules', '[{"cron"}]'), { code: 2, stderr: /--rules is not JSON/ });
  test.match(await preview('--never-on', 'holidays'), {
    code: 2,
    stderr: /Name a stored schedule, or give a rule/,
  });
  test.match(await preview('--cron', '@daily', '--never-on', 'nowhere'), {
    code: 2,
    stderr: /no calendar "nowhere"/,
  });
});

t.test('a one-off in the past', async (test) => {
  const past = ['--at', '2020-05-05 12:00'];
  test.match(await create(...past), { code: 2, stderr: /is in the past[\s\S]*run_now/ });
  test.match(await preview(...past), { code: 0, stdout: /\(none\)/ });
  const asked = [...past, '--overdue', 'run_now'];
  test.match(await preview(...asked), {
    code: 0,
    stdout: /2020-05-05 12:00:00.* ago .*overdue: runs at once\n$/,
  });
  test.match(await create(...asked, '--key', 'late'), {
    code: 0,
    stdout:
      /^Created late, completed[\s\S]*It does not fire, it is completed: .*\nIts latest run: [0-9a-f-]{36}\n/,
  });
  test.match(await create(...asked, '--key', 'late'), { code: 0, stdout: /^Unchanged: late/ });
  test.equal(await database.value('select count(*)::integer from chime.runs'), 1);
});
