// What follows from how sending a message ended: states, waits, order, parts, mappings.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  await calls.register(
    channelOf('telegram'),
    channelOf('web', { isRepeatable: true }),
    channelOf('webhook', { isOrdered: false, isRepeatable: true }),
  );
  const mapping = await calls.map('telegram', '42');
  const schedule = await calls.scheduleTo(mapping);
  /** Runs it once, a second later than anything before. */
  const run = async (id = schedule) => {
    await now.advance('1 second');
    return calls.end(id);
  };
  return { database, now, run, ...calls, scheduleId: schedule, mappingId: mapping };
}

t.test('sent, with the id that the channel has given', async (test) => {
  const { run, sendAll, list, claim } = await setUp(test);
  await run();
  const [message] = await sendAll(['telegram'], { outcome: 'sent', externalId: '77' });
  test.match(message, {
    channelId: 'telegram',
    context: '42',
    part: 1,
    tier: 0,
    late: null,
    run: { output: 'done', status: 'succeeded' },
  });
  test.match(await list(), [
    { status: 'sent', external_id: '77', attempt: 1, part_count: 1, failure_reason: null },
  ]);
  test.equal((await claim(['telegram'])).messages.length, 0);
});

t.test('sending is committed when the claim answers, and nobody else takes it', async (test) => {
  const { run, claim, list, database } = await setUp(test);
  await run();
  await claim(['telegram']);
  test.match(await list(), [{ status: 'sending', attempt: 1 }]);
  test.equal((await deliveriesOf(database).claim(['telegram'])).messages.length, 0);
});

t.test('tried again after the waits of its channel, then failed for good', async (test) => {
  const { run, sendAll, list, now, tick, claim } = await setUp(test);
  await run();
  for (const [wait, count] of [
    [10, 1],
    [60, 2],
  ] as const) {
    const before = (await now.read()).getTime();
    await sendAll(['telegram'], { outcome: 'retry', reason: 'down' });
    const [row] = await list();
    const due = row?.due_at as Date;
    const waits = (due.getTime() - before) / 1000;
    test.ok(waits >= wait && waits <= wait * 1.1, `${waits} s`);
    test.match(row, { status: 'pending', failure_count: count, failure_reason: 'down' });
    test.equal((await claim(['telegram'])).messages.length, 0, 'not before');
    test.strictSame((await tick()).next_due_at, due, 'the clock knows');
    await now.advance('67 seconds');
    await tick();
  }
  await sendAll(['telegram'], { outcome: 'retry', reason: 'still down' });
  test.match(await list(), [
    { status: 'failed', failure_count: 3, failure_reason: 'still down', due_at: null, attempt: 3 },
  ]);
});

t.test('a wait that the channel asks for is longer than its own', async (test) => {
  const { run, sendAll, list, now } = await setUp(test);
  await run();
  const before = await now.read();
  await sendAll(['telegram'], { outcome: 'retry', reason: 'busy', waitMs: 3_600_000 });
  test.equal((await list())[0]?.due_at?.valueOf(), before.getTime() + 3_600_000);
});

t.test('refused: not tried again', async (test) => {
  const { run, sendAll, states } = await setUp(test);
  await run();
  await sendAll(['telegram'], { outcome: 'refused', reason: 'too silly' });
  test.strictSame(await states(), ['telegram failed too silly']);
});

t.test('one message of a mapping at a time, in the order of its runs', async (test) => {
  const { run, claim, report, map, scheduleTo, now, tick } = await setUp(test);
  const other = await scheduleTo(await map('telegram', '43'));
  const runs = [await run(), await run(), await run()];
  const [elsewhere] = [await run(other)];
  const first = await claim(['telegram']);
  test.strictSame(
    new Set(first.messages.map((m) => m.run.id)),
    new Set([runs[0], elsewhere]),
    'the first of each',
  );
  test.equal((await claim(['telegram'])).messages.length, 0);
  await report(first.messages, { outcome: 'retry', reason: 'down' });
  test.equal((await claim(['telegram'])).messages.length, 0, 'those behind it wait with it');
  await now.advance('11 seconds');
  await tick();
  const again = await claim(['telegram']);
  test.strictSame(new Set(again.messages.map((m) => m.run.id)), new Set([runs[0], elsewhere]));
  await report(again.messages, { outcome: 'sent', externalId: 'x' });
  test.strictSame(
    (await claim(['telegram'])).messages.map((m) => m.run.id),
    [runs[1]],
  );
});

