// Telegram, by its real client and a Bot API over a real socket: what is sent, and what each of its answers means.
import t, { type Test } from 'tap';
import { readButton } from '../../src/channels/button.ts';
import type { Ending } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { channelsOf, startSender } from '../support/sender.ts';
import { type BotAnswer, startTelegram, token } from '../support/telegram.ts';

async function setUp(test: Test, { rich = false, sendTimeout = 10_000, context = '42' } = {}) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const bot = await startTelegram(test);
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  const channels = channelsOf(test, { telegramToken: token, telegramApi: bot.api, telegramRich: rich });
  const sender = await startSender(test, database, channels, { sendTimeout });
  const mappingId = await calls.map('telegram', context);
  const schedule = await calls.scheduleTo(mappingId, "key => 'backup'");
  const tell = (ending: Ending) => calls.end(schedule, ending);
  const tellAt = async (place: string, ending: Ending) =>
    calls.end(await calls.scheduleTo(await calls.map('telegram', place)), ending);
  /** Resolves when so many calls have been answered, and what became of each is on record; seconds pass meanwhile. */
  const settle = async (count: number) => {
    for (let seen = bot.calls.length; seen < count; seen++) {
      await sender.reported(seen);
      await now.advance('1 second');
      await bot.called(seen + 1);
    }
    await sender.reported(count);
  };
  /** Answers these first, and success from then on. */
  const answerFirst = (...answers: BotAnswer[]) => {
    bot.answer = () => answers.shift();
  };
  return { database, now, bot, mappingId, tell, tellAt, settle, answerFirst, ...sender, ...calls };
}

t.test('a text, with its marks as tags, to its chat and thread', async (test) => {
  const { tell, reported, bot, list } = await setUp(test, { context: '-100123:7' });
  await tell({ output: '**Done** in `3 s` <fast> & \u001b[31mred\u001b[0m\n```ts\nlet a = 1 < 2\n```' });
  await reported(1);
  test.equal(bot.calls.length, 1);
  test.match(bot.calls[0], {
    method: 'sendMessage',
    params: {
      chat_id: '-100123',
      message_thread_id: '7',
      parse_mode: 'HTML',
      text: '<b>Done</b> in <code>3 s</code> &lt;fast&gt; &amp; red\n<pre><code class="language-ts">let a = 1 &lt; 2</code></pre>',
    },
  });
  test.match(await list(), [{ status: 'sent', external_id: '1' }]);
});

t.test('a reminder carries buttons, in the language of who is told; nothing else does', async (test) => {
  const { database, reported, bot, map, end, tell, now } = await setUp(test);
  await database.rows(
    'select chime_private.register_worker(gen_random_uuid(), \'test\', \'test\', \'[{"name": "remind"}, {"name": "noop"}]\')',
  );
  const ann = await person(database, defaultTenant, 'ann');
  await database.rows("update chime.users set locale = 'ru' where id = $1", [ann.userId]);
  const schedule = await database.value<string>(
    `select id from chime.create_schedule(task => 'remind', payload => '{"text": "tea"}', cron => '0 0 1 1 *', channel_mapping_id => $1)`,
    [await map('telegram', '7', ann.userId)],
  );
  const run = await end(schedule, { output: 'tea' });
  await reported(1);
  const { inline_keyboard: rows } = JSON.parse(bot.calls[0]?.params.reply_markup ?? '');
  test.match(rows, [
    [{ text: '✅ Готово' }, { text: '10 мин' }, { text: '1 ч' }],
    [{ text: 'Вечером в 19:00' }, { text: 'Завтра в 09:00' }],
  ]);
  test.strictSame(readButton(rows[0][1].callback_data), { verb: 'snooze', id: run, arg: '10m', rev: '' });
  await now.advance('2 seconds');
  await tell({ output: 'done' });
  await reported(2);
  test.equal(bot.calls[1]?.params.reply_markup, undefined);
});

t.test('what failed, in the language of who is told', async (test) => {
  const { database, reported, bot, map, scheduleTo, end } = await setUp(test);
  const ann = await person(database, defaultTenant, 'ann');
  await database.rows("update chime.users set locale = 'ru-RU' where id = $1", [ann.userId]);
  await end(await scheduleTo(await map('telegram', '7', ann.userId), "name => 'Backup'"), {
    outcome: 'failed',
    error: 'disk full',
  });
  await reported(1);
  test.equal(bot.calls[0]?.params.text, '❌ Backup: ошибка\ndisk full');
});

t.test('late ones say so', async (test) => {
  const { tell, reported, bot, answerFirst, now, tick } = await setUp(test);
  answerFirst({ error: 500, description: 'Internal Server Error' });
  await tell({ output: 'Water the plants' });
  await reported(1);
  await now.advance('2 hours');
  await tick();
  await reported(2);
  test.equal(bot.calls[1]?.params.text, 'Water the plants\n\n(was due 12:00, sent 14:00)');
});

