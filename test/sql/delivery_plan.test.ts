// Which runs are told of, to whom, and where: deliveries are written with the end of a run.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { workflowsOf } from '../support/workflows.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const calls = { ...shorthand(database), ...attemptsOf(database), ...deliveriesOf(database) };
  const newWorker = attemptsOf(database).register;
  await calls.register(channelOf('telegram'), channelOf('web'), channelOf('terminal', { isOpen: true }));
  return { database, now, newWorker, ...calls };
}

t.test('a run of nobody, to nowhere, is told to nobody', async (test) => {
  const { database, create, end, list } = await setUp(test);
  const id = await create("cron => '0 0 1 1 *', overlap => 'allow', max_retries => 0");
  await end(id);
  await end(id, { outcome: 'failed', error: 'no' });
  test.strictSame(await list(), []);
  test.equal(
    await database.value('select chime.describe_delivery($1)', [id]),
    'nowhere: it has neither an owner nor a channel mapping',
  );
});

t.test('to its channel mapping alone, in the transaction of its end, once', async (test) => {
  const { database, map, scheduleTo, queue, newWorker, start, finish, states, end } = await setUp(test);
  const id = await scheduleTo(await map('telegram', '42'));
  const run = await queue(id);
  const [started] = await start(await newWorker(), [run]);
  const attempt = started?.attempt as number;
  const client = await database.connect(test);
  await client.query('begin');
  await client.query(
    "select * from chime_private.finish_runs(array[$1::uuid], array[$2::integer], '{succeeded}', '{x}', '{}', '{}', '{}', '{}', '{}')",
    [run, attempt],
  );
  const inside = await client.query('select status from chime.deliveries where run_id = $1', [run]);
  test.strictSame(inside.rows, [{ status: 'pending' }]);
  await client.query('rollback');
  test.strictSame(await states(run), []);
  await finish([{ id: run, attempt, output: 'x' }]);
  await finish([{ id: run, attempt, output: 'x' }]);
  test.strictSame(await states(run), ['telegram pending'], 'once, though the end was sent twice');
  test.strictSame(
    await states(await end(id, { outcome: 'failed', error: 'no' })),
    ['telegram pending'],
    'a failure, too',
  );
  test.equal(await database.value('select chime.describe_delivery($1)', [id]), 'all runs: to telegram 42');
});

t.test('without one to the inbox of its owner, and where the owner looks on', async (test) => {
  const { database, now, end, states, claim, tick, scheduleOf } = await setUp(test);
  const ann = await person(database, defaultTenant, 'ann');
  const id = await scheduleOf(ann);
  test.strictSame(await states(await end(id)), ['web pending']);
  await as(database, ann, "select chime.map_channel('terminal', 'tty1')");
  test.strictSame(await states(await end(id)), ['web pending'], 'nobody is at the terminal yet');
  await claim(['terminal'], 10, ['tty1']);
  const seen = await end(id);
  test.strictSame(await states(seen), ['terminal pending', 'web pending']);
  await now.advance('1 minute');
  await tick();
  test.strictSame(await states(seen), ['terminal skipped Whoever looked on there has gone.', 'web pending']);
  test.strictSame(await states(await end(id)), ['web pending']);
  test.match(
    await database.value('select chime.describe_delivery($1)', [id]),
    /^all runs: to the inbox of its owner/,
  );
});

