// Schedules in plain words: several ways to take a phrase are asked about, what was taken for granted is said, what is over is not fired;
// and what there is can be moved and asked about.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { setUpBot } from '../support/bot.ts';

const schedules =
  "select name, cron, every::text, to_char(next_run_at at time zone timezone, 'YYYY-MM-DD HH24:MI') as next, timezone from chime.schedules where deleted_at is null order by created_at";

/** Friday 20 November, 16:00 in Berlin. */
async function setUp(test: Parameters<typeof setUpBot>[0]) {
  const bot = await setUpBot(test);
  const ann = bot.person();
  await ann.say('/timezone Europe/Berlin');
  return { ...bot, ann };
}

t.test('several ways to take it: each a button', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('next week report');
  test.match(ann.text, /“next week”: which one\?/);
  test.ok(ann.labels.length >= 3 && ann.labels.length <= 5, ann.labels.join());
  await ann.press(ann.labels[0] ?? '');
  test.match(ann.text, /✅ report/);
  test.match(await database.rows(schedules), [{ name: 'report', next: /^2026-11-2[3-9]/ }]);
});

t.test('what was taken for granted is said, by what the person has set', async (test) => {
  const { ann, database } = await setUp(test);
  await database.rows("update chime.users set evening_at = '20:30'");
  await ann.say('call mum tonight');
  test.match(ann.text, /✅ call mum[\s\S]*Fri 20 Nov, 20:30[\s\S]*evening is 20:30/);
  await ann.say('по будням вечером гулять с собакой');
  test.match(ann.text, /20:30/);
  await ann.press('Create');
  test.match(await database.rows(schedules), [
    { name: 'call mum', next: '2026-11-20 20:30' },
    { name: 'гулять с собакой', cron: '30 20 * * 1-5' },
  ]);
});

t.test('a zone that is named is the zone of the schedule', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('tomorrow at 15:00 New York time call Bob');
  test.match(await database.rows(schedules), [
    { name: 'call Bob', next: '2026-11-21 15:00', timezone: 'America/New_York' },
  ]);
});

t.test('what is over: the next that may be meant, or another time', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('on March 1 2026 at 10:00 party');
  test.match(ann.text, /has passed; it is 16:00/);
  await ann.press(ann.labels[0] ?? '');
  test.match(await database.rows(schedules), [{ name: 'party', next: '2027-03-01 10:00' }]);
});

t.test('moved in plain words, and never silently', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('every weekday at 9:30 report');
  await ann.press('Create');
  for (const [said, cron] of [
    ['move the report to 10', '0 10 * * 1-5'],
    ['перенеси report на 8:15', '15 8 * * 1-5'],
  ] as const) {
    await ann.say(said);
    test.match(ann.text, /Before[\s\S]*After/, said);
    await ann.press('Save');
    test.match(await database.rows(schedules), [{ name: 'report', cron }]);
  }
  await ann.press('Edit');
  await ann.say('also saturdays');
  await ann.press('Save');
  test.match(await database.rows(schedules), [{ name: 'report', cron: '15 8 * * 1-5,6' }]);
  await ann.press('Edit');
  await ann.say('on mondays');
  test.match(ann.text, /08:15/, 'where only days are said it keeps its time');
  await ann.press('Save');
  test.match(await database.rows(schedules), [{ name: 'report', cron: '15 8 * * 1' }]);
  await ann.press('Edit');
  await ann.say('on March 1 2026 at 10:00');
  test.match(ann.text, /has passed/);
  await ann.say('9');
  await ann.press('Save');
  test.match(await database.rows(schedules), [{ name: 'report', cron: '0 9 * * 1' }]);
  await ann.say('move the piano to the garage');
  test.match(ann.text, /but not when/, 'what is no schedule is something to be reminded of');
});

t.test('what comes next, and why something failed', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('Why did it fail?');
  test.match(ann.text, /Nothing has failed/);
  await ann.say('every day at 9 backup');
  await ann.press('Create');
  for (const said of ["What's next?", 'что дальше?']) {
    await ann.say(said);
    test.match(ann.text, /backup/, said);
  }
  const { queue, attempt } = attemptsOf(database);
  const schedule = await database.value<string>('select id from chime.schedules');
  await attempt(await queue(schedule), { outcome: 'failed', error: 'the disk is full' });
  for (const said of ['why did the backup fail?', 'почему упало?']) {
    await ann.say(said);
    test.match(ann.text, /the disk is full/, said);
  }
});
