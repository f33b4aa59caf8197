// Follow-ups: what is said at a time unless the person has spoken before.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { setUpBot } from '../support/bot.ts';
import { as, person } from '../support/identities.ts';

interface FollowUp {
  id: string;
  schedule_id: string;
  status: string;
  cancel_reason: string | null;
}

const template = 'Hello {{person}}, how is it going? ({{reason}})';

/** Ann, who has said something to the bot, and a follow-up at 18:00 UTC for her. */
async function setUp(test: Test, { quiet = false } = {}) {
  const bot = await setUpBot(test);
  const { database } = bot;
  const ann = bot.person();
  await ann.say('/timezone Europe/Berlin');
  const mapping = await database.row<{ id: string; user_id: string; tenant_id: string }>(
    'select id, user_id, tenant_id from chime.channel_mappings',
  );
  if (quiet) await database.rows("select chime.set_quiet_hours('17:00', '08:00', $1)", [mapping.user_id]);
  const identity = {
    ...{ tenantId: mapping.tenant_id, userId: mapping.user_id, role: 'user' as const },
    ...{ name: 'ann', expiresAt: null },
  };
  const [made] = await as<FollowUp>(
    database,
    identity,
    "select * from chime.schedule_follow_up('2026-11-20 19:00', $1, 'the report', 'Europe/Berlin', $2)",
    [template, mapping.id],
  );
  return {
    ...bot,
    ...{ ann, identity, mapping },
    made: made as FollowUp,
    state: () =>
      database.row<{ follow_up: string; schedule: string; reason: string | null }>(
        `select f.status as follow_up, s.status as schedule, f.cancel_reason as reason
         from chime.follow_ups f join chime.schedules s on s.id = f.schedule_id`,
      ),
  };
}

t.test('it is said at its time, filled in', async (test) => {
  const { fire, state, now, tick, database } = await setUp(test);
  await now.set('2026-11-20T17:59:00Z');
  await tick();
  test.strictSame(await state(), { follow_up: 'pending', schedule: 'active', reason: null });
  const [message, ...others] = await fire('2026-11-20T18:00:00Z');
  test.equal(message?.params.text, 'Hello Ann, how is it going? (the report)');
  test.strictSame(others, []);
  test.strictSame(await state(), { follow_up: 'executed', schedule: 'completed', reason: null });
  test.equal(
    await database.value('select executed_at from chime.follow_ups').then(String),
    String(await now.read()),
  );
});

t.test('a word of the person cancels it', async (test) => {
  const { ann, fire, state } = await setUp(test);
  await ann.say('I am on it');
  test.strictSame(await state(), {
    follow_up: 'cancelled',
    schedule: 'cancelled',
    reason: 'client_responded',
  });
  test.strictSame(await fire('2026-11-20T18:00:00Z'), []);
});

t.test('a word of somebody else, or of the person elsewhere, does not', async (test) => {
  const { person: other, state, ann } = await setUp(test);
  await other({ id: '43', name: 'Bob' }).say('Hello');
  await other({ id: ann.id, context: '-77', isGroup: true }).say('/list');
  test.match(await state(), { follow_up: 'pending', schedule: 'active' });
});

t.test('what was executed and waits for a worker is withdrawn', async (test) => {
  const { ann, now, tick, state, database } = await setUp(test);
  await now.set('2026-11-20T18:00:00Z');
  await tick();
  test.match(await state(), { follow_up: 'executed', schedule: 'completed' });
  await ann.say('I am on it');
  test.strictSame(await state(), {
    follow_up: 'cancelled',
    schedule: 'completed',
    reason: 'client_responded',
  });
  test.strictSame(await database.rows('select status, cancel_reason from chime.runs'), [
    { status: 'cancelled', cancel_reason: 'The person has spoken first.' },
  ]);
  test.equal(await database.value('select count(*)::integer from chime_private.unfinished_runs'), 0);
});

t.test('what is being executed is asked to end, and not sent if it does not heed that', async (test) => {
  for (const outcome of ['cancelled', 'succeeded'] as const) {
    const { ann, now, tick, state, database } = await setUp(test);
    const { register, start, finish } = attemptsOf(database);
    await now.set('2026-11-20T18:00:00Z');
    await tick();
    const id = await database.value<string>('select id from chime.runs');
    const [started] = await start(await register(['remind']), [id]);
    await ann.say('I am on it');
    test.match(
      await database.row('select status, cancel_requested_at is not null as asked from chime.runs'),
      { status: 'running', asked: true },
    );
    await finish([{ id, attempt: started?.attempt ?? 0, outcome, output: 'Well?' }]);
    test.match(await state(), { follow_up: 'cancelled', reason: 'client_responded' });
    test.equal(
      await database.value("select count(*)::integer from chime.deliveries where status <> 'skipped'"),
      0,
      outcome,
    );
  }
});

