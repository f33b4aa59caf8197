// What becomes of what somebody writes: saved, shown before, asked about, taken back.
import t from 'tap';
import { setUpBot } from '../support/bot.ts';

const schedules =
  'select name, cron, every::text, at, timezone, status from chime.schedules where deleted_at is null order by id';

async function setUp(test: Parameters<typeof setUpBot>[0]) {
  const bot = await setUpBot(test);
  const ann = bot.person();
  await ann.say('/timezone Europe/Berlin');
  return { ...bot, ann };
}

t.test('a single time is saved at once, with a way back', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('remind me tomorrow at 9 to call <the> bank');
  test.match(ann.last.html, /<b>call &lt;the&gt; bank<\/b>/);
  test.match(ann.text, /Sat 21 Nov, 09:00 \(in 17 hours\)/);
  test.match(await database.rows(schedules), [
    { name: 'call <the> bank', timezone: 'Europe/Berlin', status: 'active' },
  ]);
  await ann.press('Undo');
  test.match(ann.text, /Taken back: call/);
  test.strictSame(await database.rows(schedules), []);
  await ann.press('Undo');
  test.match(await database.rows(schedules), [{ status: 'active' }]);
});

t.test('a rule of cron, an interval, and days of the week are shown first', async (test) => {
  const { ann, database } = await setUp(test);
  for (const [said, wanted] of [
    ['30 8 * * 1-5 stand-up', { name: 'stand-up', cron: '30 8 * * 1-5' }],
    ['every 2 hours drink', { name: 'drink', every: '02:00:00' }],
    ['every monday and friday at 17:30 go home', { name: 'go home', cron: '30 17 * * 1,5' }],
  ] as const) {
    const before = (await database.rows(schedules)).length;
    await ann.say(said);
    test.match(ann.text, /New schedule/, said);
    test.equal((await database.rows(schedules)).length, before);
    await ann.press('Create');
    test.match(
      (await database.rows(schedules)).find(({ name }) => name === wanted.name),
      wanted,
      said,
    );
  }
});

t.test('what is missing is asked for, one thing at a time', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('call mum');
  test.match(ann.text, /“call mum”/);
  await ann.press('In 1 h');
  test.match(ann.text, /✅ call mum/);
  await ann.say('at 18:30');
  test.match(ann.text, /what shall I remind you of/);
  await ann.say('the laundry');
  test.match(ann.text, /Fri 20 Nov, 18:30/);
  await ann.say('buy milk');
  await ann.say('tomorrow at 10');
  test.match(ann.text, /✅ buy milk[\s\S]*Sat 21 Nov, 10:00/);
  test.equal((await database.rows(schedules)).length, 3);
});

t.test('of two times that are as likely one is chosen', async (test) => {
  const { ann } = await setUp(test);
  await ann.say('at 8 feed the cat');
  test.strictSame(ann.labels.slice(0, 2), ['Today 20:00', 'Tomorrow 08:00']);
  await ann.press('Tomorrow 08:00');
  test.match(ann.text, /✅ feed the cat[\s\S]*Sat 21 Nov, 08:00/);
});

t.test('a time that has passed, one that cannot be read, and what is too long', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('today at 15:00 too late');
  test.match(ann.text, /15:00” has passed; it is 16:00/);
  await ann.say('61 8 * * * never');
  test.match(ann.text, /cannot read that time/);
  await ann.say(`tomorrow at 9 ${'x'.repeat(3000)}`);
  test.match(ann.text, /too long/);
  test.strictSame(await database.rows(schedules), []);
});

t.test('what was not answered for a while is put aside, and taken up again', async (test) => {
  const { ann, now, database } = await setUp(test);
  await ann.say('every day at 9 stretch');
  await now.advance('16 minutes');
  await ann.press('Create');
  test.match(ann.text, /put it aside/);
  await ann.press('Take it up again');
  test.match(ann.text, /New schedule/);
  await ann.press('Create');
  test.match(await database.rows(schedules), [{ name: 'stretch' }]);
});

t.test('a phrase that is only text; a wish that is dropped', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('every day at 9 is a good book');
  await ann.press('That is just text');
  test.match(ann.text, /“every day at 9 is a good book”/);
  await ann.say('/cancel');
  test.match(ann.text, /Cancelled/);
  await ann.say('/cancel');
  test.match(ann.text, /nothing to cancel/);
  test.strictSame(await database.rows(schedules), []);
});

t.test('a message that has waited counts from when it was written', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('in 30 minutes tea', { at: new Date('2026-11-20T14:45:00Z') });
  test.match(await database.row('select next_run_at from chime.schedules'), {
    next_run_at: new Date('2026-11-20T15:15:00Z'),
  });
  await ann.say('in 5 minutes late tea', { at: new Date('2026-11-20T14:45:00Z') });
  test.match(ann.text, /✅ late tea/);
  test.match(await database.row('select status, scheduled_for from chime.runs'), {
    status: 'queued',
    scheduled_for: new Date('2026-11-20T14:50:00Z'),
  });
  await ann.press('Undo');
  test.match(ann.text, /Taken back/);
  test.equal(await database.value('select status from chime.runs'), 'cancelled');
});
