// What the bot says, by the real client and a Bot API over a real socket: each kind of it, and what each answer means.
import t, { type Test } from 'tap';
import { createDatabase } from '../../support/database.ts';
import { deliveriesOf } from '../../support/deliveries.ts';
import { MovableNow } from '../../support/now.ts';
import { shorthand } from '../../support/schedules.ts';
import { type BotAnswer, type BotCall, startTelegram } from '../../support/telegram.ts';
import { heardTable, startBot } from '../../support/telegram_bot.ts';
import { Updates } from '../../support/telegram_updates.ts';

async function setUp(test: Test, { sendTimeout = 10_000 } = {}) {
  const database = await createDatabase(test);
  await database.rows(heardTable);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const fake = await startTelegram(test);
  const started = await startBot(test, database, fake, { sendTimeout });
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  const isSaid = ({ method }: BotCall) => /^(send|edit|answer)/.test(method);
  return {
    database,
    now,
    fake,
    updates: new Updates(),
    ...calls,
    ...started,
    /** Answers what the bot says with these first, and with success from then on. */
    answerFirst(...answers: BotAnswer[]) {
      fake.answer = (call) => (isSaid(call) ? answers.shift() : undefined);
    },
    states: async () =>
      (
        await database.rows<{ state: string }>(
          "select concat_ws(' ', kind, status, failure_reason) as state from chime_private.replies order by seq",
        )
      ).map(({ state }) => state),
  };
}

t.test('each kind of it', async (test) => {
  const { fake, updates, reported, database } = await setUp(test);
  fake.push(
    updates.says('buttons'),
    updates.says('document a&b', { chat: 43 }),
    updates.says('where am I', { chat: 44 }),
    updates.presses('c1:done:x', 500, { chat: -100, thread: 7, from: 9 }),
  );
  await reported(5);
  const said = new Map(fake.said().map(({ method, params }) => [`${method} ${params.chat_id}`, params]));
  const first = said.get('sendMessage 42');
  test.match(first, { text: '<b>Choose</b> &amp; press', parse_mode: 'HTML' });
  test.strictSame(JSON.parse(first?.reply_markup ?? ''), {
    inline_keyboard: [
      [
        { text: 'Yes', callback_data: 'y' },
        { text: 'No', callback_data: 'n' },
      ],
      [{ text: 'Other', callback_data: 'o' }],
    ],
  });
  test.strictSame(JSON.parse(first?.reply_parameters ?? ''), {
    message_id: 77,
    allow_sending_without_reply: true,
  });
  test.match(said.get('sendDocument 43'), { document: 'a&b', filename: 'a.txt', caption: 'All of it' });
  test.match(JSON.parse(said.get('sendMessage 44')?.reply_markup ?? ''), {
    keyboard: [[{ text: 'Here', request_location: true }]],
  });
  test.match(said.get('answerCallbackQuery undefined'), { callback_query_id: 'query4', text: 'ok' });
  test.match(said.get('editMessageText -100'), { message_id: '500', text: '<b>c1:done:x</b>' });
  const rows = await database.rows(
    'select kind, status, content, external_id from chime_private.replies order by seq',
  );
  test.ok(rows.every(({ status, content }) => status === 'sent' && content === null));
  test.equal(rows.find(({ kind }) => kind === 'edit')?.external_id, '500');
});

t.test('to its topic, in the order in which it was said, one a second', async (test) => {
  const { fake, updates, reported, now } = await setUp(test);
  fake.push(updates.says('twice', { chat: -100, thread: 7, from: 9 }));
  await reported(1);
  test.match(
    fake.said().map(({ params }) => params),
    [{ chat_id: '-100', message_thread_id: '7', text: 'one' }],
  );
  await now.advance('1 second');
  await reported(2);
  test.equal(fake.said()[1]?.params.text, 'two');
});

t.test('the limits of a chat are those of its deliveries, too', async (test) => {
  const { fake, updates, reported, now, map, scheduleTo, end, claim, report, database } = await setUp(test);
  const schedule = await scheduleTo(await map('telegram', '42'));
  await end(schedule);
  const { messages } = await claim(['telegram']);
  test.equal(messages.length, 1);
  fake.push(updates.says('hello'), updates.says('hello', { chat: 43 }));
  await reported(1);
  test.equal(fake.said()[0]?.params.chat_id, '43', 'while one is being sent, no other is');
  await report(messages, { outcome: 'sent', externalId: '1' });
  await now.advance('1 second');
  await reported(2);
  await end(schedule);
  test.equal((await claim(['telegram'])).messages.length, 0, 'nor the other way round');
  await now.advance('1 second');
  test.equal((await claim(['telegram'])).messages.length, 1);
  test.equal(
    await database.value("select count(*)::integer from chime_private.replies where status = 'sent'"),
    2,
  );
});

t.test('429 waits; a server at fault is asked again', async (test) => {
  const { fake, updates, now, reported, answerFirst, tick, states } = await setUp(test);
  answerFirst(
    { error: 429, description: 'Too Many Requests', parameters: { retry_after: 7 } },
    { error: 500, description: 'Internal Server Error' },
  );
  fake.push(updates.says('hello'));
  await reported(1);
  test.match(await states(), [/^message pending Telegram answered 429/]);
  await now.advance('6 seconds');
  await tick();
  test.equal(fake.said().length, 1);
  await now.advance('2 seconds');
  await reported(2);
  test.match(await states(), [/^message pending Telegram answered 500/]);
  await now.advance('7 seconds');
  await tick();
  await reported(3);
  test.match(await states(), ['message sent']);
});

