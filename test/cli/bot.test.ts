// `chime bot`, and the bot of `chime start`, as processes: by long polling and by a webhook.
import t, { type Test } from 'tap';
import { webhookSecret } from '../../src/bot/telegram/webhook.ts';
import { chime, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { startTelegram, token } from '../support/telegram.ts';
import { Updates } from '../support/telegram_updates.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const fake = await startTelegram(test);
  const env = { DATABASE_URL: database.url, CHIME_TELEGRAM_TOKEN: token, CHIME_TELEGRAM_API: fake.api };
  return {
    database,
    fake,
    updates: new Updates(),
    env,
    start: (args: string[], more: Record<string, string> = {}) =>
      serve(test, [...args, '--json'], { env: { ...env, ...more } }),
  };
}

t.test('it asks, answers, and says which commands there are', async (test) => {
  const { fake, updates, start, database } = await setUp(test);
  fake.push(updates.says('/start'), updates.says('/start', { chat: 43, language: 'ru' }));
  const serving = start(['bot']);
  const said = await fake.heard(2);
  test.match(new Map(said.map(({ params }) => [params.chat_id, params.text])).get('43'), /[а-я]/);
  while (fake.calls.filter(({ method }) => method === 'setMyCommands').length < 4)
    await fake.called(fake.calls.length + 1);
  const menus = fake.calls.filter(({ method }) => method === 'setMyCommands').map(({ params }) => params);
  test.strictSame(
    menus.map(({ scope, language_code: language }) => [scope, language]),
    [
      ['{"type":"all_private_chats"}', undefined],
      ['{"type":"all_private_chats"}', 'ru'],
      ['{"type":"all_group_chats"}', undefined],
      ['{"type":"all_group_chats"}', 'ru'],
    ],
  );
  for (const { commands = '' } of menus) test.match(commands, /"command":"new"/);
  const { code } = await serving.end('SIGTERM');
  test.equal(code, 0);
  test.equal(
    await database.value('select count(*)::integer from chime_private.updates where handled_at is not null'),
    2,
  );
});

t.test('Telegram posts to it', async (test) => {
  const { fake, updates, start } = await setUp(test);
  const serving = start(['bot'], {
    CHIME_TELEGRAM_WEBHOOK_URL: 'https://bot.example.com/telegram',
    CHIME_TELEGRAM_WEBHOOK_PORT: '0',
  });
  const { address } = await serving.line(({ msg }) => msg === 'waiting for what Telegram posts');
  const post = (secret: string) =>
    fetch(`${address}/telegram`, {
      method: 'POST',
      headers: { 'x-telegram-bot-api-secret-token': secret },
      body: JSON.stringify(updates.says('/help')),
    });
  test.equal((await post('guessed')).status, 401);
  test.equal((await post(webhookSecret(token))).status, 200);
  const [help] = await fake.heard(1);
  test.match(help?.params.text, /\/new|\/list/);
  test.equal(fake.polls.length, 0);
  test.equal((await serving.end('SIGTERM')).code, 0);
});

t.test('chime start listens, too, if it is not told otherwise', async (test) => {
  const { fake, updates, start } = await setUp(test);
  fake.push(updates.says('/start'));
  const listening = start(['start'], { PORT: '0' });
  await fake.heard(1);
  test.equal((await listening.end('SIGTERM')).code, 0);
  const polls = fake.polls.length;
  const sending = start(['start', '--no-bot'], { PORT: '0' });
  await sending.line(({ msg }) => msg === 'scheduled');
  test.equal((await sending.end('SIGTERM')).code, 0);
  test.equal(fake.polls.length, polls);
});

t.test('without a token, and with a webhook that nobody can post to', async (test) => {
  const { env } = await setUp(test);
  const { CHIME_TELEGRAM_TOKEN: _, ...rest } = env;
  test.match(await chime(['bot', '--json'], { env: rest }), {
    code: 2,
    stderr: /CH032.*token|token.*CH032/s,
  });
  const plain = { ...env, CHIME_TELEGRAM_WEBHOOK_URL: 'http://bot.example.com' };
  test.match(await chime(['bot', '--json'], { env: plain }), { stderr: /CHIME_TELEGRAM_WEBHOOK_URL/ });
});
