// MCP over HTTP: the same server, identity and limits as the API.
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import t, { type Test } from 'tap';
import { jwtConfig, makeJwt, startApi } from '../support/api.ts';
import { McpClient, type Person } from '../support/mcp.ts';
import { phrase, setUpTools } from '../support/tools.ts';

const daily = { kind: 'cron', value: '0 9 * * *' };

async function connect(test: Test, url: string, token?: string, person?: Person) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  // Its types want properties that may be undefined to be there.
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
    requestInit: { headers },
  }) as Parameters<McpClient['connect']>[1];
  return new McpClient(person).connect(test, transport);
}

const message = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });
const { database } = await setUpTools(t);
const { url, call, logged } = await startApi(t, database);

const accept = { accept: 'application/json, text/event-stream' };

t.test('each acts as who signed in, within the walls', async (test) => {
  const ann = await connect(test, url, await makeJwt());
  const bob = await connect(test, url, await makeJwt({ sub: 'bob' }));
  const zoe = await connect(test, url, await makeJwt({ sub: 'zoe', tenant: 'other', role: 'admin' }));
  const reporter = await connect(test, url, await makeJwt({ sub: 'rep', role: 'reporter' }));
  const made = await ann.call('schedule_create', { cadence: daily, text: 'water the plants' });
  test.match(made, { isError: false, data: { schedule: { timezone: 'Europe/Berlin' } } });
  const { id } = made.data.schedule;
  for (const other of [bob, zoe]) {
    test.match((await other.call('schedule_search')).data.schedules, []);
    test.equal((await other.call('schedule_search')).data.schedules.length, 0);
    test.match(await other.call('schedule_control', { schedule_id: id, action: 'delete' }), {
      isError: true,
      json: { error: { code: 'CH010' } },
    });
  }
  test.match((await reporter.call('schedule_search')).data.schedules, [{ id }]);
  test.match(await reporter.call('schedule_control', { schedule_id: id, action: 'delete' }), {
    isError: true,
    json: { error: { code: 'CH042' } },
  });
  test.strictSame(await database.rows('select actor, surface from chime.schedule_revisions'), [
    { actor: 'ann', surface: 'mcp' },
  ]);
});

t.test('a client cannot be asked in between: options are answered', async (test) => {
  const ann = await connect(test, url, await makeJwt(), ({ options }) => options[0]);
  test.match((await ann.call('schedule_create', { cadence: phrase('at 8'), text: 'x' })).data, {
    status: 'ambiguous',
  });
  test.strictSame(ann.asked, []);
});

t.test('nobody gets in, and how they learn of it', async (test) => {
  await test.rejects(connect(test, url), { code: 401 });
  await test.rejects(connect(test, url, 'chime_nonsense'), { code: 401 });
  test.match(await call('POST', '/mcp', { body: message('tools/list'), headers: accept }), {
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="pgchime"', 'content-type': /problem\+json/ },
  });
});

t.test('other methods, batches, other types and nonsense are refused', async (test) => {
  const as = await makeJwt();
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
    test.match(
      await call(method, '/mcp', { as, headers: accept }),
      { status: 405, headers: { allow: 'POST' } },
      method,
    );
  const post = (body: unknown, headers: Record<string, string> = accept) =>
    call('POST', '/mcp', { as, body, headers });
  test.match(await post([message('tools/list'), message('tools/list')]), {
    status: 400,
    json: { detail: /one by one/ },
  });
  test.match(await post('{'), { status: 400 });
  test.match(await post({ hello: 1 }), { status: 400, json: { error: { code: -32700 } } });
  test.match(await post(message('tools/list'), { accept: 'application/json' }), { status: 406 });
  test.match(await post('x'.repeat(3_000_000)), { status: 413 });
  test.match(await post(message('tools/list'), { ...accept, 'content-type': 'text/plain' }), { status: 415 });
  test.match(await post({ jsonrpc: '2.0', method: 'notifications/initialized' }), { status: 202, text: '' });
  test.match(await post(message('tools/list')), {
    status: 200,
    headers: {
      'content-type': /^application\/json/,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    json: { result: { tools: { length: 7 } } },
  });
});

t.test('calls count for the limit of who signed in', async (test) => {
  const limited = await startApi(test, database, { ...jwtConfig, rateLimit: 3 });
  const as = await makeJwt();
  const list = () => limited.call('POST', '/mcp', { as, body: message('tools/list'), headers: accept });
  for (let more = 0; more < 3; more++) test.equal((await list()).status, 200);
  test.match(await list(), { status: 429, headers: { 'retry-after': /\d+/ } });
});

t.test('where nobody has to sign in, pages of others stay outside', async (test) => {
  const { url, call } = await startApi(test, database, {});
  const local = await connect(test, url);
  test.match((await local.call('schedule_preview', { cadence: daily, timezone: 'UTC' })).data, {
    status: 'preview',
  });
  test.match((await local.call('schedule_preview', { cadence: daily })).data, { status: 'timezone_needed' });
  const post = (headers: Record<string, string>) =>
    call('POST', '/mcp', { body: message('tools/list'), headers: { ...accept, ...headers } });
  test.equal((await post({ origin: 'https://evil.example' })).status, 403);
  test.equal((await post({ host: 'evil.example' })).status, 421);
  test.equal((await post({})).status, 200);
});

t.test('an error that nobody foresaw is in the log, under the id of the request', async (test) => {
  const ann = await connect(test, url, await makeJwt());
  await database.rows('alter function chime.search_schedules rename to gone');
  await test.rejects(ann.call('schedule_search'), { code: -32603, message: /log of the server/ });
  test.match(await logged(/a tool failed/), { tool: 'schedule_search', request_id: String });
});
