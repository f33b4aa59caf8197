// Long polling, by the real client and a Bot API over a real socket: whatever its answers, each update is handled once.
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { createDatabase } from '../../support/database.ts';
import { type BotAnswer, startTelegram } from '../../support/telegram.ts';
import { heardBy, heardTable, startBot } from '../../support/telegram_bot.ts';
import { Updates } from '../../support/telegram_updates.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  await database.rows(heardTable);
  const fake = await startTelegram(test);
  return { database, fake, updates: new Updates() };
}

t.test('what is received is stored, handled, and only then confirmed', async (test) => {
  const { database, fake, updates } = await setUp(test);
  fake.push(updates.says('quiet a'), updates.says('quiet b', { chat: -100, thread: 3, from: 9 }));
  const { handled } = await startBot(test, database, fake);
  await handled(2);
  test.strictSame((await heardBy(database)).sort(), ['1 quiet a', '2 quiet b']);
  test.strictSame(await database.rows('select chat from public.heard order by chat'), [
    { chat: '-100:3' },
    { chat: '42' },
  ]);
  const kept = await database.rows(
    'select update_id, content, attempts, handled_at is not null as done from chime_private.updates order by update_id',
  );
  test.match(
    kept,
    [{ content: null, attempts: 0, done: true }, { done: true }],
    'what people write is not kept',
  );
  await fake.polled(2);
  test.equal(fake.polls[0]?.params.offset, undefined);
  test.equal(fake.polls[1]?.params.offset, '3');
  test.match(JSON.parse(fake.polls[0]?.params.allowed_updates ?? ''), [
    'message',
    'callback_query',
    'my_chat_member',
  ]);
  test.equal(fake.calls.filter(({ method }) => method === 'deleteWebhook').length, 1);
});

t.test('where it cannot be stored it is not confirmed', async (test) => {
  const { database, fake, updates } = await setUp(test);
  const rename = (from: string, to: string) =>
    database.rows(`alter function chime_private.${from}(bigint, jsonb) rename to ${to}`);
  await rename('store_updates', 'store_nothing');
  fake.push(updates.says('quiet a'));
  const { handled, logged } = await startBot(test, database, fake);
  await logged(/the turn to ask for updates is lost/);
  test.equal(fake.updates.length, 1);
  await rename('store_nothing', 'store_updates');
  await handled(1);
  test.strictSame(await heardBy(database), ['1 quiet a']);
});

t.test('twice, and in no order', async (test) => {
  const { database, fake, updates } = await setUp(test);
  const [a, b, c] = ['quiet a', 'quiet b', 'quiet c'].map((text) => updates.says(text)) as [
    ReturnType<Updates['says']>,
    ReturnType<Updates['says']>,
    ReturnType<Updates['says']>,
  ];
  fake.push(c, a, a, b, c);
  const { handled, bot } = await startBot(test, database, fake);
  await handled(3);
  test.strictSame(await heardBy(database), ['1 quiet a', '2 quiet b', '3 quiet c']);
  // After it was handled, too.
  const received = once(bot.receiver, 'received');
  fake.push({ ...a }, updates.says('quiet d'));
  await received;
  await handled(4);
  test.strictSame((await heardBy(database)).at(-1), '4 quiet d');
});

t.test('every kind of bad answer, and then what there is', async (test) => {
  const { database, fake, updates } = await setUp(test);
  const answers: BotAnswer[] = [
    { status: 200, body: '{"ok":true,"result":[{"upd' },
    { status: 200, body: '<html>' },
    { status: 200, body: '{"ok":true,"result":{"update_id":1}}' },
    { status: 502, body: 'Bad Gateway' },
    { error: 500, description: 'Internal Server Error' },
    { error: 429, description: 'Too Many Requests: retry after 0', parameters: { retry_after: 0 } },
    'reset',
    {
      status: 200,
      body: JSON.stringify({ ok: true, result: [null, 7, { message: {} }, updates.says('quiet a')] }),
    },
  ];
  fake.answerPoll = () => answers.shift();
  const { handled, lines } = await startBot(test, database, fake);
  fake.push(updates.says('quiet b'));
  await handled(2);
  test.strictSame(await heardBy(database), ['1 quiet a', '2 quiet b']);
  test.equal(answers.length, 0);
  test.ok(lines.some(({ msg }) => /without an id/.test(String(msg))));
  test.notOk(JSON.stringify(lines).includes('AAAAAAAAA'), 'the token is not logged');
});

