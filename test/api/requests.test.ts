// What the server does with requests that are none, and how much it takes.
import net from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { call: anyone, url, lines } = await startApi(t, database);
const token = await makeJwt({ role: 'admin' });
const call: typeof anyone = (method, path, options = {}) => anyone(method, path, { as: token, ...options });
const task = { task_type: 'repeated', cron_expression: '0 9 * * *', payload: { text: 'hello' } };
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withPayload = (payload: string) =>
  `{"task_type":"repeated","cron_expression":"0 9 * * *","payload":{"text":"a","more":${payload}}}`;

t.test('bodies that are none', async (test) => {
  const cases: [string, unknown, number, RegExp][] = [
    ['broken JSON', '{"task_type": ', 400, /cannot be read/],
    ['two values', '{} {}', 400, /cannot be read/],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400, /not UTF-8/],
    ['half a character', Buffer.from(JSON.stringify(task)).subarray(0, -1), 400, /cannot be read/],
    ['a prototype', '{"__proto__": {"admin": true}}', 400, /cannot be read/],
    ['a constructor', '{"constructor": {"prototype": {"admin": true}}}', 400, /cannot be read/],
    ['nothing', '', 400, /expected object, received undefined/],
    ['null', 'null', 400, /object/],
    ['deep', withPayload(nested(1000)), 400, /more than 110 levels/],
    ['very deep', withPayload(nested(500_000)), 400, /more than 110 levels/],
    ['deep, and the database says so', withPayload(nested(102)), 400, /more than 100 levels/],
    ['too large', withPayload(`"${'x'.repeat(3 * 1024 * 1024)}"`), 413, /too large/],
    ['a payload that is too large', withPayload(`"${'x'.repeat(1_200_000)}"`), 400, /at most 1 MB/],
    ['a number of a million digits', withPayload('1'.repeat(1_000_000)), 400, /number that is too large/],
    ['a number of 401 digits', withPayload('[{"a": -1e400}]'), 400, /number that is too large/],
  ];
  for (const [what, body, status, detail] of cases) {
    const reply = await call('POST', '/api/v1/tasks', { body });
    test.equal(reply.status, status, what);
    test.match(reply.json, { status, detail, type: /^urn:pgchime:problem:/, instance: /^urn:uuid:/ }, what);
    test.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8', what);
  }
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'x',
  ]) {
    const { status, json } = await call('POST', '/api/v1/tasks', {
      body: JSON.stringify(task),
      headers: { 'content-type': type },
    });
    test.match(
      [status, json.title, json.hint],
      [415, 'Unsupported media type', /content-type: application\/json/],
      type,
    );
  }
  test.strictSame(await database.rows('select id from chime.schedules'), [], 'nothing was written');
  test.equal((await call('POST', '/api/v1/tasks', { body: task })).status, 201, 'and others are served');
  test.equal(
    (
      await call('POST', '/api/v1/tasks', {
        body: task,
        headers: { 'content-type': 'application/json; charset=utf-8' },
      })
    ).status,
    201,
  );
});

t.test('a payload of one megabyte, every character of it escaped', async (test) => {
  const body = withPayload(`"${'\\n'.repeat(1_000_000 / 2)}"`);
  test.equal((await call('POST', '/api/v1/tasks', { body })).status, 201);
});

t.test('addresses that are none', async (test) => {
  const cases: [string, string, number, RegExp][] = [
    ['GET', '/', 404, /nothing at GET \/\./],
    ['GET', '/api/v1/nothing?token=secret', 404, /nothing at GET \/api\/v1\/nothing\./],
    ['GET', '/api/v2/tasks', 404, /nothing at/],
    ['GET', '/%zz', 400, /not a valid url/],
    ['GET', `/api/v1/tasks/${'x'.repeat(400)}`, 414, /./],
    ['GET', '/api/v1/tasks/7', 400, /id: /],
    ['GET', "/api/v1/tasks/'%20or%20true", 400, /id: /],
    ['GET', '/api/v1/tasks/..%2f..%2fetc', 400, /id: /],
    ['PATCH', '/api/v1/tasks', 405, /no PATCH/],
    ['DELETE', '/api/v1/runs', 405, /no DELETE/],
    ['GET', '/api/v1/events/some', 405, /no GET/],
    ['TRACE', '/api/v1/tasks', 404, /./],
  ];
  for (const [method, path, status, detail] of cases) {
    const reply = await call(method, path);
    test.match([reply.status, reply.json], [status, { status, detail }], `${method} ${path.slice(0, 40)}`);
    test.notMatch(reply.text, /secret/);
  }
  test.equal((await call('PATCH', '/api/v1/tasks')).headers.allow, 'GET, HEAD, POST');
  test.equal((await anyone('PATCH', '/api/v1/tasks')).status, 401, 'nobody is told more than that');
});

/** Sends bytes as they are; answers what comes back until the connection ends. */
async function raw(test: Test, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  test.teardown(() => socket.destroy());
  socket.write(bytes);
  return text(socket);
}

t.test('what is not HTTP', async (test) => {
  const cases: [string, RegExp][] = [
    ['hello\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/],
    [
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 [\s\S]*application\/problem\+json/,
    ],
    ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
  ];
  for (const [bytes, answer] of cases) test.match(await raw(test, bytes), answer, bytes.slice(0, 30));
  test.equal((await call('GET', '/api/v1/tasks')).status, 200, 'others are served');
});

t.test('what nobody foresaw is masked, and the log has it under the same id', async (test) => {
  const broken = await createDatabase(test);
  const api = await startApi(test, broken);
  await broken.rows('drop function chime.run_now');
  await broken.rows(
    'drop view chime.upcoming cascade; alter table chime.schedules rename column tags to labels',
  );
  const { status, json } = await api.call('GET', '/api/v1/tasks', { as: token });
  test.equal(status, 500);
  test.strictSame(Object.keys(json).sort(), ['detail', 'instance', 'status', 'title', 'type']);
  test.notMatch(JSON.stringify(json), /tags|column|select/);
  const line = await api.logged(/a request failed/);
  test.match(line, {
    level: 'error',
    route: '/api/v1/tasks',
    method: 'GET',
    err: { message: /tags/, stack: String },
  });
  test.equal(`urn:uuid:${line.request_id}`, json.instance);
  await api.server.stop();
});

t.test('the log of requests has who and what, and no secret', async (test) => {
  const query = 'api_key=sk-123456&password=hunter2';
  const { headers } = await call('GET', `/api/v1/nothing?${query}`, {
    headers: { cookie: 'session=cookie-secret' },
  });
  await call('GET', `/api/v1/tasks?size=1&${query}`);
  await anyone('GET', '/api/v1/tasks', { as: 'chime_wrongwrongwrong' });
  await call('GET', '/api/v1/tasks?size=2');
  const requests = lines.filter(({ msg }) => msg === 'request');
  test.match(
    requests.find(({ request_id }) => request_id === headers['x-request-id']),
    { level: 'debug', method: 'GET', route: null, status: 404 },
  );
  test.match(requests.at(-1), {
    route: '/api/v1/tasks',
    status: 200,
    identity: 'ann',
    tenant_id: String,
    ms: Number,
  });
  const all = JSON.stringify(lines);
  test.notMatch(all, new RegExp(`sk-123456|hunter2|cookie-secret|wrongwrongwrong|${token}`));
  test.notMatch(all, /Bearer|[?]size/);
});
