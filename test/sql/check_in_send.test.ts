// Check-ins and follow-ups on their way: what the view says of them, and what a sender does not get any more.
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { MovableNow } from '../support/now.ts';

/** Ann in Berlin, whose check-in of 09:00 is decided on and waits for a worker. */
async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-11-20T07:00:00Z');
  const { register: registerWorker, attempt } = attemptsOf(database);
  await registerWorker(['check_in', 'remind', 'say', 'noop']);
  const deliveries = deliveriesOf(database);
  await deliveries.register(channelOf('telegram'), channelOf('whatsapp'));
  const ann = await database.value<string>(
    "select user_id from chime_private.sign_in('default', 'ann', 'user', 'Ann', 'en', 'Europe/Berlin')",
  );
  const chat = await deliveries.map('telegram', '1', ann);
  await database.rows('select chime.complete_onboarding($1)', [ann]);
  await database.rows("select chime.set_check_in('09:00', user_id => $1)", [ann]);
  await now.set('2026-11-20T08:00:00Z');
  const tick = () => database.rows('select * from chime_private.tick()');
  await tick();
  const run = await database.value<string>('select id from chime.runs');
  return {
    ...{ database, now, ann, chat, run, tick, attempt, ...deliveries },
    write: (output = 'How are you?') => attempt(run, { output }),
    view: () =>
      database.rows<{
        status: string;
        content: string | null;
        sent_at: Date | null;
        failure_reason: string | null;
      }>(
        'select status, content, sent_at, failure_reason from chime.scheduled_messages where run_id is not null',
      ),
    skipped: () => database.value('select skip_reason from chime.check_ins'),
    delivery: () => database.row('select status, skip_reason from chime.deliveries'),
  };
}

t.test('from the plan to the proof', async (test) => {
  const { database, view, write, sendAll, now, chat, ann } = await setUp(test);
  test.strictSame(await view(), [{ status: 'pending', content: null, sent_at: null, failure_reason: null }]);
  await write();
  test.strictSame(await view(), [
    { status: 'pending', content: 'How are you?', sent_at: null, failure_reason: null },
  ]);
  await sendAll(['telegram']);
  test.strictSame(await view(), [
    { status: 'sent', content: 'How are you?', sent_at: await now.read(), failure_reason: null },
  ]);
  test.strictSame(
    await database.rows(
      'select purpose, user_id, channel_mapping_id, status, scheduled_for from chime.scheduled_messages order by scheduled_for',
    ),
    [
      {
        ...{ purpose: 'check_in', user_id: ann, status: 'sent' },
        channel_mapping_id: chat,
        scheduled_for: new Date('2026-11-20T08:00:00Z'),
      },
      {
        ...{ purpose: 'check_in', user_id: ann, status: 'pending' },
        channel_mapping_id: null,
        scheduled_for: new Date('2026-11-21T08:00:00Z'),
      },
    ],
    'and the next one is planned',
  );
});

t.test('what has failed, and why', async (test) => {
  const failed = (database: Awaited<ReturnType<typeof setUp>>['database']) =>
    database.rows("select content, failure_reason from chime.scheduled_messages where status = 'failed'");
  await test.test('by its channel', async (inner) => {
    const { database, write, sendAll } = await setUp(inner);
    await write();
    await sendAll(['telegram'], { outcome: 'refused', reason: 'no such chat' });
    inner.strictSame(await failed(database), [{ content: 'How are you?', failure_reason: 'no such chat' }]);
  });
  await test.test('by its task: the person is not told of that', async (inner) => {
    const { database, attempt, run, delivery } = await setUp(inner);
    await attempt(run, { outcome: 'gave_up', error: 'out of words' });
    inner.strictSame(await failed(database), [{ content: null, failure_reason: 'out of words' }]);
    inner.match(await delivery(), { status: 'skipped', skip_reason: /^It has failed/ });
  });
  await test.test('nobody knows', async (inner) => {
    const { database, write, claim, now, tick } = await setUp(inner);
    await write();
    await claim(['telegram']);
    await now.advance('5 minutes');
    await tick();
    inner.match(await failed(database), [{ content: 'How are you?', failure_reason: /may have been sent/ }]);
  });
});

