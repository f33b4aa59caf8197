// Updates of Telegram in words of no channel, and what a dialogue may ask of Telegram.
import { Api } from 'node-telegram-bot-api';
import t from 'tap';
import { telegramPort } from '../../../src/bot/telegram/admins.ts';
import { incomingOf, laneOf, type Update } from '../../../src/bot/telegram/incoming.ts';
import { registerMenus } from '../../../src/bot/telegram/menu.ts';
import { captureLog } from '../../support/log.ts';
import { startTelegram, token } from '../../support/telegram.ts';
import { botName, Updates } from '../../support/telegram_updates.ts';

const at = new Date('2026-03-02T12:00:00Z');
const read = (update: unknown) => incomingOf(update as Update, botName, at);

t.test('messages', async (test) => {
  const updates = new Updates();
  test.strictSame(read(updates.says('/new water @ 9', { language: 'ru' })), {
    id: '1',
    channelId: 'telegram',
    channelContextId: '42',
    isGroup: false,
    from: { id: '42', name: 'User 42', languageCode: 'ru' },
    at: new Date(1_772_452_800_000),
    text: '/new water @ 9',
  });
  test.match(read(updates.says('again', { chat: -100, thread: 7, from: 9, repliesTo: 55 })), {
    channelContextId: '-100:7',
    isGroup: true,
    from: { id: '9' },
    repliesTo: '55',
  });
  test.equal(read(updates.says(`/list@${botName} all`))?.text, '/list all');
  test.equal(read(updates.says('/list@Chime_Test_Bot'))?.text, '/list');
  test.equal(read(updates.says('/list@another_bot')), undefined);
  test.equal(read(updates.says('mail me@home.example'))?.text, 'mail me@home.example');
});

t.test('in a group it is said whether it is meant for the bot', (test) => {
  const updates = new Updates();
  const group = { chat: -100, from: 9 };
  test.equal(read(updates.says('lunch at 12?', group))?.isToBot, undefined);
  test.match(read(updates.says(`@${botName}, at 12:00 lunch`, group)), {
    isToBot: true,
    text: 'at 12:00 lunch',
  });
  test.match(read(updates.says('lunch @Chime_Test_Bot at 12:00', group)), {
    isToBot: true,
    text: 'lunch at 12:00',
  });
  test.equal(read(updates.says('@another_bot lunch', group))?.isToBot, undefined);
  for (const [username, isToBot] of [
    [botName, true],
    ['another_bot', undefined],
  ]) {
    const update = updates.says('again', { ...group, repliesTo: 55 });
    Object.assign(update.message?.reply_to_message ?? {}, {
      from: { id: 1, is_bot: true, first_name: 'B', username },
    });
    test.equal(read(update)?.isToBot, isToBot);
  }
  test.end();
});

t.test('what looks like something else', async (test) => {
  const message = {
    message_id: 1,
    date: 1,
    chat: { id: -100, type: 'supergroup' },
    from: { id: 9, is_bot: false, first_name: 'A' },
  };
  const reply = (extra: object) => read({ update_id: 1, message: { ...message, text: 'x', ...extra } });
  test.equal(
    reply({
      is_topic_message: true,
      message_thread_id: 7,
      reply_to_message: { message_id: 7, forum_topic_created: {} },
    })?.repliesTo,
    undefined,
    'a topic begins with a message that all in it answer',
  );
  test.equal(reply({ message_thread_id: 7 })?.channelContextId, '-100', 'a thread of replies is no topic');
  test.equal(
    reply({ from: { id: 1, is_bot: true, first_name: 'B' } }),
    undefined,
    'programs are not answered',
  );
  test.equal(reply({ from: undefined }), undefined);
  test.equal(reply({ text: undefined, caption: 'a photo of it' })?.text, 'a photo of it');
  test.equal(reply({ text: undefined, sticker: {} }), undefined);
  test.match(reply({ text: undefined, location: { latitude: 55.75, longitude: 37.6 } })?.location, {
    latitude: 55.75,
    longitude: 37.6,
  });
  test.match(reply({ migrate_from_chat_id: -5 }), { channelContextId: '-5', migratedTo: '-100' });
  test.equal(read({ update_id: 1, edited_message: message }), undefined);
  test.equal(read({ update_id: 1 }), undefined);
});

