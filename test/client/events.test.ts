// Events and their handlers, from the library and from the command line.
import pg from 'pg';
import t from 'tap';
import { createChime, EventHandlerNotFoundError, InvalidArgumentError } from '../../src/index.ts';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const chime = createChime({ connectionString: database.url });
t.teardown(() => chime.close());
const { run, runJson } = commandsOn(database.url);

t.test('handlers', async (test) => {
  const input = {
    ...{ event: 'order.*', task: 'noop', filter: { big: true }, payload: { id: '{{payload.id}}' } },
    ...{ debounce: '1 minute', debounceBy: 'payload.id', key: 'orders', name: 'Orders', description: 'd' },
  };
  const created = await chime.eventHandlers.create(input);
  test.hasStrict(created, { outcome: 'created', revision: 1 });
  const handler = await chime.eventHandlers.get('orders');
  const { createdAt, updatedAt } = handler;
  test.strictSame(handler, {
    ...{ ...input, id: created.id, debounce: '00:01:00', delay: null, enabled: true, revision: 1 },
    ...{ createdAt, updatedAt, deliver: 'always', channelMappingId: null },
  });
  test.hasStrict(await chime.eventHandlers.create(input), { outcome: 'unchanged' });
  test.hasStrict(
    await chime.eventHandlers.update('orders', {
      debounce: null,
      debounceBy: null,
      filter: null,
      payload: 'x',
    }),
    { debounce: null, filter: null, payload: 'x', revision: 2 },
  );
  test.hasStrict(await chime.eventHandlers.disable('Orders'), { enabled: false });
  test.hasStrict(await chime.eventHandlers.enable(created.id), { enabled: true });
  test.hasStrict(await chime.eventHandlers.list(), [{ id: created.id }]);
  test.hasStrict(await chime.eventHandlers.delete('orders'), { id: created.id });
  test.strictSame(await chime.eventHandlers.list(), []);
  await test.rejects(chime.eventHandlers.get('orders'), EventHandlerNotFoundError);
  await test.rejects(chime.eventHandlers.create({ event: 'a b', task: 'noop' }), InvalidArgumentError);
  await test.rejects(chime.eventHandlers.create({ evnt: 'a' } as never), InvalidArgumentError);
});

t.test('events', async (test) => {
  await chime.eventHandlers.create({ event: 'a.b', task: 'noop', key: 'ab' });
  const event = await chime.events.trigger('a.b', { text: 'ünï "quoted"' });
  test.hasStrict(event, {
    name: 'a.b',
    payload: { text: 'ünï "quoted"' },
    handlerCount: 1,
    depth: 0,
    causeRunId: null,
  });
  test.ok(event.createdAt instanceof Date);
  test.hasStrict(await chime.runs.list(), [{ trigger: 'event', eventId: event.id }]);
  await chime.events.trigger('a.bc');
  await chime.events.trigger('b');
  const names = async (name?: string) =>
    (await chime.events.list(name === undefined ? {} : { name })).map((each) => each.name).sort();
  test.strictSame(await names(), ['a.b', 'a.bc', 'b']);
  test.strictSame(await names('a.b'), ['a.b']);
  test.strictSame(await names('a.*'), ['a.b', 'a.bc']);
  test.strictSame(await names('*'), ['a.b', 'a.bc', 'b']);
  await test.rejects(chime.events.trigger('chime.x'), InvalidArgumentError);
});

t.test('in a transaction of the caller', async (test) => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  test.teardown(() => client.end());
  await client.query('begin');
  const event = await chime.withTransaction(client).events.trigger('tx');
  await client.query('rollback');
  test.notOk((await chime.events.list()).some(({ id }) => id === event.id));
});

t.test('the command line', async (test) => {
  const create = ['handler', 'create', '--event', 'cli.*', '--task', 'noop', '--key', 'cli'];
  test.match(await run(...create, '--filter', '{"n": 7}', '--delay', '90 minutes'), {
    code: 0,
    stdout: /^Created .*\n.*\ncli +cli\.\* +{"n":7} +noop +1 hour 30 minutes later +yes\n$/,
  });
  test.match(await run(...create, '--debounce', '1 minute'), {
    stdout: /^Changed .*1 minute after the last/s,
  });
  test.match(await run('handler', 'disable', 'cli'), { code: 0, stdout: 'Disabled cli\n' });
  test.match(await run('handler', 'list'), { stdout: /cli\.\* .* no\n/ });
  test.match(await run('handler', 'enable', 'cli'), { stdout: 'Enabled cli\n' });
  test.match(await run('event', 'trigger', 'cli.x', '--payload', '{"n": 7}'), {
    code: 0,
    stdout: 'Raised cli.x: 1 handler\n',
  });
  test.match(await run('event', 'trigger', 'nobody'), { stdout: 'Raised nobody: 0 handlers\n' });
  test.match(await run('event', 'trigger', 'cli.x', '--payload', '[]'), { code: 2, stderr: /JSON object/ });
  test.match(await run('event', 'trigger', 'a b'), { code: 2, stderr: /not the name of an event/ });
  test.match(await run('event', 'list', '--name', 'cli.*'), { stdout: /cli\.x .*{"n":7}/ });
  test.match(await runJson('event', 'list', '--limit', '1'), { data: [{ name: 'nobody' }] });
  test.match(await run('handler', 'delete', 'cli'), { code: 0, stdout: 'Deleted cli\n' });
  test.match(await run('handler', 'delete', 'cli'), { code: 3, stderr: /no event handler "cli"/ });
});
