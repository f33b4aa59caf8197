// Event handlers: created, changed and steered as schedules are.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { eventsOf } from '../support/events.ts';

const database = await createDatabase();
const { handler } = eventsOf(database);
await database.rows("select chime_private.register_worker(gen_random_uuid(), 'w', 'p', $1)", [
  JSON.stringify([
    { name: 'noop' },
    {
      name: 'strict',
      payload_schema: {
        type: 'object',
        properties: { n: { type: 'number' } },
        required: ['n'],
        additionalProperties: false,
      },
    },
  ]),
]);
const create = (fields: string) => database.row(`select * from chime.create_event_handler(${fields})`);
const refused = (fields: string) => database.error(`select * from chime.create_event_handler(${fields})`);
const row = (id: unknown) => database.row('select * from chime.event_handlers where id = $1', [id]);

t.test('creating', async (test) => {
  const made = await create("event => 'a.b', task => 'noop'");
  test.hasStrict(made, { outcome: 'created', revision: 1 });
  test.hasStrict(await row(made.id), {
    ...{
      key: null,
      name: 'noop',
      event: 'a.b',
      filter: null,
      payload: '{{payload}}',
      delay: null,
      debounce: null,
    },
    ...{ enabled: true, revision: 1, deleted_at: null },
  });
});

t.test('the same key again', async (test) => {
  const fields = "event => 'a', task => 'noop', key => 'k', delay => '1 day'";
  const { id } = await create(fields);
  test.hasStrict(await create(fields), { id, outcome: 'unchanged', revision: 1 });
  test.hasStrict(await create(fields.replace('1 day', '24 hours')), { id, outcome: 'changed', revision: 2 });
  await database.rows('select chime.disable_event_handler($1)', [id]);
  test.hasStrict(await create(fields), { id, outcome: 'changed', revision: 3 });
  test.hasStrict(await row(id), { enabled: false, name: 'k' }, 'it stays disabled');
  await database.rows('select chime.delete_event_handler($1)', [id]);
  const { id: other, outcome } = await create(fields);
  test.equal(outcome, 'created');
  test.not(other, id);
});

t.test('two at once with one key are one', async (test) => {
  const all = await Promise.all(
    Array.from({ length: 8 }, () => create("event => 'a', task => 'noop', key => 'race'")),
  );
  test.equal(new Set(all.map(({ id }) => id)).size, 1);
  test.equal(all.filter(({ outcome }) => outcome === 'created').length, 1);
});

t.test('what is refused, and where it is said to be wrong', async (test) => {
  const field = (name: string) => ({
    code: 'CH007',
    detail: JSON.stringify({ field: name }).replace(':', ': '),
  });
  const cases: [string, string][] = [
    ["''", 'event'],
    ['null', 'event'],
    ["'a.*.b'", 'event'],
    ["'a*'", 'event'],
    ["'*.a'", 'event'],
    ["'a', filter => '[]'", 'filter'],
    ["'a', filter => '\"x\"'", 'filter'],
    ["'a', delay => '0'", 'delay'],
    ["'a', delay => '-1 second'", 'delay'],
    ["'a', delay => '2 years'", 'delay'],
    ["'a', debounce => '0'", 'debounce'],
    ["'a', debounce => '1 minute', delay => '1 minute'", 'debounce'],
    ["'a', debounce_by => 'payload.x'", 'debounce_by'],
    ["'a', debounce => '1 minute', debounce_by => 'x'", 'debounce_by'],
    ["'a', debounce => '1 minute', debounce_by => 'payload'", 'debounce_by'],
    ["'a', name => ''", 'name'],
    ["'a', key => ''", 'key'],
    ["'a', payload => null", 'payload'],
    ["'a', payload => to_jsonb(repeat('x', 66000))", 'payload'],
    ["'a', payload => to_jsonb(repeat('{{payload}}', 101))", 'payload'],
    ["'a', payload => (repeat('[', 21) || repeat(']', 21))::jsonb", 'payload'],
    ["'a', payload => (repeat('[', 5000) || repeat(']', 5000))::jsonb", 'payload'],
  ];
  for (const [fields, name] of cases)
    test.match(await refused(`task => 'noop', event => ${fields}`), field(name), fields);
  await create("task => 'noop', event => 'deep', payload => (repeat('[', 20) || repeat(']', 20))::jsonb");
  test.match(await refused("task => 'nobody', event => 'a'"), { code: 'CH005', hint: /noop, strict/ });
  test.match(await refused("task => 'No', event => 'a'"), { code: 'CH005' });
  test.match(await refused("task => 'strict', event => 'a', payload => '{}'"), { code: 'CH006' });
  await create("task => 'strict', event => 'a', payload => '{\"n\": 1}'");
  await create("task => 'strict', event => 'a', payload => '{\"n\": \"{{payload.n}}\"}'");
});

t.test('updating', async (test) => {
  const id = await handler(
    "event => 'u', key => 'u', filter => '{\"x\": 1}', debounce => '1 minute', debounce_by => 'payload.x'",
  );
  const update = (patch: unknown, revision: number | null = null) =>
    database.row('select * from chime.update_event_handler($1, $2, $3)', [
      id,
      JSON.stringify(patch),
      revision,
    ]);
  const error = (patch: unknown, revision: number | null = null) =>
    database.error('select * from chime.update_event_handler($1, $2, $3)', [
      id,
      JSON.stringify(patch),
      revision,
    ]);
  test.hasStrict(await update({ event: 'u.*', filter: null }, 1), {
    event: 'u.*',
    filter: null,
    revision: 2,
    key: 'u',
  });
  test.hasStrict(await update({ debounce: null, debounce_by: null, delay: '5 minutes' }), {
    debounce: null,
    revision: 3,
  });
  test.hasStrict(await update({ delay: '5 minutes' }), { revision: 3 }, 'no change');
  test.hasStrict(await update({ payload: { a: 1 } }), { payload: { a: 1 } });
  test.hasStrict(await update({ payload: null, name: null }), { payload: '{{payload}}', name: 'u' });
  test.match(await error({ delay: 'soon' }), { code: 'CH007', detail: '{"field": "delay"}' });
  test.match(await error({ enabled: false }), { code: 'CH007', detail: '{"field": "enabled"}' });
  test.match(await error([]), { code: 'CH007' });
  test.match(await error({ name: 'x' }, 1), { code: 'CH012', detail: '{"revision": 5}' });
  await handler("event => 'u', key => 'taken'");
  test.match(await error({ key: 'taken' }), { code: 'CH007', message: /Another event handler/ });
});

t.test('finding', async (test) => {
  const id = await handler("event => 'x', key => 'find', name => 'both'");
  const other = await handler("event => 'x', key => 'both', name => 'other'");
  const find = async (reference: string) =>
    (await database.row('select id from chime.find_event_handler($1)', [reference])).id;
  test.equal(await find('find'), id);
  test.equal(await find(id.toUpperCase()), id);
  test.equal(await find('both'), other, 'a key says more than a name');
  await handler("event => 'x', name => 'other'");
  test.match(await database.error("select chime.find_event_handler('other')"), {
    code: 'CH014',
    message: /2 event handlers/,
  });
  for (const call of [
    'find_event_handler($1)',
    'delete_event_handler($1::uuid)',
    'enable_event_handler($1::uuid)',
    "update_event_handler($1::uuid, '{}')",
  ])
    test.match(
      await database.error(`select chime.${call}`, ['00000000-0000-0000-0000-0000000000aa']),
      { code: 'CH014' },
      call,
    );
});