t.test('presses and memberships', async (test) => {
  const updates = new Updates();
  test.match(read(updates.presses('c1:done', 500, { chat: -100, thread: 7, from: 9 })), {
    channelContextId: '-100:7',
    isGroup: true,
    from: { id: '9' },
    at,
    pressed: { data: 'c1:done', messageId: '500', queryId: 'query1' },
  });
  test.match(read(updates.membership('kicked')), { membership: 'left', isGroup: false });
  test.match(read(updates.membership('member')), { membership: 'returned' });
  const update = updates.membership('left') as { my_chat_member: { old_chat_member: { status: string } } };
  update.my_chat_member.old_chat_member.status = 'kicked';
  test.equal(read(update), undefined, 'who was out is still out');
});

t.test('lanes', async (test) => {
  const updates = new Updates();
  test.equal(laneOf(updates.says('x', { chat: -100, thread: 7, from: 9 })), '-100');
  test.equal(laneOf(updates.presses('x', 1, { chat: -100, from: 9 })), '-100');
  test.equal(laneOf(updates.membership('left', { chat: -100, from: 9 })), '-100');
  test.equal(laneOf({ update_id: 8 } as Update), 'update 8');
});

t.test('who may speak for a group is asked, and remembered for a minute', async (test) => {
  const fake = await startTelegram(test);
  let now = 0;
  const port = telegramPort(new Api(token, { apiRoot: fake.api, maxRetries: 0 }), () => now);
  const status = (name: string) => ({
    status: 200,
    body: JSON.stringify({ ok: true, result: { status: name } }),
  });
  fake.answer = ({ params }) => status(params.user_id === '9' ? 'administrator' : 'member');
  test.equal(await port.isAdmin('42', '42'), true);
  test.equal(fake.calls.length, 0, 'a chat of one is theirs');
  test.equal(await port.isAdmin('-100:7', '9'), true);
  test.equal(await port.isAdmin('-100', '9'), true);
  test.equal(await port.isAdmin('-100', '8'), false);
  test.equal(fake.calls.length, 2);
  fake.answer = () => status('member');
  now = 61_000;
  test.equal(await port.isAdmin('-100', '9'), false);
  fake.answer = () => ({ error: 400, description: 'Bad Request: member not found' });
  test.equal(await port.isAdmin('-100', '7'), false);
  fake.answer = () => ({ error: 500, description: 'Internal Server Error' });
  // What nobody knows is not taken for a no.
  await test.rejects(port.isAdmin('-100', '6'), { message: /Internal Server Error/ });
});

t.test('menus, until Telegram has them', async (test) => {
  const fake = await startTelegram(test);
  const answers = [{ error: 429, description: 'Too Many Requests', parameters: { retry_after: 0 } }];
  fake.answer = () => answers.shift();
  const api = new Api(token, { apiRoot: fake.api, maxRetries: 0 });
  const commands = [{ command: 'list', description: 'what is scheduled' }];
  await registerMenus(
    api,
    [
      { scope: 'private', commands },
      { scope: 'groups', languageCode: 'ru', commands },
    ],
    captureLog().log,
    new AbortController().signal,
  );
  test.match(
    fake.calls.map(({ method, params }) => [method, params.scope, params.language_code, params.commands]),
    [
      ['setMyCommands', '{"type":"all_private_chats"}', undefined, JSON.stringify(commands)],
      ['setMyCommands', '{"type":"all_private_chats"}', undefined, JSON.stringify(commands)],
      ['setMyCommands', '{"type":"all_group_chats"}', 'ru', JSON.stringify(commands)],
    ],
  );
});