t.test('what quiet hours hold is withdrawn, too', async (test) => {
  const { ann, fire, state, database } = await setUp(test, { quiet: true });
  test.strictSame(await fire('2026-11-20T18:00:00Z'), [], 'held');
  test.equal(
    await database.value("select count(*)::integer from chime.deliveries where status = 'pending'"),
    1,
  );
  await ann.say('I am on it');
  test.match(await state(), { follow_up: 'cancelled', reason: 'client_responded' });
  test.match(await database.row('select status, skip_reason from chime.deliveries'), {
    status: 'skipped',
    skip_reason: 'The person has spoken first.',
  });
  test.strictSame(await fire('2026-11-21T08:00:00Z'), []);
});

t.test('what was said stays so', async (test) => {
  const { ann, fire, state } = await setUp(test);
  await fire('2026-11-20T18:00:00Z');
  await ann.say('I am on it');
  test.match(await state(), { follow_up: 'executed', schedule: 'completed', reason: null });
});

t.test('who commits first wins: the person', async (test) => {
  const { mapping, now, tick, state, database } = await setUp(test);
  await now.set('2026-11-20T18:00:00Z');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query("select chime_private.hear('telegram', '42', false, '42', 'Ann', 'en')");
  await tick();
  test.equal(await database.value('select count(*)::integer from chime.runs'), 0, 'a clock leaves it alone');
  await client.query('commit');
  await tick();
  test.match(await state(), { follow_up: 'cancelled', reason: 'client_responded' });
  test.equal(
    await database.value("select count(*)::integer from chime.runs where status <> 'skipped'"),
    0,
    mapping.id,
  );
});

t.test('who commits first wins: the clock, and it is withdrawn', async (test) => {
  const { ann, now, state, database } = await setUp(test);
  await now.set('2026-11-20T18:00:00Z');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select chime_private.tick(100)');
  const said = ann.say('I am on it');
  const isWaiting = `select exists (select from pg_stat_activity where application_name = 'test bot' and datname = current_database() and wait_event_type = 'Lock')`;
  while (!(await database.value<boolean>(isWaiting)));
  await client.query('commit');
  await said;
  test.match(await state(), { follow_up: 'cancelled', schedule: 'completed', reason: 'client_responded' });
  test.strictSame(await database.rows('select status from chime.runs'), [{ status: 'cancelled' }]);
});

t.test('it is deleted, restored, changed and run by hand as any schedule', async (test) => {
  const { made, identity, state, database, fire, now, ann } = await setUp(test);
  const call = (sql: string) => as(database, identity, sql, [made.schedule_id]);
  await call('select chime.delete_schedule($1)');
  test.match(await state(), { follow_up: 'cancelled', reason: 'by_hand' });
  await call('select chime.restore_schedule($1)');
  test.strictSame(await state(), { follow_up: 'pending', schedule: 'active', reason: null });
  await call('select chime.run_now($1)');
  const [early] = await fire('2026-11-20T16:00:00Z');
  test.match(early?.params.text, /Hello Ann/);
  test.match(await state(), { follow_up: 'pending' }, 'its time is still to come');
  await call('select chime.delete_schedule($1)');
  await now.advance('1 minute');
  await ann.say('I am on it');
  await call('select chime.restore_schedule($1)');
  test.match(await state(), { follow_up: 'cancelled', reason: 'by_hand' }, 'she has spoken meanwhile');
});

t.test('in a group the word of anybody counts, or that of one person', async (test) => {
  const bot = await setUpBot(test);
  const { database } = bot;
  const group = { context: '-1001', isGroup: true };
  const [ann, bob] = [bot.person({ ...group, id: '42' }), bot.person({ ...group, id: '43', name: 'Bob' })];
  await ann.say('/list');
  await bob.say('/list');
  const mapping = await database.row<{ id: string; user_id: string; tenant_id: string }>(
    "select id, user_id, tenant_id from chime.channel_mappings where channel_context_id = '-1001'",
  );
  const identity = {
    ...{ tenantId: mapping.tenant_id, userId: mapping.user_id, role: 'user' as const },
    ...{ name: 'group', expiresAt: null },
  };
  const subject = (name: string) =>
    database.value<string>('select id from chime.users where subject = $1', [name]);
  const annId = await subject('telegram:42');
  const make = (who: string | null) =>
    as(
      database,
      identity,
      "select chime.schedule_follow_up('2026-11-20 19:00', 'Well?', coalesce($2::uuid::text, 'anybody'), 'UTC', $1, $2::uuid)",
      [mapping.id, who],
    );
  await make(null);
  await make(annId);
  const states = async () =>
    (await database.rows<{ status: string }>('select status from chime.follow_ups order by reason desc')).map(
      (row) => row.status,
    );
  await bob.say('/list');
  test.strictSame(await states(), ['cancelled', 'pending']);
  await ann.say('/list');
  test.strictSame(await states(), ['cancelled', 'cancelled']);
  const stranger = await person(database, 'default', 'stranger');
  await test.rejects(make(stranger.userId), { code: 'CH015' }, 'who has not spoken there is not known there');
});

