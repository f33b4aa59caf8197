// What people are told in a test: deliveries, made and held by the same SQL as in production, at the instants of the test's clock.
import pg from 'pg';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { defineTask } from '../../src/index.ts';
import { createTestChime, type Message } from '../../src/testing.ts';

const connectionString = process.env.TEST_SERVER_URL as string;

const say = defineTask({
  name: 'say',
  payload: z.object({ text: z.string() }),
  run: ({ payload }) => payload.text,
});
const fails = defineTask({
  name: 'fails',
  payload: z.object({}),
  run: () => {
    throw new Error('no route to the moon');
  },
});

async function open(test: Test) {
  const made = await createTestChime({
    ...{ connectionString, tasks: { say, fails }, now: '2026-03-02T00:00:00Z' },
  });
  test.teardown(() => made.stop());
  return made;
}

/** Somebody in Berlin; answers the id. */
async function person(url: string, quiet?: [from: string, until: string]): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>(
      `select user_id as id from chime_private.sign_in('00000000-0000-0000-0000-000000000001', 'ann', 'user', 'Ann')`,
    );
    const id = rows[0]?.id as string;
    await client.query(`update chime.users set timezone = 'Europe/Berlin' where id = $1`, [id]);
    if (quiet !== undefined) await client.query('select chime.set_quiet_hours($1, $2, $3)', [...quiet, id]);
    return id;
  } finally {
    await client.end();
  }
}

const line = ({ at, channelId, channelContextId, text }: Message) =>
  `${at.toISOString().slice(5, 16)} ${channelId} ${channelContextId}: ${text.replaceAll('\n', ' / ')}`;

t.test('each message, where it goes, with what nobody is told of among them, in order', async (test) => {
  const { chime, clock, outbox } = await open(test);
  const chat = await chime.channelMappings.map('telegram', '42:7');
  await chime.schedule(say, {
    key: 'chat',
    payload: { text: 'to a chat' },
    cron: '0 9 * * *',
    channelMappingId: chat.id,
  });
  await chime.schedule(say, { key: 'nobody', payload: { text: 'to nobody' }, cron: '0 8,10 * * *' });
  await clock.advanceTo('2026-03-02T23:00:00Z');
  test.strictSame(outbox.map(line), [
    '03-02T08:00 null null: to nobody',
    '03-02T09:00 telegram 42:7: to a chat',
    '03-02T10:00 null null: to nobody',
  ]);
});

t.test('who is told, and of what, by the policy of the schedule', async (test) => {
  const { chime, clock, outbox } = await open(test);
  const chat = await chime.channelMappings.map('whatsapp', '4915100000000');
  const common = { channelMappingId: chat.id, retryDelay: '1 minute', maxRetries: 0 } as const;
  await chime.schedule(say, {
    ...common,
    key: 'same',
    payload: { text: 'the same' },
    cron: '0 * * * *',
    deliver: 'on_change',
  });
  await chime.schedule(say, {
    ...common,
    key: 'never',
    payload: { text: 'unheard' },
    cron: '0 * * * *',
    deliver: 'never',
  });
  await chime.scheduleOnce(fails, {
    ...common,
    key: 'bad',
    name: 'Moon',
    at: '2026-03-02T02:30:00Z',
    deliver: 'on_failure',
  });
  await clock.advanceBy('5 hours');
  test.strictSame(outbox.map(line), [
    '03-02T01:00 whatsapp 4915100000000: the same',
    '03-02T02:30 whatsapp 4915100000000: ❌ Moon failed / no route to the moon',
  ]);
  test.strictSame(
    (await chime.deliveries.list({ limit: 20 })).filter(({ status }) => status === 'sent').length,
    2,
    'each with the proof of it',
  );
});

t.test('quiet hours hold it until they end', async (test) => {
  const { chime, clock, outbox, url } = await open(test);
  const chat = await chime.channelMappings.map('telegram', '42', await person(url, ['22:00', '07:00']));
  await chime.schedule(say, {
    ...{ key: 'night', payload: { text: 'done' }, cron: '0 23,3 * * *', timezone: 'Europe/Berlin' },
    channelMappingId: chat.id,
  });
  await clock.advanceTo('2026-03-02T05:59:00Z');
  test.strictSame(outbox, []);
  await clock.advanceTo('2026-03-03T06:00:00Z');
  test.strictSame(outbox.map(line), [
    '03-02T06:00 telegram 42: done /  / (was due 03:00, sent 07:00)',
    '03-03T06:00 telegram 42: done /  / (was due 03:00, sent 07:00) /  / (1 earlier run in quiet hours succeeded, too)',
  ]);
});
