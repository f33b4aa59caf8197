// Groups: what is theirs all of them see; who may create, and who may change.
import t from 'tap';
import { setUpBot } from '../support/bot.ts';

async function setUp(test: Parameters<typeof setUpBot>[0]) {
  const bot = await setUpBot(test);
  const group = { context: '-1001:7', isGroup: true, admins: ['44'] };
  const [ann, bob, boss] = [
    bot.person({ ...group, id: '42', name: 'Ann' }),
    bot.person({ ...group, id: '43', name: 'Bob' }),
    bot.person({ ...group, id: '44', name: 'Boss' }),
  ];
  await boss.say('/timezone Europe/Berlin');
  return { ...bot, ann, bob, boss };
}

t.test('it is shown before it is saved, all see it, it comes to the topic', async (test) => {
  const { ann, bob, fire, person, show, database } = await setUp(test);
  await ann.say('tomorrow at 9 stand-up');
  test.strictSame(ann.said, [], 'what is not said to the bot is not heard');
  await ann.do({ location: { latitude: 59.33, longitude: 18.07 } });
  test.equal(
    await database.value("select timezone from chime.users where subject = 'telegram:-1001'"),
    'Europe/Berlin',
  );
  test.equal(
    await database.value("select count(*)::integer from chime.users where subject = 'telegram:42'"),
    0,
  );
  await ann.say('at 18:30 tomorrow cinema', { isToBot: true });
  test.match(ann.text, /New schedule[\s\S]*cinema/);
  await ann.say('/remind tomorrow at 9 stand-up');
  await ann.press('Create');
  await bob.say('/list');
  test.match(bob.text, /stand-up/);
  const alone = person({ id: '42' });
  await alone.say('/list');
  test.match(alone.text, /nothing here yet/);
  const [reminder] = await fire('2026-11-21T08:00:00Z');
  test.match(reminder?.params, { chat_id: '-1001', message_thread_id: '7', text: 'stand-up' });
  show(bob, reminder);
  await bob.press('Done');
  test.match(bob.text, /Done 09:00 · Bob/);
});

t.test('who has asked for it and administrators may change it, nobody else', async (test) => {
  const { ann, bob, boss, database } = await setUp(test);
  await ann.say('/new every day at 9 stand-up');
  const draft = ann.last;
  await bob.press('Create', draft);
  test.match(bob.toast, /Only the author/);
  await ann.press('Create');
  await bob.say('/list');
  await bob.press('1');
  await bob.press('Pause');
  test.match(bob.toast, /Only the author/);
  test.equal(await database.value('select status from chime.schedules'), 'active');
  await ann.press('Pause', bob.last);
  test.equal(await database.value('select status from chime.schedules'), 'paused');
  await boss.say('/list');
  await boss.press('1');
  await boss.press('Resume');
  test.equal(await database.value('select status from chime.schedules'), 'active');
  await bob.say('/pause all');
  test.match(bob.text, /Only administrators/);
  await bob.say('/timezone Europe/Paris');
  test.match(bob.text, /Only administrators/);
});

t.test('administrators may keep creating to themselves', async (test) => {
  const { ann, boss, database } = await setUp(test);
  await ann.say('/settings');
  await ann.press('Only administrators create');
  test.match(ann.toast, /Only administrators/);
  await boss.say('/settings');
  await boss.press('Only administrators create');
  test.match(boss.text, /administrators/);
  await ann.say('/new every day at 9 stand-up');
  test.match(ann.text, /Only administrators/);
  await boss.say('/new every day at 9 stand-up');
  await boss.press('Create');
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 1);
});

t.test('a group that goes on under another id keeps what it has', async (test) => {
  const { ann, person, database } = await setUp(test);
  await ann.say('/new every day at 9 stand-up');
  await ann.press('Create');
  await ann.do({ migratedTo: '-1002' });
  const moved = person({ context: '-1002:7', isGroup: true, id: '42' });
  await moved.say('/list');
  test.match(moved.text, /stand-up/);
  test.equal(
    await database.value("select count(*)::integer from chime.users where subject = 'telegram:-1001'"),
    0,
  );
});