t.test('without a conversation it is for the inbox, and a word anywhere counts', async (test) => {
  const { identity, database, ann, now, tick } = await setUp(test);
  await database.rows('select chime.delete_schedule(schedule_id) from chime.follow_ups');
  const make = () =>
    as<FollowUp>(
      database,
      identity,
      "select * from chime.schedule_follow_up('2026-11-20 19:00', 'Well?', 'r')",
    );
  const [first] = await make();
  await ann.say('Hello');
  const status = (id: string | undefined) =>
    database.value('select status from chime.follow_ups where id = $1', [id]);
  test.equal(await status(first?.id), 'cancelled');
  const [second] = await make();
  await now.set('2026-11-20T19:00:00Z');
  await tick();
  test.equal(await status(second?.id), 'executed');
});

t.test('a task makes the text, in the place of a template', async (test) => {
  const { identity, database, mapping, now, tick } = await setUp(test);
  await database.rows('select chime.delete_schedule(schedule_id) from chime.follow_ups');
  await as(
    database,
    identity,
    `select chime.schedule_follow_up('2026-11-20 19:00', reason => 'the exam', timezone => 'Europe/Berlin', channel_mapping_id => $1,
       task => 'noop', payload => '{"prompt": "Ask {{person}} about {{reason}}", "more": ["{{reason}}", 1]}')`,
    [mapping.id],
  );
  await now.set('2026-11-20T18:00:00Z');
  await tick();
  test.strictSame(await database.row("select task, payload from chime.runs where status = 'queued'"), {
    task: 'noop',
    payload: { prompt: 'Ask Ann about the exam', more: ['the exam', 1] },
  });
});

t.test('late, by its policy: inside the window it is said, after that it is cancelled', async (test) => {
  const { identity, database, mapping, now, tick, state } = await setUp(test);
  await database.rows('select chime.delete_schedule(schedule_id) from chime.follow_ups');
  const make = (window: string) =>
    as(
      database,
      identity,
      "select chime.schedule_follow_up('2026-11-20 18:00', 'x', 'r', 'UTC', $1, catch_up_window => $2)",
      [mapping.id, window],
    );
  await make('2 hours');
  await database.rows("delete from chime.follow_ups where status = 'cancelled'");
  await now.set('2026-11-20T19:59:00Z');
  await tick();
  test.match(await state(), { follow_up: 'executed', schedule: 'completed' });
  await database.rows('delete from chime.follow_ups');
  await now.set('2026-11-20T17:00:00Z');
  await make('2 hours');
  await now.set('2026-11-20T20:00:01Z');
  await tick();
  test.strictSame(await state(), { follow_up: 'cancelled', schedule: 'completed', reason: 'missed' });
});

t.test('many at once, up to the limit of the tenant for each conversation', async (test) => {
  const { identity, database, mapping, ann } = await setUp(test);
  await database.rows('update chime.tenant_settings set follow_up_limit = 3');
  const make = () =>
    as(database, identity, "select chime.schedule_follow_up('2026-11-21 18:00', 'x', 'r', 'UTC', $1)", [
      mapping.id,
    ]);
  await make();
  const both = await Promise.allSettled([make(), make()]);
  test.strictSame(
    both.map(({ status }) => status).sort(),
    ['fulfilled', 'rejected'],
    'the last place is taken once',
  );
  await test.rejects(make(), { code: 'CH013', detail: '{"limit": 3}' });
  // In another conversation there is room.
  await as(database, identity, "select chime.schedule_follow_up('2026-11-21 18:00', 'x', 'r')");
  await ann.say('/list');
  test.equal(
    await database.value("select count(*)::integer from chime.follow_ups where status = 'cancelled'"),
    4,
    'one word, all of them',
  );
  await make();
});

