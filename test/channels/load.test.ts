// Five senders and three thousand messages to a thousand chats (LOAD=10: ten thousand): no limit is passed in any window, the order of each place is kept, each
// message comes once, and where a connection was cut that is what is said of it.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { channelsOf, startSender } from '../support/sender.ts';
import { mostIn, startTelegram, token } from '../support/telegram.ts';

/** Telegram's limits, in times so much shorter: what is held here is that they are kept, not how long a second is. */
const scale = 50;
const limits = [
  { by: '^(-?\\d+)', most: 1, perMs: 1000 / scale },
  { by: '^(-\\d+)', most: 20, perMs: 60_000 / scale },
  { most: 30, perMs: 1000 / scale },
];
const chats = 1000;
const groups = 5;
const each = Number(process.env.LOAD ?? 3);
const count = chats * each + groups * 2 * 20;

t.test(`five senders, ${count} messages`, async (test) => {
  const database = await createDatabase(test);
  const bot = await startTelegram(test);
  const channels = channelsOf(test, { telegramToken: token, telegramApi: bot.api }).map((channel) =>
    channel.id === 'telegram' ? { ...channel, limits } : channel,
  );
  // A thousand chats with some messages each, and five groups of two topics with twenty each; runs as they are in history, and each has its number.
  await database.rows(`
    insert into chime.channel_mappings (id, tenant_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
    select gen_random_uuid(), chime.current_tenant(), 'telegram', c, now(), now(), now()
    from (
      select n::text as c from generate_series(1, ${chats}) n
      union all select format('-%s:%s', g, topic) from generate_series(1, ${groups}) g, generate_series(1, 2) topic) x;
    insert into chime.runs (id, tenant_id, channel_mapping_id, task, payload, trigger, scheduled_for, due_at, status, attempt, worker_id, started_at, created_at)
    select chime_private.new_id(now() - interval '1 hour' + n * interval '1 second'), m.tenant_id, m.id, 'noop', jsonb_build_object('n', n), 'manual', now(), now(), 'running', 1,
      gen_random_uuid(), now(), now()
    from chime.channel_mappings m, lateral generate_series(1, case when m.channel_context_id like '-%' then 20 else ${each} end) n`);
  const senders = await Promise.all(Array.from({ length: 5 }, () => startSender(test, database, channels)));
  let ended = 0;
  const all = new Promise<void>((resolve) => {
    for (const { sender } of senders)
      sender.on('reported', ({ outcome }) => {
        if ((outcome === 'sent' || outcome === 'unknown') && ++ended === count) resolve();
      });
  });
  // One in fifty is told to wait, and comes again; of one in some hundreds the connection is cut when it was read.
  let asked = 0;
  let cut = 0;
  bot.answer = () => {
    asked++;
    if (asked % 50 === 0)
      return { error: 429, description: 'Too Many Requests', parameters: { retry_after: 0.02 } };
    if (asked % 499 !== 0) return undefined;
    cut++;
    return 'reset';
  };
  await database.rows(`
    select count(f) from (select array_agg(id) as ids, array_agg(payload ->> 'n') as ns, array_agg(1) as ones, array_agg('succeeded'::chime_private.outcome) as ends from chime.runs) a,
      lateral chime_private.finish_runs(a.ids, a.ones, a.ends, a.ns, '{}', '{}', '{}', '{}', '{}') f`);
  await all;
  await Promise.all(senders.map(({ sender }) => sender.stop()));

  const accepted = bot.calls.filter((_call, index) => (index + 1) % 50 !== 0);
  test.equal(accepted.length, count, 'each once');
  test.equal(mostIn(bot.calls, 1000 / scale) <= 30, true, `${mostIn(bot.calls, 1000 / scale)} in a second`);
  const byChat = Map.groupBy(bot.calls, ({ params }) => params.chat_id as string);
  for (const [chat, calls] of byChat) {
    if (mostIn(calls, 1000 / scale) > 1) test.fail(`${chat} had more than one in a second`);
    if (chat.startsWith('-') && mostIn(calls, 60_000 / scale) > 20)
      test.fail(`${chat} had more than twenty in a minute`);
  }
  const byPlace = Map.groupBy(
    accepted,
    ({ params }) => `${params.chat_id}:${params.message_thread_id ?? ''}`,
  );
  test.equal(byPlace.size, chats + 2 * groups);
  for (const [place, calls] of byPlace) {
    const numbers = calls.map(({ params }) => Number(params.text));
    if (numbers.some((number, index) => number !== index + 1))
      test.fail(`${place} is out of order: ${numbers.join()}`);
  }
  test.strictSame(
    await database.rows('select status, count(*)::integer from chime.deliveries group by 1 order by 1'),
    [
      { status: 'sent', count: count - cut },
      { status: 'unknown', count: cut },
    ],
    'nothing is lost, and nothing in doubt but what was cut',
  );
});
