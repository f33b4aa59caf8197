// Events: which handlers answer them, with what payload, once, and in the transaction of whoever raises them.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { eventsOf } from '../support/events.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { jobs } = shorthand(database);
const { handler, raise, answers } = eventsOf(database);
const { attempt } = attemptsOf(database);
const names = async (rows: Promise<{ payload: unknown }[]>) => (await rows).map(({ payload }) => payload);

t.beforeEach(() =>
  database.rows('select chime.delete_event_handler(id) from chime.event_handlers where deleted_at is null'),
);

t.test('a name, the beginning of names, or all of them', async (test) => {
  const patterns = [
    'order',
    'order.created',
    'order.*',
    'order.created.*',
    'orde.*',
    'order.created.eu',
    '*',
  ];
  const cases: [string, string[]][] = [
    ['order', ['order', '*']],
    ['order.created', ['order.created', 'order.*', '*']],
    ['order.created.eu', ['order.*', 'order.created.*', 'order.created.eu', '*']],
    ['orders.created', ['*']],
    ['Order.created', ['*']],
  ];
  for (const pattern of patterns) await handler(`event => '${pattern}', key => '${pattern}'`);
  for (const [name, expected] of cases) {
    const event = await raise(name);
    test.equal(event.handler_count, expected.length, name);
    const rows = await database.rows<{ event: string }>(
      'select h.event from chime.runs r join chime.event_handlers h on h.id = r.event_handler_id where r.event_id = $1',
      [event.id],
    );
    test.strictSame(rows.map((row) => row.event).sort(), expected.sort(), name);
  }
});

t.test('a run that answers an event', async (test) => {
  const id = await handler("event => 'a', task => 'noop'");
  const before = await jobs();
  const event = await raise('a', { n: 1 });
  test.hasStrict(await answers(id), [
    {
      ...{ task: 'noop', payload: { n: 1 }, status: 'queued', trigger: 'event', schedule_id: null },
      ...{ event_id: event.id, scheduled_for: event.created_at, due_at: event.created_at },
    },
  ]);
  test.equal(await jobs(), before + 1);
  const [run] = await answers(id);
  test.hasStrict(await attempt(run?.id as string), { status: 'succeeded' });
  test.strictSame(await database.row('select * from chime.events where id = $1', [event.id]), event);
  test.hasStrict(event, { name: 'a', payload: { n: 1 }, depth: 0, cause_run_id: null, handler_count: 1 });
});

t.test('a filter is contained in the payload', async (test) => {
  const id = await handler(`event => 'f', filter => '{"order": {"tags": ["eu"]}, "big": true}'`);
  await raise('f', { big: true, order: { id: 1, tags: ['new', 'eu'] } });
  for (const other of [
    {},
    { big: true },
    { big: 'true', order: { tags: ['eu'] } },
    { order: { tags: ['eu'] } },
  ])
    test.equal((await raise('f', other)).handler_count, 0, JSON.stringify(other));
  test.equal((await answers(id)).length, 1);
});

t.test('payloads are filled in', async (test) => {
  const template = {
    whole: '{{payload}}',
    number: '{{ payload.order.id }}',
    list: ['{{payload.order.tags}}', 7, null, false],
    element: '{{payload.order.tags.1}}',
    text: 'Order {{payload.order.id}}{{payload.none}} of {{payload.who}} ({{payload.order.tags}}, {{payload.nil}}) {{event.name}}',
    missing: '{{payload.none.at.all}}',
    others: '{{run.local_time}} {{payloads}} {{ payload . x }} {{{payload.who}}} {payload}',
    'key {{payload.who}}': '{{payload.имя}}',
    event: ['{{event.id}}', '{{event.name}}', '{{event.time}}', '{{event}}'],
  };
  const id = await handler(`event => 'fill', payload => '${JSON.stringify(template)}'`);
  const payload = { order: { id: 7, tags: ['a', 'b'] }, who: 'A "nn"\\', nil: null, имя: [1.5] };
  const event = await raise('fill', payload);
  const at = { id: event.id, name: 'fill', time: '2026-03-01T12:00:00.000000Z' };
  test.strictSame(await names(answers(id)), [
    {
      whole: payload,
      number: 7,
      list: [['a', 'b'], 7, null, false],
      element: 'b',
      text: 'Order 7 of A "nn"\\ (["a", "b"], ) fill',
      missing: null,
      others: '{{run.local_time}} {{payloads}} {{ payload . x }} {A "nn"\\} {payload}',
      'key {{payload.who}}': [1.5],
      event: [at.id, at.name, at.time, at],
    },
  ]);
});

t.test('what would become too large fails by itself, and hurts nobody else', async (test) => {
  const list = JSON.stringify(Array(30).fill('{{payload.text}}'));
  const bad = await handler(`event => 'large', payload => '{"list": ${list}}'`);
  const good = await handler("event => 'large'");
  await raise('large', { text: 'x'.repeat(200_000) });
  test.hasStrict(await answers(bad), [
    { status: 'failed', payload: {}, error: 'Filled in, its payload would have more than 1 MB.' },
  ]);
  test.hasStrict(await answers(good), [{ status: 'queued' }]);
});

