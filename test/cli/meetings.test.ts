// Meetings from the command line.
import t from 'tap';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
const { run, runJson } = commandsOn(database.url);
const design = [
  ...['meeting', 'book', 'Design review', '2030-11-21 15:00', '--for', '45m', '--tz', 'Europe/Berlin'],
  ...['--location', 'Zoom', '--remind', '1d,1h'],
];

t.test('booked, listed, moved, cancelled: each says when, in which zone, and its reminders', async (test) => {
  test.match(await run('meeting', 'list'), { code: 0, stdout: 'No meetings.\n' });
  test.match(await run(...design), {
    code: 0,
    stdout:
      /^Booked Design review\n {2}2030-11-21 15:00 – 15:45 {2}Europe\/Berlin {2}in .* 2030-11-21T14:00:00.000Z\n {2}Zoom\nReminders:\n {2}2030-11-20 15:00 {2}Europe\/Berlin {2}1 day before {2}in .*\n {2}2030-11-21 14:00 {2}Europe\/Berlin {2}1 hour before .*\nid \S+\n$/,
  });
  test.match(await run('meeting', 'list'), {
    stdout: /^title .*\nDesign review +2030-11-21 15:00 – 15:45 +Europe\/Berlin +scheduled +2 +\S+\n$/,
  });
  test.match(await run('meeting', 'move', 'design review', '2030-11-22 23:30'), {
    code: 0,
    stdout:
      /^Moved Design review\n {2}2030-11-22 23:30 – 2030-11-23 00:15 {2}Europe\/Berlin[\s\S]*2030-11-21 23:30 /,
  });
  const moved = await runJson(
    ...[
      'meeting',
      'move',
      'Design review',
      '2030-11-22T10:00Z',
      '--until',
      '2030-11-22T10:00Z',
      '--timezone',
      'UTC',
    ],
  );
  test.match(moved.data, { timezone: 'UTC', revision: 3, endsAt: '2030-11-22T10:00:00.000Z' });
  test.match(await run('meeting', 'cancel', moved.data.id, '--reason', 'Ill'), {
    code: 0,
    stdout:
      /^Cancelled Design review: Ill\n {2}2030-11-22 10:00 {2}UTC [\s\S]*1 day before .* {2}cancelled\n/,
  });
  test.match(await run('meeting', 'list'), { stdout: 'No meetings.\n' });
  test.match(await run('meeting', 'list', '--all'), { stdout: /Design review .* cancelled +0 / });
});

t.test('whose it is', async (test) => {
  const ann = await person(database, defaultTenant, 'ann');
  await database.rows("select chime.set_preferences(timezone => 'Asia/Tokyo', user_id => $1)", [ann.userId]);
  const book = (...args: string[]) => runJson('meeting', 'book', 'Review', '2030-11-21 15:00', ...args);
  test.match((await book('--user', 'ann')).data, { ownerId: ann.userId, timezone: 'Asia/Tokyo' });
  const { data: mine } = await book('--key', 'uid', '--remind', 'none');
  test.match(mine, { timezone: 'America/New_York', reminders: [], meetingReminders: [] });
  test.match(
    await database.value('select subject from chime.users where id = $1', [mine.ownerId]),
    /^terminal:/,
  );
  test.match((await book('--key', 'uid', '--for', '2h')).data, { id: mine.id, revision: 2 });
  test.match((await runJson('meeting', 'list', '--user', 'ann')).data, [{ ownerId: ann.userId }]);
  test.match(await run('meeting', 'cancel', 'Review'), { code: 3, stderr: /2 meetings are called "Review"/ });
});

t.test('what is wrong', async (test) => {
  const wrong = async (args: string[], code: number, stderr: RegExp) =>
    test.match(await run('meeting', ...args), { code, stderr }, args.join(' '));
  await wrong(['book', 'R', '2030-11-21 15:00', '--for', 'soon'], 2, /length of time is needed/);
  await wrong(['book', 'R', '2030-11-21 15:00', '--remind', '1d,,'], 2, /length of time is needed/);
  await wrong(['book', 'R', 'tomorrow'], 2, /is not a date and time/);
  await wrong(['book', 'R', '2020-11-21 15:00'], 2, /would be over/);
  await wrong(['book', 'R', '2030-11-21 15:00', '--tz', 'Berlin'], 2, /Europe\/Berlin/);
  await wrong(['book', 'R', '2030-11-21 15:00', '--user', 'nobody'], 3, /no user "nobody"/);
  await wrong(['move', 'nothing', '2030-11-21 15:00'], 3, /There is no meeting "nothing"/);
  await wrong(['cancel', '00000000-0000-7000-8000-00000000dead'], 3, /There is no meeting/);
});