t.test('which runs: the policies', async (test) => {
  const { map, scheduleTo, end, states, sendAll, now } = await setUp(test);
  const mapping = await map('telegram', '42');
  const endings = {
    a: { output: 'a' },
    b: { output: 'b' },
    fail: { outcome: 'failed', error: 'fail' },
    crash: { outcome: 'failed', error: 'crash' },
    silent: { output: 'a', reason: 'all is well' },
  } as const;
  const told = async (deliver: string, ...kinds: (keyof typeof endings)[]) => {
    const id = await scheduleTo(mapping, `deliver => '${deliver}'`);
    const answers: string[] = [];
    for (const kind of kinds) {
      await now.advance('1 second');
      const run = await end(id, endings[kind]);
      await sendAll(['telegram']);
      answers.push((await states(run)).join().replace('telegram ', ''));
    }
    return answers;
  };
  test.strictSame(await told('always', 'a', 'a', 'fail'), ['sent', 'sent', 'sent']);
  test.strictSame(await told('never', 'a', 'fail'), ['', '']);
  const fine = 'skipped It has succeeded, and only failures are told of.';
  test.strictSame(await told('on_failure', 'a', 'fail', 'fail', 'a'), [fine, 'sent', 'sent', fine]);
  const same = 'skipped It says what the last delivery said.';
  test.strictSame(await told('on_change', 'a', 'a', 'b', 'b', 'a', 'fail', 'fail', 'crash', 'a'), [
    ...['sent', same, 'sent', same, 'sent', 'sent', same, 'sent', 'sent'],
  ]);
  const before = 'skipped It has succeeded, as the run before did.';
  test.strictSame(await told('on_recovery', 'a', 'a', 'fail', 'fail', 'a', 'b'), [
    ...[before, before, 'sent', 'sent', 'sent', before],
  ]);
  test.strictSame(await told('always', 'silent', 'a'), [
    'skipped Its task has nothing to say: all is well',
    'sent',
  ]);
});

t.test('on_change: what did not arrive has not been said', async (test) => {
  const { map, scheduleTo, end, states, sendAll, now } = await setUp(test);
  const id = await scheduleTo(await map('telegram', '42'), "deliver => 'on_change'");
  await end(id, { output: 'a' });
  await now.advance('1 second');
  await sendAll(['telegram'], { outcome: 'refused', reason: 'no' });
  test.strictSame(await states(await end(id, { output: 'a' })), ['telegram pending']);
});

t.test('neither cancelled runs nor skipped fires, nor the past, nor the steps of workflows', async (test) => {
  const { database, map, scheduleTo, queue, list, newWorker, start, states } = await setUp(test);
  const mapping = await map('telegram', '42');
  const id = await scheduleTo(mapping);
  await database.rows('select chime.cancel_run($1)', [await queue(id)]);
  await database.rows("select chime.backfill($1, '2020-01-01', '2021-01-02', dry_run => false)", [id]);
  const past = await database.rows<{ id: string }>("select id from chime.runs where trigger = 'backfill'");
  const { attempt } = attemptsOf(database);
  for (const run of past) await attempt(run.id);
  test.equal(past.length, 2);
  test.strictSame(await list(), []);
  const { define, end } = workflowsOf(database);
  await define('two_steps', [{}, {}]);
  const flow = await database.value<string>(
    "select id from chime.create_schedule(task => 'two_steps', cron => '0 0 1 1 *', channel_mapping_id => $1)",
    [mapping],
  );
  const run = await queue(flow);
  await start(await newWorker(), [run]);
  await end(run);
  test.strictSame(await list(), [], 'its first step');
  await end(run);
  test.strictSame(await states(), ['telegram pending'], 'the workflow as a whole');
  test.equal((await list())[0]?.run_id, run);
});

t.test(
  'runs that fail in other ways: lost, timed out, refused by the template of a handler',
  async (test) => {
    const { database, map, scheduleTo, queue, newWorker, start, states, now } = await setUp(test);
    const mapping = await map('telegram', '42');
    const id = await scheduleTo(mapping);
    const run = await queue(id);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await start(await newWorker(), [run]);
      await database.rows(
        'select chime_private.lose_runs(array[$1::uuid], array[$2::integer], chime.now())',
        [run, attempt],
      );
      await now.advance('1 second');
    }
    test.strictSame(await states(run), ['telegram pending'], 'lost for good');
    await database.rows(
      `select chime.create_event_handler(event => 'big', task => 'noop', payload => '{"a": "{{payload.a}}{{payload.a}}{{payload.a}}{{payload.a}}{{payload.a}}"}', channel_mapping_id => $1)`,
      [mapping],
    );
    await database.rows("select chime.trigger_event('big', jsonb_build_object('a', repeat('x', 250000)))");
    const failed = await database.value<string>(
      "select id from chime.runs where event_id is not null and status = 'failed'",
    );
    test.strictSame(await states(failed), ['telegram pending']);
  },
);