t.test('where messages have no order, one that waits holds up nothing', async (test) => {
  const { run, claim, report, map, scheduleTo } = await setUp(test);
  const hook = await scheduleTo(await map('webhook', 'a'));
  const runs = [await run(hook), await run(hook)];
  const first = await claim(['webhook']);
  test.strictSame(
    first.messages.map((m) => m.run.id),
    [runs[0]],
    'one at a time all the same',
  );
  await report(first.messages, { outcome: 'retry', reason: 'down' });
  test.strictSame(
    (await claim(['webhook'])).messages.map((m) => m.run.id),
    [runs[1]],
  );
});

t.test('parts: each once the one before is sent, and before the next run', async (test) => {
  const { run, sendAll, list } = await setUp(test);
  const runs = [await run(), await run()];
  const sent = { outcome: 'sent', externalId: 'x', parts: 3 } as const;
  const seen: [string | undefined, number][] = [];
  for (let n = 0; n < 4; n++) {
    for (const m of await sendAll(['telegram'], n < 3 ? sent : { ...sent, parts: 1 }))
      seen.push([m.run.id, m.part]);
  }
  test.strictSame(seen, [
    [runs[0], 1],
    [runs[0], 2],
    [runs[0], 3],
    [runs[1], 1],
  ]);
  test.match(
    (await list(runs[0])).map((row) => [row.part, row.part_count, row.status]),
    [
      [1, 3, 'sent'],
      [2, 3, 'sent'],
      [3, 3, 'sent'],
    ],
  );
});

t.test('a part that fails ends it: what follows is not sent alone', async (test) => {
  const { run, sendAll, list } = await setUp(test);
  await run();
  await sendAll(['telegram'], { outcome: 'sent', externalId: 'x', parts: 3 });
  await sendAll(['telegram'], { outcome: 'refused', reason: 'no' });
  test.match(
    (await list()).map((row) => row.status),
    ['sent', 'failed'],
  );
});

t.test(
  'a sender that does not report: unknown, and not repeated; the proof is welcome late',
  async (test) => {
    const { run, claim, report, now, tick, states, list } = await setUp(test);
    await run();
    await run();
    const { messages } = await claim(['telegram']);
    await now.advance('59 seconds');
    await tick();
    test.match((await states())[0], /sending/);
    test.equal((await claim(['telegram'])).messages.length, 0, 'the order holds');
    await now.advance('1 second');
    await tick();
    test.match((await states())[0], /^telegram unknown Its sender has not said/);
    const next = await claim(['telegram']);
    test.equal(next.messages.length, 1, 'those behind it go on');
    test.equal(next.messages[0]?.run.id === messages[0]?.run.id, false);
    test.strictSame(
      await report(messages, { outcome: 'retry', reason: 'late' }),
      [],
      'no other word counts any more',
    );
    await report(messages, { outcome: 'sent', externalId: '5' });
    test.match((await list())[0], { status: 'sent', external_id: '5' });
  },
);

t.test('a sender that does not report, where a copy does no harm: sent again', async (test) => {
  const { run, claim, report, now, tick, map, scheduleTo, list } = await setUp(test);
  await run(await scheduleTo(await map('webhook', 'a')));
  const old = await claim(['webhook']);
  await now.advance('60 seconds');
  await tick();
  test.match(await list(), [{ status: 'pending', failure_count: 1 }]);
  await now.advance('11 seconds');
  await tick();
  const again = await claim(['webhook']);
  test.equal(again.messages[0]?.deliveryId, old.messages[0]?.deliveryId, 'with the same id');
  test.strictSame(
    await report(old.messages, { outcome: 'sent', externalId: 'old' }),
    [],
    'the number fences',
  );
  await report(again.messages, { outcome: 'sent', externalId: 'new' });
  test.match(await list(), [{ status: 'sent', external_id: 'new', attempt: 2 }]);
});

t.test('an answer without the id of a message proves nothing', async (test) => {
  const { run, claim, database, states } = await setUp(test);
  await run();
  const { messages } = await claim(['telegram']);
  await database.rows('select chime_private.finish_deliveries($1)', [
    JSON.stringify([{ id: messages[0]?.deliveryId, attempt: 1, outcome: 'sent' }]),
  ]);
  test.match(await states(), [/^telegram unknown The channel has not said/]);
});

t.test('given back: nobody has tried, and it costs nothing', async (test) => {
  const { run, sendAll, list } = await setUp(test);
  await run();
  await sendAll(['telegram'], { outcome: 'returned' });
  test.match(await list(), [{ status: 'pending', failure_count: 0, due_at: null }]);
});