t.test('a word counts from when it is stored, however late the bot handles it', async (test) => {
  const { database, identity, mapping, state } = await setUp(test);
  const from = { id: 42, is_bot: false, first_name: 'Ann' };
  const chat = { id: 42, type: 'private' };
  let number = 0;
  const store = (content: object) =>
    database.value<number>('select chime_private.store_updates(1, $1)', [
      JSON.stringify([{ update_id: ++number, lane: '42', content }]),
    ]);
  for (const content of [
    {},
    { message: 'what?' },
    { message: { chat, text: 'nobody' } },
    { message: { chat, from: { ...from, is_bot: true }, text: 'a program' } },
    { message: { chat: { id: 43, type: 'private' }, from: { ...from, id: 43 }, text: 'somebody else' } },
    { message: { chat, from, is_topic_message: true, message_thread_id: 7, text: 'elsewhere' } },
    { my_chat_member: { chat, from, new_chat_member: { status: 'member' } } },
  ]) {
    test.equal(await store(content), 1);
    test.match(await state(), { follow_up: 'pending' }, JSON.stringify(content));
  }
  test.equal(await store({ message: { chat, from, sticker: {} } }), 1);
  test.strictSame(await state(), {
    follow_up: 'cancelled',
    schedule: 'cancelled',
    reason: 'client_responded',
  });

  const again = () =>
    as(database, identity, "select chime.schedule_follow_up('2026-11-20 19:00', 'x', 'r', 'UTC', $1)", [
      mapping.id,
    ]);
  const cancelled = () =>
    database.value("select count(*)::integer from chime.follow_ups where status = 'cancelled'");
  await again();
  await store({ callback_query: { id: '1', from, message: { chat }, data: 'x' } });
  test.equal(await cancelled(), 2, 'a press is a word');
  await again();
  await database.rows('alter table chime.follow_ups rename to follow_ups_gone');
  test.equal(await store({ message: { chat, from, text: 'Hello' } }), 1, 'it is kept whatever is wrong');
  await database.rows('alter table chime.follow_ups_gone rename to follow_ups');
  test.equal(await cancelled(), 2);
});

t.test('a word by any other way that a channel reports', async (test) => {
  const { database, mapping, state } = await setUp(test);
  await database.rows('select chime_private.heard_from($1)', [mapping.id]);
  test.match(await state(), { follow_up: 'cancelled', reason: 'client_responded' });
});

t.test('what is refused', async (test) => {
  const { database, mapping, identity } = await setUp(test);
  const refused = (args: string) => database.error(`select chime.schedule_follow_up(${args})`);
  const at = "'2026-11-21 09:00'";
  const some = [
    [`${at}, 'Hello {{ secret }}', 'r', channel_mapping_id => '${mapping.id}'`, 'CH007', /\{\{secret\}\}/],
    [`${at}, '', 'r', channel_mapping_id => '${mapping.id}'`, 'CH007', /message_template/],
    [`${at}, repeat('x', 2001), 'r', channel_mapping_id => '${mapping.id}'`, 'CH007', /message_template/],
    [`${at}, 'x', ' ', channel_mapping_id => '${mapping.id}'`, 'CH007', /reason/],
    [`${at}, 'x', repeat('x', 501), channel_mapping_id => '${mapping.id}'`, 'CH007', /reason/],
    [`null, 'x', 'r', channel_mapping_id => '${mapping.id}'`, 'CH007', /follow_up_time/],
    [`'2026-11-19 09:00', 'x', 'r', channel_mapping_id => '${mapping.id}'`, 'CH004', /past/],
    [`${at}, 'x', 'r', 'Mars/Base', channel_mapping_id => '${mapping.id}'`, 'CH003', /Mars/],
    [`${at}, 'x', 'r'`, 'CH007', /nobody/],
    [`${at}, 'x', 'r', task => 'noop', channel_mapping_id => '${mapping.id}'`, 'CH007', /one of them/],
    [`${at}, 'x', 'r', payload => '{}', channel_mapping_id => '${mapping.id}'`, 'CH007', /payload/],
    [`${at}, null, 'r', channel_mapping_id => '${mapping.id}'`, 'CH007', /message_template/],
    [`${at}, reason => 'r', task => 'nothing', channel_mapping_id => '${mapping.id}'`, 'CH005', /nothing/],
    [
      `${at}, 'x', 'r', catch_up_window => '1 second', channel_mapping_id => '${mapping.id}'`,
      'CH007',
      /catch_up_window/,
    ],
    [`${at}, 'x', 'r', person_id => gen_random_uuid()`, 'CH015', /no user/],
  ] as const;
  for (const [args, code, message] of some) {
    const error = await refused(args);
    test.equal(error.code, code, args);
    test.match(error.message, message);
  }
  const bob = await person(database, 'default', 'bob');
  await test.rejects(
    as(database, bob, "select chime.schedule_follow_up('2026-11-21 09:00', 'x', 'r', 'UTC', $1)", [
      mapping.id,
    ]),
    { code: 'CH018' },
    'the conversation of somebody else',
  );
  test.strictSame(await as(database, bob, 'select id from chime.follow_ups'), []);
  test.equal((await as(database, identity, 'select id from chime.follow_ups')).length, 1);
});