t.test('more than 4096 characters are a document with a summary; 4096 are not', async (test) => {
  const { tell, tellAt, reported, bot } = await setUp(test);
  await tell({ output: 'x'.repeat(4096) });
  await reported(1);
  test.equal(bot.calls[0]?.method, 'sendMessage');
  const long = `# Report\n\n${'All is **well**.\n'.repeat(400)}`;
  await tellAt('43', { output: long });
  await reported(2);
  await tellAt('44', { output: JSON.stringify({ list: Array.from({ length: 2000 }, (_, n) => n) }) });
  await reported(3);
  const [, report, data] = bot.calls;
  test.match(report, {
    method: 'sendDocument',
    params: { filename: 'noop-2026-03-02-1200.md', contentType: /text\/markdown/, document: long.trim() },
  });
  const caption = report?.params.caption ?? '';
  test.match(caption, /^noop\n\n<b>Report<\/b>\n\nAll is <b>well<\/b>\./);
  test.ok(caption.replace(/<[^>]+>/g, '').length <= 600, `${caption.length}`);
  test.match(data?.params, { filename: /\.json$/, contentType: /application\/json/ });
});

t.test(
  'rich messages where the operator turned them on, and one form down where they are refused',
  async (test) => {
    const { tell, tellAt, settle, bot, answerFirst } = await setUp(test, { rich: true });
    const table = '# Sums\n\n| a | b |\n| - | - |\n| 1 | 2 |';
    await tell({ output: table });
    await settle(1);
    test.equal(bot.calls[0]?.method, 'sendRichMessage');
    test.match(JSON.parse(bot.calls[0]?.params.rich_message ?? '{}'), { markdown: table });
    answerFirst(
      { error: 400, description: 'Bad Request: RICH_MESSAGE_INVALID' },
      { error: 400, description: "Bad Request: can't parse entities" },
    );
    await tellAt('43', { output: table });
    await settle(4);
    test.strictSame(
      bot.calls.slice(1).map(({ method, params }) => [method, params.parse_mode]),
      [
        ['sendRichMessage', undefined],
        ['sendMessage', 'HTML'],
        ['sendMessage', undefined],
      ],
    );
    await tellAt('44', { output: 'no table' });
    await settle(5);
    test.equal(bot.calls[4]?.method, 'sendMessage');
  },
);

t.test('what Telegram takes in no form has failed', async (test) => {
  const { tell, settle, states, answerFirst } = await setUp(test);
  const bad = { error: 400, description: 'Bad Request: something' };
  answerFirst(bad, bad);
  await tell({ output: 'x' });
  await settle(2);
  test.strictSame(await states(), ['telegram failed Bad Request: something']);
});

t.test('429: a wait of so long, in which nothing is sent there, and no attempt is burnt', async (test) => {
  const { tell, tellAt, reported, settle, bot, answerFirst, now, list } = await setUp(test);
  answerFirst({ error: 429, description: 'Too Many Requests', parameters: { retry_after: 30 } });
  await tell({ output: 'x' });
  await reported(1);
  // Later than the one before, and so behind it.
  await now.advance('1 second');
  await tell({ output: 'y' });
  await now.advance('28 seconds');
  await tellAt('43', { output: 'z' });
  await reported(2);
  test.strictSame(
    bot.calls.map(({ params }) => params.chat_id),
    ['42', '43'],
  );
  await now.advance('1 second');
  await settle(3);
  const rows = await list();
  test.strictSame(rows.map((row) => row.attempt).sort(), [0, 1, 2]);
  test.ok(rows.every((row) => row.failure_count === 0));
});

t.test('403: the mapping is blocked, and nothing more is sent there', async (test) => {
  const { tell, settle, bot, answerFirst, mapping, mappingId, states } = await setUp(test);
  answerFirst({ error: 403, description: 'Forbidden: bot was blocked by the user' });
  await tell({ output: 'x' });
  await settle(1);
  await tell({ output: 'y' });
  test.match(await mapping(mappingId), {
    status: 'blocked',
    status_reason: 'Telegram answered 403: Forbidden: bot was blocked by the user',
  });
  test.equal(bot.calls.length, 1);
  for (const state of await states())
    test.match(state, /^telegram skipped The channel is blocked: Telegram answered 403/);
});

