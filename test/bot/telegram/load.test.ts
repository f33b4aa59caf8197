// What the bots say and what runs have to tell, to the same chats at the same time: together they keep the limits, and each comes once.
import t from 'tap';
import type { Channel } from '../../../src/channels/channel.ts';
import { makeTelegram } from '../../../src/channels/telegram.ts';
import { createDatabase } from '../../support/database.ts';
import { deliveriesOf } from '../../support/deliveries.ts';
import { noSettings, startSender } from '../../support/sender.ts';
import { mostIn, startTelegram, token } from '../../support/telegram.ts';
import { heardTable, startBot } from '../../support/telegram_bot.ts';
import { Updates } from '../../support/telegram_updates.ts';

/** Telegram's limits, in times so much shorter. */
const scale = 20;
const chats = 30;
const presses = 4;
const runs = 5;

t.test('two bots and two senders', async (test) => {
  const database = await createDatabase(test);
  await database.rows(heardTable);
  const fake = await startTelegram(test);
  const { map, scheduleTo, end } = deliveriesOf(database);
  const channel: Channel = {
    ...(makeTelegram({ ...noSettings, telegramToken: token, telegramApi: fake.api }) as Channel),
    limits: [
      { by: '^(-?\\d+)', most: 1, perMs: 1000 / scale },
      { most: 30, perMs: 1000 / scale },
    ],
  };
  const updates = new Updates();
  const bots = [
    await startBot(test, database, fake, { channel }),
    await startBot(test, database, fake, { channel }),
  ];
  const senders = [
    await startSender(test, database, [channel]),
    await startSender(test, database, [channel]),
  ];
  for (let n = 1; n <= presses; n++)
    for (let chat = 1; chat <= chats; chat++)
      fake.push(updates.says('twice', { chat }), updates.presses(`press ${n}`, n, { chat }));
  for (let chat = 1; chat <= chats; chat++) {
    const schedule = await scheduleTo(await map('telegram', String(chat)));
    for (let n = 0; n < runs; n++) await end(schedule, { output: `run ${n}` });
  }
  const count = chats * (presses * 4 + runs);
  await fake.heard(count);
  for (const { bot } of bots) await bot.stop();
  for (const { sender } of senders) await sender.stop();

  test.equal(fake.said().length, count, 'each once');
  const most = mostIn(fake.said(), 1000 / scale);
  test.equal(most <= 30, true, `${most} in a second`);
  // An answer to a press is at no place.
  const placed = fake.said().filter(({ method }) => method !== 'answerCallbackQuery');
  for (const [chat, calls] of Map.groupBy(placed, ({ params }) => params.chat_id)) {
    if (mostIn(calls, 1000 / scale) > 1) test.fail(`${chat} had more than one in a second`);
    const texts = calls.map(({ params }) => params.text ?? '');
    const replies = texts.filter((text) => !text.startsWith('run'));
    const told = texts.filter((text) => text.startsWith('run'));
    test.strictSame(
      replies,
      Array.from({ length: presses }, (_, n) => ['one', 'two', `<b>press ${n + 1}</b>`]).flat(),
      `replies to ${chat} in their order`,
    );
    test.strictSame(
      told,
      Array.from({ length: runs }, (_, n) => `run ${n}`),
    );
  }
  test.strictSame(
    await database.rows('select distinct status from chime_private.replies'),
    [{ status: 'sent' }],
    'nothing is lost, nothing in doubt',
  );
});
