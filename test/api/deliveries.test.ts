// Where output goes, and the inbox, by REST.
import t from 'tap';
import { registerChannels } from '../../src/db/delivery_calls.ts';
import { makeJwt, startApi } from '../support/api.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as as actingAs, defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('send_message', now(), now()), ('noop', now(), now())",
);
const { call } = await startApi(t, database);
const as = await makeJwt({ sub: 'ann' });
const ann = await person(database, defaultTenant, 'ann');
await registerChannels(database.pool, [channelOf('web'), channelOf('webhook')]);
const { sendAll } = deliveriesOf(database);
const task = {
  task_type: 'repeated',
  cron_expression: '0 0 1 1 *',
  payload: { text: 'hello' },
  name: 'Report',
};
const nothing = '00000000-0000-7000-8000-000000000000';

/** Runs a task, to this end; answers the id of the run. */
async function end(id: string, output: string): Promise<string> {
  const { json } = await call('POST', `/api/v1/tasks/${id}/run`, { as });
  await attemptsOf(database).attempt(json.id, { output });
  return json.id;
}

t.test('a task says where its output goes', async (test) => {
  const created = await call('POST', '/api/v1/tasks', { as, body: task });
  test.match([created.status, created.json], [201, { deliver: 'always', channel_mapping_id: null }]);
  const { id } = created.json;
  const [webhook] = await actingAs<{ id: string }>(
    database,
    ann,
    "select id from chime.create_webhook('https://example.com/')",
  );
  const mapping = webhook?.id;
  const put = (fields: object) => call('PUT', `/api/v1/tasks/${id}`, { as, body: { ...task, ...fields } });
  const told = { deliver: 'on_failure', channel_mapping_id: mapping };
  test.match(await put(told), { status: 200, json: told });
  test.match(
    await put({ name: 'Other' }),
    { status: 200, json: { name: 'Other', ...told } },
    'left out, it stays',
  );
  test.match((await put({ channel_mapping_id: null })).json, {
    deliver: 'on_failure',
    channel_mapping_id: null,
  });
  test.match(await put({ deliver: 'sometimes' }), { status: 400, json: { errors: [{ path: 'deliver' }] } });
  test.match(await put({ channel_mapping_id: nothing }), { status: 404, json: { code: 'CH018' } });
  const other = await call('POST', '/api/v1/tasks', { as, body: { ...task, ...told } });
  test.match([other.status, other.json], [201, told]);
});

t.test('what became of the output of a run', async (test) => {
  const { json } = await call('POST', '/api/v1/tasks', { as, body: task });
  const run = await end(json.id, 'all is well');
  const deliveries = () => call('GET', `/api/v1/runs/${run}/deliveries`, { as });
  test.match((await deliveries()).json.items, [
    {
      run_id: run,
      task_id: json.id,
      channel_id: 'web',
      status: 'pending',
      external_id: null,
      finished_at: null,
    },
  ]);
  await sendAll(['web']);
  test.match((await deliveries()).json, {
    ...{ total: 1, page: 1 },
    items: [{ status: 'sent', attempt: 1, external_id: 'm1', finished_at: /^\d{4}-/ }],
  });
  test.equal((await call('GET', `/api/v1/runs/${nothing}/deliveries`, { as })).status, 404);
});

t.test('the inbox', async (test) => {
  const { json } = await call('POST', '/api/v1/tasks', { as, body: task });
  for (const output of ['one', 'two']) {
    await end(json.id, output);
    await sendAll(['web']);
  }
  const inbox = async (query = '') => (await call('GET', `/api/v1/inbox${query}`, { as })).json;
  const { items, total } = await inbox('?unread=true&size=2');
  test.equal(total, 3);
  test.match(items, [
    { text: 'two', task_id: json.id, task_name: 'Report', run_status: 'succeeded', read_at: null },
    { text: 'one' },
  ]);
  const read = (body?: object) =>
    call('POST', '/api/v1/inbox/read', { as, ...(body === undefined ? {} : { body }) });
  test.match(await read({ ids: [items[0].id] }), { status: 200, json: { read_count: 1 } });
  test.strictSame((await read({ ids: [] })).json, { read_count: 0 }, 'none is none, and not all');
  test.strictSame((await inbox('?unread=true')).total, 2);
  test.match((await inbox()).items[0], { text: 'two', read_at: /^\d{4}-/ });
  test.strictSame((await read()).json, { read_count: 2 });
  test.strictSame([(await inbox('?unread=true')).total, (await inbox()).total], [0, 3]);
  test.match(await read({ id: items[0].id }), { status: 400 });
});