t.test('refused in this form: a plainer one, at once', async (test) => {
  const { run, sendAll, list } = await setUp(test);
  await run();
  await sendAll(['telegram'], { outcome: 'plainer', reason: 'no tags' });
  const [message] = await sendAll(['telegram']);
  test.equal(message?.tier, 1);
  test.match(await list(), [{ status: 'sent', failure_count: 0 }]);
});

t.test(
  'blocked: nothing more is sent there, schedules stay, agents do not run, and it can be resumed',
  async (test) => {
    const { database, run, sendAll, states, mappingId, mapping, claim, now, tick, scheduleId } =
      await setUp(test);
    const events = () =>
      database.rows("select payload from chime.events where name = 'chime.channel.blocked'");
    await database.rows(
      `select chime_private.register_worker(gen_random_uuid(), 'w', 'p', '[{"name": "noop"}, {"name": "ask", "handler_type": "agent"}]')`,
    );
    const agent = await database.value<string>(
      "select id from chime.create_schedule(task => 'ask', every => '1 minute', anchor => '2026-03-02 12:00Z', channel_mapping_id => $1)",
      [mappingId],
    );
    const plain = await database.value<string>(
      "select id from chime.create_schedule(task => 'noop', every => '1 minute', anchor => '2026-03-02 12:00Z', overlap => 'allow', channel_mapping_id => $1)",
      [mappingId],
    );
    await run();
    await run();
    await sendAll(['telegram'], { outcome: 'blocked', reason: 'bot was blocked by the user' });
    test.match(await mapping(mappingId), { status: 'blocked', status_reason: 'bot was blocked by the user' });
    test.match(await states(), [/skipped The channel is blocked: bot was/, /skipped The channel is blocked/]);
    test.match(await states(await run()), [/skipped The channel is blocked/]);
    test.equal((await claim(['telegram'])).messages.length, 0);
    test.match(await events(), [
      { payload: { channel_mapping_id: mappingId, reason: 'bot was blocked by the user' } },
    ]);
    await now.advance('1 minute');
    await tick();
    const last = (id: string) =>
      database.row(
        'select status, skip_reason from chime.runs where schedule_id = $1 order by id desc limit 1',
        [id],
      );
    test.match(await last(agent), { status: 'skipped', skip_reason: 'blocked' });
    test.match(await last(plain), { status: 'queued' });
    await now.advance('10 minutes');
    await database.rows("update chime.schedules set catch_up = 'all' where id = $1", [agent]);
    await tick();
    test.match(await last(agent), { status: 'skipped', skip_reason: 'blocked' }, 'late ones, too');
    test.match(
      await database.row(
        'select status, blocked_at is not null as blocked from chime.schedules where id = $1',
        [agent],
      ),
      { status: 'active', blocked: true },
    );
    const health = await database.value<{ problems: string[] }>('select chime.health()');
    test.ok(health.problems.some((problem) => problem.startsWith('Channels are blocked')));
    await database.rows('select chime.resume_mapping($1)', [mappingId]);
    await now.advance('1 minute');
    await tick();
    test.match(await last(agent), { status: 'queued' });
    test.strictSame(await states(await run(scheduleId)), ['telegram pending']);
  },
);

t.test('where the channel of its schedule is blocked, its owner finds it in the inbox', async (test) => {
  const { database, states, end, scheduleOf, map } = await setUp(test);
  const ann = await person(database, defaultTenant, 'ann');
  const place = await map('telegram', '7', ann.userId);
  const id = await scheduleOf(ann, `channel_mapping_id => '${place}'`);
  test.strictSame(await states(await end(id)), ['telegram pending']);
  await database.rows("select chime.block_mapping($1, 'not now')", [place]);
  test.strictSame(await states(await end(id)), [
    'telegram skipped The channel is blocked: not now',
    'web pending',
  ]);
});

t.test('degraded: to the lesser place from now on, in its turn', async (test) => {
  const { run, sendAll, mapping, mappingId, database } = await setUp(test);
  await run();
  const [first] = await sendAll(['telegram'], { outcome: 'degraded', reason: 'Its topic is gone.' });
  const [second] = await sendAll(['telegram']);
  test.strictSame(
    [first?.isDegraded, second?.isDegraded, second?.deliveryId],
    [false, true, first?.deliveryId],
  );
  test.match(await mapping(mappingId), { status: 'degraded', status_reason: 'Its topic is gone.' });
  await database.rows('select chime.resume_mapping($1)', [mappingId]);
  await run();
  test.equal((await sendAll(['telegram']))[0]?.isDegraded, false);
});

