// The webhook: who does not know the secret changes nothing, and what is answered with 200 is stored.
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { type Webhook, webhookSecret } from '../../../src/bot/telegram/webhook.ts';
import { createDatabase } from '../../support/database.ts';
import { startTelegram, token } from '../../support/telegram.ts';
import { heardBy, heardTable, startBot } from '../../support/telegram_bot.ts';
import { Updates } from '../../support/telegram_updates.ts';

const url = 'https://bot.example.com/telegram';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  await database.rows(heardTable);
  const fake = await startTelegram(test);
  const started = await startBot(test, database, fake, { webhook: { url, host: '127.0.0.1', port: 0 } });
  const webhook = started.bot.receiver as Webhook;
  const post = async (body: unknown, headers: Record<string, string> = secret, method = 'POST') => {
    const response = await fetch(`${webhook.address}/telegram`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  return { database, fake, updates: new Updates(), webhook, post, ...started };
}

const header = 'x-telegram-bot-api-secret-token';
const secret = { [header]: webhookSecret(token) };

t.test('Telegram is told where to post, and with which secret', async (test) => {
  const { fake, webhook } = await setUp(test);
  if (!fake.calls.some(({ method }) => method === 'setWebhook')) await once(webhook, 'registered');
  const call = fake.calls.find(({ method }) => method === 'setWebhook');
  test.match(call?.params, { url, secret_token: webhookSecret(token) });
  test.match(webhookSecret(token), /^[\w-]{43}$/);
  test.equal(fake.polls.length, 0, 'nobody asks');
});

t.test('without the secret, or with another one, nothing is written', async (test) => {
  const { database, updates, post } = await setUp(test);
  test.equal(await post(updates.says('a'), {}), 401);
  for (const wrong of ['', 'x', token, `${webhookSecret(token)}x`, webhookSecret(`${token}x`)])
    test.equal(await post(updates.says('a'), { [header]: wrong }), 401);
  test.equal(await post('{"upd', {}), 401);
  test.equal(await database.value('select count(*)::integer from chime_private.updates'), 0);
});

t.test('what is no update is refused, and nothing is written', async (test) => {
  const { database, post } = await setUp(test);
  for (const body of [
    '',
    '{"update_id":1,"mess',
    'null',
    '[]',
    '{}',
    '{"update_id":"1"}',
    '{"update_id":1e99}',
  ])
    test.equal(await post(body), 400, body);
  test.equal(await post({ update_id: 1, text: 'x'.repeat(2 ** 20) }), 413);
  test.equal(await post('', secret, 'GET'), 404);
  test.equal(await database.value('select count(*)::integer from chime_private.updates'), 0);
});

t.test('twice, in no order, and many at once', async (test) => {
  const { database, updates, post, handled } = await setUp(test);
  const all = Array.from({ length: 300 }, (_, n) => updates.says(`quiet ${n}`, { chat: 1 + (n % 7) }));
  const statuses = await Promise.all([...all, ...all].reverse().map((update) => post(update)));
  test.strictSame([...new Set(statuses)], [200]);
  await handled(300);
  test.match(
    await database.row(
      'select count(*)::integer as heard, count(distinct update_id)::integer as updates from public.heard',
    ),
    { heard: 300, updates: 300 },
  );
});

t.test('what cannot be stored is not confirmed', async (test) => {
  const { database, updates, post, handled } = await setUp(test);
  const update = updates.says('quiet a');
  const rename = (from: string, to: string) =>
    database.rows(`alter function chime_private.${from}(bigint, jsonb) rename to ${to}`);
  await rename('store_updates', 'store_nothing');
  test.equal(await post(update), 503);
  await rename('store_nothing', 'store_updates');
  test.equal(await post(update), 200);
  await handled(1);
  test.strictSame(await heardBy(database), ['1 quiet a']);
});
