// How many requests, and how many wrong tokens, one may send.
import t from 'tap';
import { jwtConfig, makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const [ann, bob] = [await makeJwt({ sub: 'ann' }), await makeJwt({ sub: 'bob' })];

t.test('each identity has its own', async (test) => {
  const { call } = await startApi(test, database, { ...jwtConfig, rateLimit: 3 });
  const get = (as: string) => call('GET', '/api/v1/tasks', { as });
  const first = await get(ann);
  test.match(first.headers, {
    'ratelimit-limit': '3',
    'ratelimit-remaining': '2',
    'ratelimit-reset': /^\d+$/,
  });
  test.match([(await get(ann)).status, (await get(ann)).status], [200, 200]);
  const over = await get(ann);
  test.match(
    [over.status, over.json, over.headers],
    [
      429,
      { type: 'urn:pgchime:problem:too-many-requests', status: 429, hint: /^Try again in \d+ seconds?\.$/ },
      { 'retry-after': /^\d+$/, 'ratelimit-remaining': '0' },
    ],
  );
  test.equal(
    (await call('POST', '/api/v1/events/x', { as: ann, body: {} })).status,
    429,
    'whatever is asked for',
  );
  test.equal(await database.value('select count(*)::integer from chime.events'), 0);
  test.equal(
    (await get(await makeJwt({ sub: 'ann', exp: Math.floor(Date.now() / 1000) + 200 }))).status,
    429,
    'another token of the same person',
  );
  test.equal((await get(bob)).status, 200, 'somebody else is served');
  test.equal((await call('GET', '/healthz')).status, 200, 'and so is a supervisor');
});

t.test('what is for nobody in particular counts by address, also what is not there', async (test) => {
  const { call } = await startApi(test, database, { ...jwtConfig, rateLimit: 2 });
  test.strictSame(
    [
      (await call('GET', '/nothing')).status,
      (await call('GET', '/api/openapi.json')).status,
      (await call('GET', '/nothing')).status,
    ],
    [404, 200, 429],
  );
  test.equal(
    (await call('GET', '/api/v1/tasks', { as: ann })).status,
    200,
    'who signs in is counted for themselves',
  );
});

t.test('no limit', async (test) => {
  const { call } = await startApi(test, database, { ...jwtConfig, rateLimit: 0 });
  const { status, headers } = await call('GET', '/api/v1/tasks', { as: ann });
  test.match([status, headers['ratelimit-limit']], [200, undefined]);
});

t.test('tokens are not guessed', async (test) => {
  const { call, lines } = await startApi(test, database);
  const statuses: number[] = [];
  for (let guess = 0; guess < 70; guess++) {
    statuses.push((await call('GET', '/api/v1/tasks', { as: `chime_${guess}` })).status);
  }
  test.strictSame(
    [
      statuses.slice(0, 60).every((status) => status === 401),
      statuses.slice(60).every((status) => status === 429),
    ],
    [true, true],
  );
  const good = await call('GET', '/api/v1/tasks', { as: ann });
  test.match([good.status, good.headers['retry-after']], [429, /^\d+$/], 'nor is one looked at then');
  test.equal((await call('GET', '/healthz')).status, 200);
  test.ok(
    lines.every(({ level }) => level === 'debug'),
    'nor does that fill the log',
  );
});

t.test('who was known before goes on while another guesses from the same address', async (test) => {
  const { call } = await startApi(test, database);
  test.equal((await call('GET', '/api/v1/tasks', { as: ann })).status, 200);
  for (let guess = 0; guess < 61; guess++) await call('GET', '/api/v1/tasks', { as: 'x' });
  test.equal((await call('GET', '/api/v1/tasks', { as: bob })).status, 429);
  test.equal((await call('GET', '/api/v1/tasks', { as: ann })).status, 200);
});

t.test('addresses are believed from proxies that are named, and from nobody else', async (test) => {
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  const open = await startApi(test, database, { ...jwtConfig, rateLimit: 1 });
  test.equal((await open.call('GET', '/nothing', from('203.0.113.1'))).status, 404);
  test.equal((await open.call('GET', '/nothing', from('203.0.113.2'))).status, 429, 'anybody can write that');
  await open.server.stop();
  const behind = await startApi(test, database, { ...jwtConfig, rateLimit: 1, trustProxy: '127.0.0.0/8' });
  test.equal((await behind.call('GET', '/nothing', from('203.0.113.1'))).status, 404);
  test.equal((await behind.call('GET', '/nothing', from('203.0.113.2'))).status, 404);
  test.equal(
    (await behind.call('GET', '/nothing', from('198.51.100.9, 203.0.113.2'))).status,
    429,
    'what the client itself wrote counts for nothing',
  );
  test.equal((await behind.call('GET', '/nothing', from('2001:db8::1'))).status, 404);
  test.equal(
    (await behind.call('GET', '/nothing', from('2001:db8::2'))).status,
    429,
    'a client has a network of IPv6',
  );
});