t.test('what has come up before it is sent', async (test) => {
  const cases: [why: string, sql: string, at?: string][] = [
    ['blocked', 'select chime.block_user($1)'],
    [
      'spoke_recently',
      "with word as (update chime.channel_mappings set heard_at = chime.now() returning 1) update chime.users set check_in_silence = '1 hour' where id = $1",
    ],
    ['quiet_hours', "select chime.set_quiet_hours('09:01', '10:00', $1)", '2026-11-20T08:01:00Z'],
    ['late', 'select $1::uuid', '2026-11-20T23:00:00Z'],
  ];
  for (const [why, sql, at] of cases) {
    await test.test(why, async (inner) => {
      const { database, ann, write, now, sendAll, delivery, skipped, view } = await setUp(inner);
      await write();
      await database.rows(sql, [ann]);
      if (at !== undefined) await now.set(at);
      inner.strictSame(await sendAll(['telegram']), []);
      inner.match(await delivery(), { status: 'skipped' });
      inner.equal(await skipped(), why);
      inner.strictSame(await view(), [], 'it is no message');
    });
  }
});

t.test('later that day it is sent, however long the channel takes', async (test) => {
  const { write, now, sendAll } = await setUp(test);
  await write();
  await now.set('2026-11-20T14:00:00Z');
  const [message] = await sendAll(['telegram']);
  test.match(message, { run: { output: 'How are you?' }, late: null }, 'and does not say that it is late');
});

t.test('where one channel is blocked, it goes to the next one', async (test) => {
  const { database, ann, chat, map, now, tick } = await setUp(test);
  const other = await map('whatsapp', '49', ann);
  const next = async (instant: string) => {
    await now.set(instant);
    await tick();
    return database.value('select channel_mapping_id from chime.check_ins order by id desc limit 1');
  };
  await database.rows('select chime.block_mapping($1)', [chat]);
  test.equal(await next('2026-11-21T08:00:00Z'), other);
});

t.test('whatever is killed between two steps, the person is asked once', async (test) => {
  const clock = randomUUID();
  /** The steps to the message; what comes after a cut is done by others. */
  for (const cut of ['fired', 'started', 'written', 'claimed', 'sent'] as const) {
    await test.test(`after it is ${cut}`, async (inner) => {
      const { database, run, now, claim, report } = await setUp(inner);
      const { register: registerWorker, start, finish } = attemptsOf(database);
      await database.rows(
        "create or replace function chime_private.server_age() returns interval language sql as $$ select interval '1 hour' $$",
      );
      const end = async () => {
        const [begun] = await start(await registerWorker(['check_in']), [run]);
        if (begun !== undefined) await finish([{ id: run, attempt: begun.attempt, output: 'How are you?' }]);
      };
      const sent = { outcome: 'sent', externalId: 'm1' } as const;
      if (cut === 'started') await start(await registerWorker(['check_in']), [run]);
      else if (cut !== 'fired') await end();
      const claimed = cut === 'claimed' || cut === 'sent' ? (await claim(['telegram'])).messages : [];
      inner.equal(claimed.length, cut === 'claimed' || cut === 'sent' ? 1 : 0);
      if (cut === 'sent') await report(claimed, sent);
      // Whoever was at it is gone. Others go on, a little later.
      for (let looks = 0; looks < 25; looks++) {
        await now.advance('10 seconds');
        // A clock that has been there all the time: only such a one takes workers for dead.
        await database.rows(
          `insert into chime_private.clocks values ($1, 'test', chime.now() - interval '1 hour', chime.now())
           on conflict (id) do update set steady_since = excluded.steady_since, ticked_at = excluded.ticked_at`,
          [clock],
        );
        await database.rows('select * from chime_private.tick(500, $1)', [clock]);
        await end();
        const { messages } = await claim(['telegram']);
        claimed.push(...messages);
        await report(messages, sent);
      }
      inner.equal(claimed.length, 1, 'one message was taken, once');
      inner.equal(await database.value('select count(*)::integer from chime.runs'), 1);
      inner.equal(
        await database.value('select count(*)::integer from chime.check_ins where skip_reason is null'),
        1,
      );
      inner.strictSame(
        await database.rows('select status from chime.scheduled_messages where run_id is not null'),
        [{ status: cut === 'claimed' ? 'failed' : 'sent' }],
        'where nobody knows whether it was sent, it is not sent again',
      );
    });
  }
});