t.test(
  'what is scheduled in a conversation goes back to its place, also when another one has begun there',
  async (test) => {
    const { database, states, end, mapping } = await setUp(test);
    const ann = await person(database, defaultTenant, 'ann');
    const boss = await person(database, defaultTenant, 'boss', 'admin');
    const set = (session: string) =>
      as<{ id: string }>(
        database,
        boss,
        "select id from chime.set_session_channel($1, 'telegram', '42:7', $2)",
        [session, ann.userId],
      );
    const [{ id: place }] = (await set('s1')) as [{ id: string }];
    const client = await database.connect(test);
    await client.query(
      `select set_config('chime.session_id', 's1', false), set_config('chime.user_id', $1, false)`,
      [ann.userId],
    );
    const { rows } = await client.query(
      "select id from chime.create_schedule(task => 'noop', cron => '0 0 1 1 *', overlap => 'allow', key => 'k')",
    );
    test.strictSame(await set('s2'), [{ id: place }], 'the mapping stays');
    test.strictSame(await states(await end(rows[0].id)), ['telegram pending']);
    test.hasStrict(await mapping(place), {
      session_id: 's2',
      channel_context_id: '42:7',
      user_id: ann.userId,
    });
    const of = (session: string) =>
      as<{ id: string }>(database, ann, 'select id from chime.get_session_channel($1)', [session]);
    test.strictSame([await of('s1'), await of('s2')], [[{ id: place }], [{ id: place }]]);
    test.strictSame(await as(database, ann, "select chime.get_channel_session('telegram', '42:7') as id"), [
      { id: 's2' },
    ]);
    const bob = await person(database, defaultTenant, 'bob');
    await test.rejects(as(database, bob, "select chime.get_session_channel('s1')"), { code: 'CH018' });
    test.strictSame(await as(database, bob, "select chime.get_channel_session('telegram', '42:7') as id"), [
      { id: null },
    ]);
    await test.rejects(
      as(
        database,
        bob,
        "select chime.create_schedule(task => 'noop', cron => '@daily', channel_mapping_id => $1)",
        [place],
      ),
      {
        code: 'CH018',
      },
    );
    await test.rejects(as(database, bob, "select chime.map_channel('telegram', '99')"), { code: 'CH042' });
    await test.rejects(as(database, bob, "select chime.map_channel('terminal', 't', $1)", [ann.userId]), {
      code: 'CH042',
    });
    await as(database, ann, "select chime.map_channel('terminal', 't')");
    await test.rejects(as(database, bob, "select chime.map_channel('terminal', 't')"), { code: 'CH018' });
    // Created again without the conversation, by its program: it keeps its place.
    await as(
      database,
      ann,
      "select chime.create_schedule(task => 'noop', cron => '0 0 2 1 *', overlap => 'allow', key => 'k')",
    );
    test.equal(
      await database.value('select channel_mapping_id from chime.schedules where id = $1', [rows[0].id]),
      place,
    );
  },
);

t.test('a failed send repeats the send and never the run', async (test) => {
  const { map, scheduleTo, end, sendAll, now, tick, runs } = await setUp(test);
  const id = await scheduleTo(await map('telegram', '42'));
  await end(id);
  for (let tries = 0; tries < 3; tries++) {
    test.equal((await sendAll(['telegram'], { outcome: 'retry', reason: 'down' })).length, 1);
    await now.advance('10 minutes');
    await tick();
  }
  test.equal((await sendAll(['telegram'])).length, 0);
  test.equal((await runs(id)).length, 1);
});
