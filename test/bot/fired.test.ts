// A reminder that has fired: done, or later; the series that it comes from does not move.
import t from 'tap';
import { setUpBot } from '../support/bot.ts';

async function setUp(test: Parameters<typeof setUpBot>[0]) {
  const bot = await setUpBot(test);
  const ann = bot.person();
  await ann.say('/timezone Europe/Berlin');
  await ann.say('every day at 20:00 <stretch>');
  await ann.press('Create');
  const [call] = await bot.fire('2026-11-20T19:00:00Z');
  const id = bot.show(ann, call);
  const snoozes = () =>
    bot.database.rows<{ status: string; next_run_at: Date }>(
      "select status, next_run_at from chime.schedules where key like 'snooze:%' and deleted_at is null",
    );
  const series = () =>
    bot.database.row('select next_run_at, revision from chime.schedules where cron is not null');
  return { ...bot, ann, id, snoozes, series };
}

t.test('later, and later still, is one other time; the series stays', async (test) => {
  const { ann, id, snoozes, series } = await setUp(test);
  const before = await series();
  await ann.press('10 min');
  test.match(ann.last.html, /&lt;stretch&gt;[\s\S]*💤 Until Fri 20 Nov, 20:10/);
  test.match(await snoozes(), [{ status: 'active', next_run_at: new Date('2026-11-20T19:10:00Z') }]);
  await ann.reply(id, 'snooze until tomorrow at 7:30');
  test.match(ann.text, /Until Sat 21 Nov, 07:30/);
  test.match(await snoozes(), [{ next_run_at: new Date('2026-11-21T06:30:00Z') }]);
  await ann.reply(id, 'snooze whenever you like');
  test.match(ann.text, /Until when\?/);
  test.strictSame(await series(), before);
});

t.test('an evening that is over, a morning that comes, and taking it back', async (test) => {
  const { ann, snoozes } = await setUp(test);
  const reminder = ann.last;
  await ann.press('Tonight');
  test.match(ann.toast, /19:00 has passed; it is 20:00/);
  test.strictSame(await snoozes(), []);
  await ann.press('Tomorrow', reminder);
  test.match(ann.text, /Until Sat 21 Nov, 09:00/);
  await ann.press('Undo');
  test.strictSame(await snoozes(), []);
  test.ok(ann.labels.includes('✅ Done'));
  await ann.press('Done');
  test.match(ann.text, /Done 20:00/);
  await ann.press('Undo');
  test.ok(ann.labels.includes('✅ Done'));
});

t.test('what is no answer to a run is a wish of its own', async (test) => {
  const { ann, id, database } = await setUp(test);
  await ann.reply(id, 'tomorrow at 9 call mum');
  test.match(ann.text, /✅ call mum/);
  await ann.reply('999', 'why');
  test.match(ann.text, /“why”/);
  test.equal(
    await database.value("select count(*)::integer from chime.schedules where name = 'call mum'"),
    1,
  );
});
