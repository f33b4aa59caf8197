// Updates on their way to the dialogue: handled once, in the order of their chat, and what fails leaves nothing behind.
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { Handler } from '../../../src/bot/telegram/handler.ts';
import { storeUpdates } from '../../../src/db/update_calls.ts';
import { createDatabase } from '../../support/database.ts';
import { deliveriesOf } from '../../support/deliveries.ts';
import { captureLog } from '../../support/log.ts';
import { MovableNow } from '../../support/now.ts';
import { shorthand } from '../../support/schedules.ts';
import { startTelegram } from '../../support/telegram.ts';
import { echoDialogue, heardBy, heardTable, startBot } from '../../support/telegram_bot.ts';
import { Updates } from '../../support/telegram_updates.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  await database.rows(heardTable);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const fake = await startTelegram(test);
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  return { database, now, fake, updates: new Updates(), ...calls };
}

t.test('one that fails is tried again, in the order of its chat; others do not wait', async (test) => {
  const { database, now, fake, updates, tick } = await setUp(test);
  let failures = 0;
  const dialogue = echoDialogue({
    fail({ text }) {
      if (text === 'quiet bad' && failures++ < 2) throw new Error('broken \0');
    },
  });
  fake.push(updates.says('quiet bad'), updates.says('quiet after'), updates.says('quiet other', { chat: 7 }));
  const { bot, handled, logged } = await startBot(test, database, fake, { dialogue });
  await logged(/could not be handled; trying again/);
  await handled(1);
  test.strictSame(await heardBy(database), ['3 quiet other'], 'what it did is undone');
  test.match(await database.row('select attempts, error from chime_private.updates where update_id = 1'), {
    attempts: 1,
    error: /^[2-9A-Z]{4}: broken ␀$/,
  });
  const failed = once(bot.handler, 'failed');
  await now.advance('2 seconds');
  await tick();
  await failed;
  await now.advance('6 seconds');
  await tick();
  await handled(3);
  test.strictSame(await heardBy(database), ['3 quiet other', '1 quiet bad', '2 quiet after']);
});

t.test('in the end it is given up, the person is told, and the chat goes on', async (test) => {
  const { database, now, fake, updates, tick } = await setUp(test);
  const dialogue = echoDialogue({
    fail({ text }) {
      if (text === 'bad') throw new Error('broken');
    },
  });
  fake.push(updates.says('bad'), updates.says('quiet after'));
  const { bot, handled, logged } = await startBot(test, database, fake, { dialogue });
  await logged(/trying again/);
  for (const wait of ['2 seconds', '6 seconds', '31 seconds']) {
    const failed = once(bot.handler, 'failed');
    await now.advance(wait);
    await tick();
    await failed;
  }
  const line = await logged(/it is given up/);
  await handled(1);
  await fake.heard(1);
  test.equal(fake.said()[0]?.params.text, `Something broke. ${line.code}`);
  test.strictSame(await heardBy(database), ['2 quiet after']);
});

t.test('a dialogue that does not end', async (test) => {
  const { database, updates } = await setUp(test);
  let hung = 0;
  const dialogue = echoDialogue({
    fail: () => (hung++ === 0 ? new Promise<void>(() => {}) : undefined),
  });
  const { log, logged } = captureLog();
  await storeUpdates(database.pool, '1', [{ id: 1, lane: '42', content: updates.says('quiet a') }]);
  const handler = new Handler({
    connectionString: database.url,
    botId: '1',
    dialogue,
    channel: { isAdmin: async () => true },
    username: async () => 'bot',
    log,
    pollInterval: 100,
    longestSleep: 200,
    timeLimit: 20,
  });
  const failed = once(handler, 'failed');
  await handler.start();
  test.teardown(() => handler.stop());
  test.strictSame(await failed, [1, false]);
  test.match((await logged(/could not be handled/)).err, { message: /has not answered in time/ });
});

t.test('who blocks the bot, and who takes it out of a group', async (test) => {
  const { database, fake, updates, map, mapping } = await setUp(test);
  const own = await map('telegram', '42');
  const group = await map('telegram', '-100');
  const topic = await map('telegram', '-100:7');
  const other = await map('telegram', '-1001');
  fake.push(updates.membership('kicked'), updates.membership('left', { chat: -100, from: 5 }));
  const { handled } = await startBot(test, database, fake);
  await handled(2);
  test.match(await mapping(own), { status: 'blocked', status_reason: 'The bot was blocked.' });
  test.match(await mapping(group), { status: 'blocked', status_reason: /not in the group/ });
  test.match(await mapping(topic), { status: 'blocked' });
  test.match(await mapping(other), { status: 'active' });
  fake.push(updates.membership('member'));
  await handled(3);
  test.match(await mapping(own), { status: 'blocked' }, 'whoever comes back is asked first');
  test.equal((await heardBy(database)).at(-1), '3 returned');
});

t.test('a group that goes on under another id', async (test) => {
  const { database, fake, updates, map, mapping } = await setUp(test);
  const group = await map('telegram', '-5');
  const topic = await map('telegram', '-5:7');
  const other = await map('telegram', '-55');
  fake.push(updates.migrates(-5, -1005));
  const { handled } = await startBot(test, database, fake);
  await handled(1);
  test.match(await mapping(group), { channel_context_id: '-1005' });
  test.match(await mapping(topic), { channel_context_id: '-1005:7' });
  test.match(await mapping(other), { channel_context_id: '-55' });
});

t.test(
  'as the role of the API it has all the rights that it needs, and what it says is its own',
  async (test) => {
    const { database, fake, updates } = await setUp(test);
    const role = new URL(database.url);
    const login = `bot_${role.pathname.slice(1)}`;
    await database.rows(`create role ${login} login password 'secret' in role chime_api`);
    await database.rows(
      'grant all on public.heard to public; grant usage on sequence public.heard_seq_seq to public',
    );
    role.username = login;
    role.password = 'secret';
    fake.push(
      updates.says('hello'),
      updates.migrates(-5, -6),
      updates.membership('left', { chat: -7, from: 5 }),
    );
    const { handled, bot } = await startBot(test, { url: role.href }, fake);
    await handled(3);
    await fake.heard(1);
    await bot.stop();
    await database.rows(`drop role ${login}`);
    test.ok((await heardBy(database)).includes('1 hello'));
  },
);