t.test('it belongs to the transaction of whoever raises it', async (test) => {
  const id = await handler("event => 'tx'");
  const client = await database.connect(test);
  await client.query("begin; select chime.trigger_event('tx')");
  test.equal((await answers(id)).length, 0);
  await client.query('rollback');
  test.equal((await answers(id)).length, 0);
  await client.query("begin; select chime.trigger_event('tx'); commit");
  test.equal((await answers(id)).length, 1);
});

t.test('handlers that are disabled, deleted, or of another tenant', async (test) => {
  const id = await handler("event => 'off'");
  await database.rows('select chime.disable_event_handler($1)', [id]);
  test.hasStrict(await raise('off'), { handler_count: 0 });
  await database.rows('select chime.enable_event_handler($1)', [id]);
  test.hasStrict(await raise('off'), { handler_count: 1 });
  const client = await database.connect(test);
  const tenant = '00000000-0000-0000-0000-00000000000b';
  await client.query("insert into chime.tenants (id, name) values ($1, 'b')", [tenant]);
  await client.query(`set chime.tenant_id = '${tenant}'; set role chime_user`);
  const { rows } = await client.query("select * from chime.trigger_event('off')");
  test.hasStrict(rows, [{ tenant_id: tenant, handler_count: 0 }]);
  await test.rejects(client.query('select chime.delete_event_handler($1)', [id]), { code: 'CH014' });
  await database.rows('select chime.delete_event_handler($1)', [id]);
  test.hasStrict(await raise('off'), { handler_count: 0 });
});

t.test('what is refused', async (test) => {
  const long = Array(11).fill('a').join('.');
  for (const name of [
    '',
    'a b',
    'a..b',
    '.a',
    'a.',
    'a.*',
    '*',
    'é',
    long,
    'a'.repeat(201),
    'chime.x',
    'chime',
  ])
    test.match(
      await database.error('select chime.trigger_event($1)', [name]),
      { code: 'CH007', detail: '{"field": "name"}' },
      name,
    );
  test.match(await database.error('select chime.trigger_event(null)'), { code: 'CH007' });
  test.equal((await raise(Array(10).fill('a').join('.'))).handler_count, 0);
  for (const payload of ['[]', '"text"', '1', 'null', JSON.stringify({ text: 'x'.repeat(262_144) })])
    test.match(await database.error("select chime.trigger_event('a', $1)", [payload]), { code: 'CH006' });
  test.hasStrict(await database.row("select payload from chime.trigger_event('a', null)"), { payload: {} });
});

t.test('events that lead to each other come to an end', async (test) => {
  const id = await handler("event => 'loop'");
  let { id: event } = await raise('loop');
  const client = await database.connect(test);
  for (let depth = 1; ; depth++) {
    const run = await database.value<string>('select id from chime.runs where event_id = $1', [event]);
    await client.query("select set_config('chime.run_id', $1, false)", [run]);
    const { rows } = await client.query("select * from chime.trigger_event('loop')");
    test.hasStrict(rows, [{ depth, cause_run_id: run }]);
    if (rows[0].handler_count === 0) break;
    event = rows[0].id;
  }
  test.equal((await answers(id)).length, 11, 'ten events that others led to');
  for (const nonsense of ['x', '', '00000000-0000-0000-0000-0000000000aa']) {
    await client.query("select set_config('chime.run_id', $1, false)", [nonsense]);
    const { rows } = await client.query("select * from chime.trigger_event('loop')");
    test.hasStrict(rows, [{ depth: 0, cause_run_id: null, handler_count: 1 }], nonsense);
  }
});

t.test('a thousand handlers of one event', async (test) => {
  await database.rows(
    "select chime.create_event_handler(event => 'many', task => 'noop', payload => format('{\"n\": %s}', n)::jsonb) from generate_series(1, 1000) n",
  );
  test.match(await database.error("select chime.create_event_handler('many', 'noop')"), {
    code: 'CH007',
    message: /has 1000 handlers already/,
  });
  const before = await jobs();
  const event = await raise('many');
  test.equal(event.handler_count, 1000);
  test.equal(await jobs(), before + 1000);
});

t.test('events are forgotten by age, but for those that something waits for', async (test) => {
  await database.rows('delete from chime.events');
  await handler("event => 'late', delay => '40 days'");
  await raise('late');
  await raise('other');
  const forget = (before: string) => database.value('select chime_private.forget_events($1, 10)', [before]);
  test.equal(await forget('2026-03-01 12:00:00Z'), 0);
  test.equal(await forget('2026-03-01 12:00:01Z'), 1);
  test.hasStrict(await database.rows('select name from chime.events'), [{ name: 'late' }]);
});