t.test('another program that asks for the same updates', async (test) => {
  const { database, fake, updates } = await setUp(test);
  let asked = 0;
  fake.answerPoll = () =>
    asked++ === 0
      ? {
          error: 409,
          description: 'Conflict: terminated by other getUpdates request',
          parameters: { retry_after: 0 },
        }
      : undefined;
  fake.push(updates.says('quiet a'));
  const { handled, logged } = await startBot(test, database, fake);
  await logged(/another program asks for the updates of this bot/);
  await handled(1);
});

t.test('text that Postgres does not take', async (test) => {
  const { database, fake, updates } = await setUp(test);
  fake.push(updates.says('quiet \0 \ud83d!'), updates.says('quiet b'));
  const { handled } = await startBot(test, database, fake);
  await handled(2);
  test.strictSame(await heardBy(database), ['1 quiet ␀ �!', '2 quiet b']);
});

t.test('ten thousand at once, of a thousand chats', async (test) => {
  const { database, fake, updates } = await setUp(test);
  const count = 10_000;
  for (let n = 0; n < count; n++) fake.push(updates.says(`quiet ${n}`, { chat: 1 + (n % 1000) }));
  const { handled } = await startBot(test, database, fake);
  await handled(count);
  test.match(
    await database.row(
      `select count(*)::integer as heard, count(distinct update_id)::integer as updates from public.heard`,
    ),
    { heard: count, updates: count },
  );
  test.strictSame(
    await database.rows(`
      select chat from (select chat, update_id::integer as id, lag(update_id::integer) over (partition by chat order by seq) as before from public.heard) h
      where before > id`),
    [],
    'those of a chat in their order',
  );
});

t.test('one at a time asks, and another takes its place', async (test) => {
  const { database, fake, updates } = await setUp(test);
  const first = await startBot(test, database, fake);
  fake.push(updates.says('quiet a'));
  await first.handled(1);
  const second = await startBot(test, database, fake);
  let open = 0;
  let most = 0;
  fake.answerPoll = () => {
    most = Math.max(most, ++open);
    return undefined;
  };
  fake.push(updates.says('quiet b'));
  await Promise.race([first.handled(2), second.handled(1)]);
  const calls = () => fake.calls.filter(({ method }) => method === 'deleteWebhook').length;
  test.equal(calls(), 1, 'the second stands by');
  await first.bot.stop();
  fake.push(updates.says('quiet c'));
  while ((await heardBy(database)).length < 3) await second.handled(1);
  test.equal(calls(), 2);
  test.strictSame(await heardBy(database), ['1 quiet a', '2 quiet b', '3 quiet c']);
});

t.test('connections to the database that are cut', async (test) => {
  const { database, fake, updates } = await setUp(test);
  const { handled, reported } = await startBot(test, database, fake);
  fake.push(updates.says('quiet a'));
  await handled(1);
  await database.rows(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pgchime%'",
  );
  fake.push(updates.says('hello'));
  await handled(2);
  await reported(1);
  test.strictSame(await heardBy(database), ['1 quiet a', '2 hello']);
  test.equal(fake.said().length, 1);
});

t.test('a webhook that another process has set meanwhile is left alone', async (test) => {
  const { database, fake, updates } = await setUp(test);
  fake.answerPoll = () =>
    fake.polls.length === 1
      ? {
          error: 409,
          description: "Conflict: can't use getUpdates method while webhook is active",
          parameters: { retry_after: 0 },
        }
      : undefined;
  fake.push(updates.says('quiet a'));
  const { handled } = await startBot(test, database, fake);
  await handled(1);
  test.equal(fake.calls.filter(({ method }) => method === 'deleteWebhook').length, 1, 'only when it began');
});