t.test(
  'a topic that is gone: to the root of its chat, with a note, and the mapping is degraded',
  async (test) => {
    const { tell, settle, bot, answerFirst, mapping, mappingId } = await setUp(test, { context: '-100:7' });
    answerFirst({ error: 400, description: 'Bad Request: message thread not found' });
    await tell({ output: 'x' });
    await settle(2);
    test.strictSame(
      bot.calls.map(({ params }) => [params.chat_id, params.message_thread_id, params.text]),
      [
        ['-100', '7', 'x'],
        ['-100', undefined, 'x\n\n(The topic that this was meant for is gone, so it comes here.)'],
      ],
    );
    test.match(await mapping(mappingId), { status: 'degraded' });
    await tell({ output: 'y' });
    await settle(3);
    test.equal(bot.calls[2]?.params.message_thread_id, undefined, 'at once, from then on');
  },
);

t.test('a group that became a supergroup: the mapping has the new name', async (test) => {
  const { tell, settle, bot, answerFirst, mapping, mappingId } = await setUp(test, { context: '-5' });
  answerFirst({
    error: 400,
    description: 'Bad Request: group chat was upgraded to a supergroup chat',
    parameters: { migrate_to_chat_id: -1001234567890 },
  });
  await tell({ output: 'x' });
  await settle(2);
  test.strictSame(
    bot.calls.map(({ params }) => params.chat_id),
    ['-5', '-1001234567890'],
  );
  test.match(await mapping(mappingId), { channel_context_id: '-1001234567890' });
});

t.test('a chat that is not there: blocked', async (test) => {
  const { tell, settle, answerFirst, mapping, mappingId } = await setUp(test);
  answerFirst({ error: 400, description: 'Bad Request: chat not found' });
  await tell({ output: 'x' });
  await settle(1);
  test.match(await mapping(mappingId), { status: 'blocked', status_reason: 'Bad Request: chat not found' });
});

t.test('500 and 502 are tried again, three times', async (test) => {
  const { tell, settle, answerFirst, now, tick, list } = await setUp(test);
  answerFirst(
    { error: 500, description: 'Internal Server Error' },
    { status: 502, body: '<html>Bad Gateway</html>' },
    { error: 503, description: 'Unavailable' },
    { error: 500, description: 'Internal Server Error' },
  );
  await tell({ output: 'x' });
  for (let calls = 1; calls <= 4; calls++) {
    await settle(calls);
    await now.advance('10 minutes');
    await tick();
  }
  test.match(await list(), [{ status: 'failed', failure_count: 4, attempt: 4 }]);
});

t.test('no connection: tried again, for nothing was sent', async (test) => {
  const { tell, reported, bot, list } = await setUp(test);
  await bot.close();
  await tell({ output: 'x' });
  await reported(1);
  test.match(await list(), [{ status: 'pending', failure_count: 1, failure_reason: /ECONNREFUSED/ }]);
});

const doubts: [string, BotAnswer][] = [
  ['a connection that is cut once the request was read', 'reset'],
  ['an answer that does not come', 'hang'],
  ['an answer that is no JSON', { status: 200, body: '{"ok": tr' }],
  ['an answer without the id of a message', { status: 200, body: '{"ok": true, "result": true}' }],
];
for (const [what, answer] of doubts) {
  t.test(`${what}: unknown, reported, and not repeated`, async (test) => {
    const { tell, reported, bot, answerFirst, now, tick, list, database } = await setUp(test, {
      sendTimeout: 500,
    });
    answerFirst(answer);
    await tell({ output: 'x' });
    await reported(1);
    test.match(await list(), [{ status: 'unknown', attempt: 1 }]);
    test.equal(await database.value('select state from chime.undelivered'), 'unknown');
    await now.advance('1 day');
    await tick();
    await tell({ output: 'y' });
    await reported(2);
    test.strictSame(
      bot.calls.map(({ params }) => params.text?.slice(0, 1)),
      ['x', 'y'],
    );
  });
}

t.test('a token that is refused: the channel waits for an operator, and nothing is lost', async (test) => {
  const { tell, reported, answerFirst, list, lines, now, settle } = await setUp(test);
  answerFirst({ error: 401, description: 'Unauthorized' });
  await tell({ output: 'x' });
  await reported(1);
  test.match(await list(), [{ status: 'pending', failure_count: 0, failure_reason: /is the token right/ }]);
  test.notMatch(JSON.stringify(lines), token, 'the token is in no log');
  await now.advance('1 minute');
  await settle(2);
  test.match(await list(), [{ status: 'sent' }]);
});

t.test('a mapping that an update gives to another session keeps its schedules', async (test) => {
  const { database, tell, settle, bot, mappingId } = await setUp(test, { context: '42:9' });
  await database.rows("select chime.set_session_channel('s1', 'telegram', '42:9')");
  await database.rows("select chime.set_session_channel('s2', 'telegram', '42:9')");
  test.equal(await database.value("select (chime.get_session_channel('s1')).id"), mappingId);
  await tell({ output: 'x' });
  await settle(1);
  test.match(bot.calls[0]?.params, { chat_id: '42', message_thread_id: '9' });
});