t.test('tags that Telegram does not take are left out', async (test) => {
  const { fake, updates, now, reported, answerFirst } = await setUp(test);
  answerFirst({ error: 400, description: "Bad Request: can't parse entities" });
  fake.push(updates.says('buttons'));
  await reported(1);
  await now.advance('1 second');
  await reported(2);
  const second = fake.said()[1]?.params;
  test.equal(second?.text, 'Choose & press');
  test.equal(second?.parse_mode, undefined);
  test.ok(second?.reply_markup, 'the buttons stay');
});

t.test('who has blocked the bot', async (test) => {
  const { fake, updates, reported, answerFirst, map, mapping, states } = await setUp(test);
  const id = await map('telegram', '42');
  answerFirst({ error: 403, description: 'Forbidden: bot was blocked by the user' });
  fake.push(updates.says('hello'));
  await reported(1);
  test.match(await states(), [/^message failed Telegram answered 403/]);
  test.match(await mapping(id), { status: 'blocked', status_reason: /blocked by the user/ });
});

t.test('a topic that is gone: to the root of the chat', async (test) => {
  const { fake, updates, now, reported, answerFirst, map, mapping } = await setUp(test);
  const id = await map('telegram', '-100:7');
  answerFirst({ error: 400, description: 'Bad Request: message thread not found' });
  fake.push(updates.says('hello', { chat: -100, thread: 7, from: 9 }));
  await reported(1);
  await now.advance('1 second');
  await reported(2);
  test.match(fake.said()[1]?.params, { chat_id: '-100', text: 'echo hello' });
  test.equal(fake.said()[1]?.params.message_thread_id, undefined);
  test.match(await mapping(id), { status: 'degraded' });
});

t.test('a group that has another id by now', async (test) => {
  const { fake, updates, now, reported, answerFirst, map, mapping } = await setUp(test);
  const id = await map('telegram', '-5');
  answerFirst({
    error: 400,
    description: 'Bad Request: group chat was upgraded to a supergroup chat',
    parameters: { migrate_to_chat_id: -1005 },
  });
  fake.push(updates.says('hello', { chat: -5, from: 9 }));
  await reported(1);
  await now.advance('1 second');
  await reported(2);
  test.match(fake.said()[1]?.params, { chat_id: '-1005', text: 'echo hello' });
  test.match(await mapping(id), { channel_context_id: '-1005' });
});

t.test('a message that may have been sent is not sent again; an edit and an answer are', async (test) => {
  const { fake, updates, now, reported, answerFirst, states, tick } = await setUp(test);
  answerFirst('reset');
  fake.push(updates.says('hello'));
  await reported(1);
  test.match(await states(), [/^message unknown/]);
  answerFirst('reset', 'reset');
  fake.push(updates.presses('x', 500, { chat: 43 }));
  await reported(3);
  test.match((await states()).slice(1), [/^answer pending/, /^edit pending/]);
  await now.advance('6 seconds');
  await tick();
  await reported(5);
  test.match((await states()).slice(1), ['answer sent', 'edit sent']);
  await now.advance('1 hour');
  await tick();
  test.equal(fake.said().length, 5);
});

t.test(
  'an edit that changes nothing has been made; a press that nobody waits for is not answered',
  async (test) => {
    const { fake, updates, reported, states, logged } = await setUp(test);
    fake.answer = ({ method }) => {
      if (method === 'editMessageText')
        return {
          error: 400,
          description: 'Bad Request: message is not modified: specified new message content',
        };
      if (method === 'answerCallbackQuery')
        return {
          error: 400,
          description: 'Bad Request: query is too old and response timeout expired or query ID is invalid',
        };
      return undefined;
    };
    fake.push(updates.presses('x', 500));
    await reported(2);
    test.match(await states(), [
      /^answer failed query is too old|^answer failed Bad Request: query is too old/,
      'edit sent',
    ]);
    test.match(await logged(/a reply was not sent/), { level: 'info' });
  },
);

t.test('what a sender does not report is in doubt', async (test) => {
  const { fake, updates, bot, now, database, tick, states, reported } = await setUp(test);
  fake.answer = ({ method }) => (/^(send|edit)/.test(method) ? 'hang' : undefined);
  fake.push(updates.says('hello'), updates.presses('x', 500, { chat: 43 }));
  await fake.heard(3);
  await database.rows('create table public.kept as select id, content from chime_private.replies');
  bot.replier.hurry();
  await reported(3);
  await bot.replier.stop();
  // As if nothing had been reported.
  await database.rows(`update chime_private.replies r set status = 'sending', sender_id = r.id, claimed_until = chime.now() + interval '1 minute',
    finished_at = null, due_at = null, failure_reason = null, content = k.content from public.kept k where k.id = r.id and kind <> 'answer'`);
  await now.advance('61 seconds');
  await tick();
  test.match((await states()).filter((state) => !state.startsWith('answer')).sort(), [
    /^edit pending/,
    /^message unknown/,
  ]);
});

t.test('after a week nothing of it is left', async (test) => {
  const { fake, updates, reported, now, database } = await setUp(test);
  fake.push(updates.says('hello'));
  await reported(1);
  await now.advance('6 days');
  test.equal(await database.value('select chime_private.forget_updates(chime.now(), 100)'), 0);
  await now.advance('2 days');
  test.equal(await database.value('select chime_private.forget_updates(chime.now(), 100)'), 1);
  test.equal(
    await database.value(
      'select (select count(*) from chime_private.updates) + (select count(*) from chime_private.replies)',
    ),
    '0',
  );
});
