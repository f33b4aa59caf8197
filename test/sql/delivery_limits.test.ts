// How much is sent: limits, pauses that a channel asks for, and fairness among very many places.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { MovableNow } from '../support/now.ts';

const telegram = [
  { by: '^(-?\\d+)', most: 1, perMs: 1000 },
  { by: '^(-\\d+)', most: 20, perMs: 60_000 },
  { most: 30, perMs: 1000 },
];

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const calls = deliveriesOf(database);
  await calls.register(channelOf('telegram', { limits: telegram }));
  /** So many messages to each of these contexts. */
  const fill = async (contexts: string[], each = 1) => {
    for (const context of contexts) {
      const schedule = await calls.scheduleTo(await calls.map('telegram', context));
      for (let n = 0; n < each; n++) await calls.end(schedule);
    }
  };
  const counts = async (most?: number) =>
    (await calls.claim(['telegram'], most)).messages.map((m) => m.context);
  return { database, now, fill, counts, ...calls };
}

t.test('one a second to a chat, whatever its topics', async (test) => {
  const { fill, claim, report, now } = await setUp(test);
  await fill(['7:1', '7:2', '8']);
  const first = await claim(['telegram']);
  test.strictSame(first.messages.map((m) => m.context.split(':')[0]).sort(), ['7', '8']);
  await now.advance('10 seconds');
  test.equal(
    (await claim(['telegram'])).messages.length,
    0,
    'what is being sent counts, however long it takes',
  );
  await report(first.messages, { outcome: 'sent', externalId: 'x' });
  const early = await claim(['telegram']);
  test.equal(early.messages.length, 0, 'and a second from its end');
  test.equal(early.waitMs, 1000, 'it says how long to wait');
  await now.advance('999 milliseconds');
  test.equal((await claim(['telegram'])).waitMs, 1);
  await now.advance('1 millisecond');
  test.equal((await claim(['telegram'])).messages.length, 1);
});

t.test('twenty a minute to a group, and thirty a second in all', async (test) => {
  const { fill, sendAll, now, claim } = await setUp(test);
  await fill(['-5'], 21);
  for (let n = 0; n < 20; n++) {
    test.equal((await sendAll(['telegram'])).length, 1);
    await now.advance('1 second');
  }
  const full = await claim(['telegram']);
  test.equal(full.messages.length, 0);
  test.equal(full.waitMs, 40_000, 'until the first of them is a minute old');
  await fill(
    Array.from({ length: 35 }, (_, n) => `${n + 100}`),
    1,
  );
  test.equal((await claim(['telegram'])).messages.length, 30, 'the group takes no room from others');
});

t.test('what failed counts, and so does what nobody knows of', async (test) => {
  const { fill, sendAll, now, claim, database } = await setUp(test);
  await fill(['7'], 2);
  await sendAll(['telegram'], { outcome: 'refused', reason: 'no' });
  test.equal((await claim(['telegram'])).messages.length, 0);
  await now.advance('1 second');
  test.equal((await claim(['telegram'])).messages.length, 1);
  await now.advance('1 minute');
  await database.rows('select chime_private.tick()');
  test.match(
    await database.rows('select ended_at from chime_private.sends where ended_at is null'),
    [],
    'a lost claim ends',
  );
});

t.test('a wait that the channel asks for: of one chat, or of all', async (test) => {
  const { fill, claim, report, now, list } = await setUp(test);
  await fill(['7:1', '7:2', '8']);
  const { messages } = await claim(['telegram']);
  const of = (chat: string) => messages.filter((m) => m.context.startsWith(chat));
  await report(of('8'), { outcome: 'sent', externalId: 'x' });
  await report(of('7'), { outcome: 'throttled', reason: '429', waitMs: 30_000 });
  await fill(['8']);
  await now.advance('2 seconds');
  const next = await claim(['telegram']);
  test.strictSame(
    next.messages.map((m) => m.context),
    ['8'],
    'the others go on, no topic of that chat does',
  );
  await report(next.messages, { outcome: 'throttled', reason: '401', waitMs: 60_000, wholeChannel: true });
  await fill(['9']);
  await now.advance('27 seconds');
  test.equal((await claim(['telegram'])).waitMs, 33_000);
  await now.advance('32999 milliseconds');
  test.equal((await claim(['telegram'])).messages.length, 0);
  await now.advance('1 millisecond');
  test.equal((await claim(['telegram'])).messages.length, 3);
  for (const row of await list()) test.equal(row.failure_count, 0, 'no attempt is burnt');
});

t.test('more places than one look takes in: each has its turn', async (test) => {
  const { database, claim, report } = await setUp(test);
  await database.rows("update chime_private.channels set limits = '[]'");
  await database.rows(`
    insert into chime.channel_mappings (id, tenant_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
    select gen_random_uuid(), chime.current_tenant(), 'telegram', n::text, chime.now(), chime.now(), chime.now() from generate_series(1, 1200) n;
    insert into chime.deliveries (id, tenant_id, run_id, channel_mapping_id, channel_id, status, output_hash, created_at)
    select gen_random_uuid(), m.tenant_id, gen_random_uuid(), m.id, 'telegram', 'pending', '', chime.now() from chime.channel_mappings m, generate_series(1, 2)`);
  const seen = new Map<string, number>();
  let claims = 0;
  for (; claims < 200; claims++) {
    const { messages, more } = await claim(['telegram'], 100);
    for (const m of messages) seen.set(m.context, (seen.get(m.context) ?? 0) + 1);
    await report(messages, { outcome: 'sent', externalId: 'x' });
    if (claims === 12) test.ok(seen.size > 1000, `${seen.size} places had a turn after ${claims} claims`);
    if (messages.length === 0 && !more) break;
  }
  test.equal(seen.size, 1200);
  test.ok([...seen.values()].every((count) => count === 2));
});