t.test('moved: the mapping has the new name, and nothing is lost or sent twice', async (test) => {
  const { run, sendAll, mapping, mappingId, list } = await setUp(test);
  await run();
  await run();
  await sendAll(['telegram'], { outcome: 'moved', reason: 'migrated', contextId: '-100' });
  test.match(await mapping(mappingId), { channel_context_id: '-100', status: 'active' });
  test.equal((await sendAll(['telegram']))[0]?.context, '-100');
  await sendAll(['telegram']);
  test.match(
    (await list()).map((row) => row.status),
    ['sent', 'sent'],
  );
});

t.test('moved to where there is a mapping already: that one takes over', async (test) => {
  const { run, sendAll, mappingId, map, database, scheduleId } = await setUp(test);
  const there = await map('telegram', '-100');
  await run();
  await run();
  await sendAll(['telegram'], { outcome: 'moved', reason: 'migrated', contextId: '-100' });
  test.equal(
    await database.value('select channel_mapping_id from chime.schedules where id = $1', [scheduleId]),
    there,
  );
  const sent = [...(await sendAll(['telegram'])), ...(await sendAll(['telegram']))];
  test.strictSame(
    sent.map((m) => m.context),
    ['-100', '-100'],
  );
  test.equal((await sendAll(['telegram'])).length, 0);
  test.equal(
    await database.value(
      "select count(*)::integer from chime.deliveries where channel_mapping_id = $1 and status = 'skipped'",
      [mappingId],
    ),
    2,
  );
});

t.test('a message that is late says when it was due, on the clock of who is told', async (test) => {
  const { database, now, run, sendAll, map, scheduleOf, end } = await setUp(test);
  await run();
  await now.advance('4 minutes');
  test.equal((await sendAll(['telegram']))[0]?.late, null);
  await run();
  await now.advance('3 hours');
  test.strictSame((await sendAll(['telegram']))[0]?.late, { due: '12:04', sent: '15:04' });
  const ann = await person(database, defaultTenant, 'ann');
  await database.rows("update chime.users set timezone = 'Asia/Tokyo', locale = 'ru' where id = $1", [
    ann.userId,
  ]);
  await end(await scheduleOf(ann, `channel_mapping_id => '${await map('telegram', '7', ann.userId)}'`));
  await now.advance('1 day');
  test.match((await sendAll(['telegram']))[0], {
    late: { due: '2026-03-03 00:04', sent: '2026-03-04 00:04' },
    locale: 'ru',
  });
});

t.test('retry_delivery: by hand, whatever became of it but sent', async (test) => {
  const { database, run, sendAll, list } = await setUp(test);
  await run();
  const id = (await list())[0]?.id;
  const retry = () => database.row('select status, failure_count from chime.retry_delivery($1)', [id]);
  await sendAll(['telegram'], { outcome: 'refused', reason: 'no' });
  test.match(await retry(), { status: 'pending', failure_count: 0 });
  await sendAll(['telegram'], { outcome: 'unknown', reason: 'cut' });
  await retry();
  await sendAll(['telegram'], { outcome: 'retry', reason: 'down' });
  await retry();
  test.equal((await sendAll(['telegram'])).length, 1, 'at once');
  await test.rejects(retry(), { code: 'CH013', message: /it is sent/ });
  await test.rejects(database.rows('select chime.retry_delivery(gen_random_uuid())'), { code: 'CH019' });
});

t.test('what is undelivered, in a view and in the health of it all', async (test) => {
  const { database, run, sendAll, now, tick } = await setUp(test);
  const states = async () =>
    (await database.rows<{ state: string }>('select state from chime.undelivered order by id')).map(
      (row) => row.state,
    );
  const health = async () =>
    (await database.value<{ checks: Record<string, unknown> }>('select chime.health()')).checks.deliveries;
  test.match(await health(), { status: 'ok', waiting: 0 });
  await run();
  test.strictSame(await states(), ['waiting']);
  await now.advance('6 minutes');
  test.match(await health(), { status: 'problem', problem: /Nobody sends/, waiting: 1 });
  await sendAll(['telegram'], { outcome: 'retry', reason: 'down' });
  test.strictSame(await states(), ['retrying']);
  await now.advance('1 minute');
  await tick();
  await sendAll(['telegram'], { outcome: 'unknown', reason: 'cut' });
  test.strictSame(await states(), ['unknown']);
  test.match(await health(), { status: 'warning', unknown: 1 });
});
