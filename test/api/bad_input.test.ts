// What is wrong, broken or far too much, over real connections: a clear answer, nothing written, and others are served meanwhile.
import { on, once } from 'node:events';
import { generateKeyPair } from 'jose';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { type CallOptions, makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';
import { rowsWhere } from '../support/everything.ts';

const database = await createDatabase();
await database.rows(
  "select chime_private.register_worker(gen_random_uuid(), 'w', 'p', '[{\"name\": \"noop\"}]')",
);
const { call, url, lines, server } = await startApi(t, database);
const admin = await makeJwt({ sub: 'ada', role: 'admin' });
const somebody = await makeJwt({ sub: 'ann' });
for (const as of [admin, somebody]) await call('GET', '/api/v1/tasks', { as });
const schedule = await database.value<string>(
  "select id from chime.create_schedule(task => 'noop', every => '1 hour')",
);

/** Does what is bad, and while it is dealt with, serves somebody else; nothing is written, and nothing is a defect. */
async function meanwhile<T>(test: Test, what: string, work: () => Promise<T>): Promise<T> {
  const before = await rowsWhere(database);
  const [result, ...others] = await Promise.all([
    work(),
    call('GET', '/api/v1/tasks', { as: somebody }),
    call('POST', '/graphql', { as: somebody, body: { query: '{ schedules { nodes { id } } }' } }),
  ]);
  for (const { status } of others) test.equal(status, 200, `${what}: others are served`);
  test.strictSame(await rowsWhere(database), before, `${what}: nothing is written`);
  test.strictSame(
    lines.filter(({ level }) => level === 'error'),
    [],
    `${what}: no defect`,
  );
  return result;
}

const create = 'createSchedule(input: { task: "noop", cron: "0 9 1 1 *" }) { schedule { id } }';
const braces = (depth: number) =>
  `{ runs { nodes ${'{ retriedRun '.repeat(depth)} { id } ${'}'.repeat(depth)} } }`;
const ring = (size: number) =>
  Array.from({ length: size }, (_each, n) => `fragment f${n} on Schedule { ...f${(n + 1) % size} }`).join(
    ' ',
  );
const lists = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Operations that are refused, and what is said of them. */
const operations: [string, string, RegExp][] = [
  [
    '10,000 aliases',
    `mutation { ${Array.from({ length: 1000 }, (_each, n) => `a${n}: ${create}`).join(' ')} }`,
    /more than 50 aliases/,
  ],
  [
    '10,000 aliases of a query',
    `{ ${Array.from({ length: 10_000 }, (_each, n) => `a${n}:__typename`).join(' ')} }`,
    /more than 50 aliases|too large/i,
  ],
  ['depth 100', `mutation { ${create} } query x ${braces(98)}`, /depth|operation/i],
  ['depth 100, of a query', braces(98), /depth/i],
  ['a fragment in itself', `{ schedules { nodes { ...f0 } } } ${ring(1)}`, /Cannot spread fragment/],
  ['fragments in a ring of two', `{ schedules { nodes { ...f0 } } } ${ring(2)}`, /Cannot spread fragment/],
  [
    'fragments in a ring of 1,000',
    `{ schedules { nodes { ...f0 } } } ${ring(1000)}`,
    /Cannot spread fragment|depth/i,
  ],
  ['braces that never end', '{ schedules '.repeat(5000), /more than 150 levels deep/],
  [
    'a value of 10,000 lists',
    `mutation { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", payload: ${lists(10_000)} }) { outcome } }`,
    /nested|depth|levels|deep/i,
  ],
  ['not GraphQL', 'select * from chime.schedules', /Syntax Error/],
  ['nothing', '', /./],
  [
    'an unknown field',
    'mutation { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", tenantId: "x" }) { outcome } }',
    /tenantId/,
  ],
  ['an unknown field of an answer', `mutation { ${create.replace('{ id }', '{ secret }')} }`, /secret/],
  [
    'a wrong type',
    'mutation { createSchedule(input: { task: 7, cron: "0 9 1 1 *" }) { outcome } }',
    /String cannot represent/,
  ],
  [
    'a wrong value of an enum',
    'mutation { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", overlap: NEVER }) { outcome } }',
    /NEVER/,
  ],
  [
    'a number that is none',
    'mutation { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", maxRuns: 1e400 }) { outcome } }',
    /Int cannot represent/,
  ],
  ['something left out', 'mutation { createSchedule(input: { cron: "0 9 1 1 *" }) { outcome } }', /task/],
  ['two operations and no name', `mutation a { ${create} } mutation b { ${create} }`, /operation/i],
  ['an id that is none', 'mutation { runNow(input: { scheduleId: "1 or true" }) { run { id } } }', /UUID/],
  [
    'a character that cannot be stored',
    'mutation { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", name: "a\\u0000b" }) { outcome } }',
    /cannot store/,
  ],
];

t.test('operations over HTTP', async (test) => {
  for (const [what, query, said] of operations) {
    const reply = await meanwhile(test, what, () => call('POST', '/graphql', { as: admin, body: { query } }));
    test.ok(reply.status === 200 || (reply.status >= 400 && reply.status < 500), `${what}: ${reply.status}`);
    const text = reply.json?.errors === undefined ? JSON.stringify(reply.json) : reply.json.errors[0].message;
    test.match(text, said, what);
    test.notMatch(reply.text, /node_modules|\.ts:\d|at [A-Za-z.]+ \(/, `${what}: no stack`);
    if (reply.json?.data) test.strictSame(Object.values(reply.json.data), [null], what);
  }
});

t.test('bodies of GraphQL that are none', async (test) => {
  const query = `mutation { ${create} }`;
  const cases: [string, CallOptions][] = [
    ['broken JSON', { body: '{"query": "' }],
    [
      'broken UTF-8',
      { body: Buffer.from([...Buffer.from('{"query":"{ __typename }","x":"'), 0xff, 0xfe, 0x22, 0x7d]) },
    ],
    [
      'half a character',
      {
        body: Buffer.concat([
          Buffer.from('{"query":"mutation { deleteSchedule(input: {scheduleId: \\"'),
          Buffer.from([0xe2, 0x82]),
        ]),
      },
    ],
    ['oversize', { body: { query: `${query} # ${'x'.repeat(3_000_000)}` } }],
    ['larger than a document may be', { body: { query: `${query} # ${'x'.repeat(150_000)}` } }],
    ['a list of operations', { body: [{ query }, { query }] }],
    ['a query that is a number', { body: { query: 7 } }],
    ['null', { body: 'null' }],
    [
      'variables that are text',
      { body: { query: 'query ($n: Int) { schedules(first: $n) { nodes { id } } }', variables: 'x' } },
    ],
    [
      'a variable of the wrong type',
      { body: { query: 'query ($n: Int) { schedules(first: $n) { nodes { id } } }', variables: { n: 'x' } } },
    ],
    [
      'variables 10,000 levels deep',
      { body: `{"query":"query ($p: JSON) { __typename }","variables":{"p":${lists(10_000)}}}` },
    ],
    ['a prototype', { body: '{"query":"{ __typename }","__proto__":{"admin":true}}' }],
    [
      'a form',
      {
        body: `query=${encodeURIComponent(query)}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ],
    ['plain text', { body: JSON.stringify({ query }), headers: { 'content-type': 'text/plain' } }],
    ['compressed', { body: JSON.stringify({ query }), headers: { 'content-encoding': 'gzip' } }],
  ];
  for (const [what, options] of cases) {
    const reply = await meanwhile(test, what, () => call('POST', '/graphql', { as: admin, ...options }));
    test.ok(
      reply.status >= 400 && reply.status < 500,
      `${what}: ${reply.status} ${reply.text.slice(0, 200)}`,
    );
    test.match(reply.json?.detail ?? reply.json?.errors?.[0]?.message, /./, `${what}: says what is wrong`);
    test.notMatch(reply.text, /node_modules|\.ts:\d|at [A-Za-z.]+ \(/, `${what}: no stack`);
  }
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const path = `/graphql?query=${encodeURIComponent(query)}`;
    const { status } = await meanwhile(test, method, () => call(method, path, { as: admin }));
    test.ok(status === 404 || status === 405, `${method}: ${status}`);
  }
});

/** A WebSocket on which nothing was said yet. */
async function open(test: Test) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  test.teardown(() => socket.terminate());
  await once(socket, 'open');
  const messages = on(socket, 'message');
  const next = async () => JSON.parse(String((await messages.next()).value[0]));
  const say = (message: unknown) =>
    socket.send(
      typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message),
    );
  const closed = once(socket, 'close').then(([code]) => code as number);
  return {
    ...{ socket, next, say, closed },
    async signIn() {
      const answer = next();
      say({ type: 'connection_init', payload: { authorization: `Bearer ${admin}` } });
      test.equal((await answer).type, 'connection_ack');
    },
  };
}

t.test('operations over a WebSocket', async (test) => {
  const { next, say, signIn, socket } = await open(test);
  await signIn();
  for (const [what, query, said] of operations.filter(([, text]) => text.length < 90_000)) {
    const answer = await meanwhile(test, what, () => {
      const answered = next();
      say({ id: 'x', type: 'subscribe', payload: { query } });
      return answered;
    });
    const errors = answer.type === 'error' ? answer.payload : answer.payload.errors;
    test.match(errors?.[0]?.message, said, `${what} ${JSON.stringify(answer).slice(0, 200)}`);
    if (answer.type === 'next') test.equal((await next()).type, 'complete');
  }
  const answer = await meanwhile(test, 'deep variables', () => {
    const query =
      'mutation ($p: JSON) { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", payload: $p }) { outcome } }';
    say(
      `{"id":"x","type":"subscribe","payload":{"query":${JSON.stringify(query)},"variables":{"p":${lists(40_000)}}}}`,
    );
    return next();
  });
  test.match(answer, { type: 'error', payload: [{ message: /variables is nested more than 110 levels/ }] });
  test.equal(socket.readyState, WebSocket.OPEN, 'the connection is of use all the same');
});

t.test('messages of a WebSocket that are none', async (test) => {
  const cases: [string, string | Uint8Array, number][] = [
    ['no JSON', 'hello', 4400],
    ['no message', '{"type": "launch"}', 4400],
    ['a list', '[1]', 4400],
    ['deep', lists(20_000), 4400],
    [
      'an operation before who asks',
      JSON.stringify({ id: 'x', type: 'subscribe', payload: { query: `mutation { ${create} }` } }),
      4401,
    ],
    ['too large', JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(200_000) } }), 1009],
  ];
  for (const [what, message, code] of cases) {
    const found = await meanwhile(test, what, async () => {
      const { say, closed } = await open(test);
      say(message);
      return closed;
    });
    test.equal(found, code, what);
  }
  const broken = await meanwhile(test, 'broken UTF-8', async () => {
    const { socket, closed } = await open(test);
    socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false });
    return closed;
  });
  test.equal(broken, 1007);
});

t.test('tokens that are none, on every surface', async (test) => {
  const now = Math.floor(Date.now() / 1000);
  const { privateKey } = await generateKeyPair('RS256');
  const [head, body] = admin.split('.') as [string, string];
  const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  const tokens: [string, string][] = [
    ['expired', await makeJwt({ role: 'admin', iat: now - 600, exp: now - 300 })],
    ['unsigned', `${unsigned}.${body}.`],
    ['without its signature', `${head}.${body}.`],
    [
      'signed with another secret',
      await makeJwt(
        { role: 'admin' },
        { key: new TextEncoder().encode('another secret that is as long as it has to be') },
      ),
    ],
    [
      'signed with a key of another kind',
      await makeJwt({ role: 'admin' }, { key: privateKey, header: { alg: 'RS256' } }),
    ],
    ['for another audience', await makeJwt({ role: 'admin', aud: 'another' })],
    ['of another issuer', await makeJwt({ role: 'admin', iss: 'https://evil.example' })],
    ['of a role that there is not', await makeJwt({ role: 'superuser' })],
    ['of a tenant that there is not', await makeJwt({ role: 'admin', tenant: 'nowhere' })],
    ['an API token that was never made', `chime_${'x'.repeat(43)}`],
  ];
  const words = new Set<string>();
  for (const [what, as] of tokens) {
    await meanwhile(test, what, async () => {
      const rest = await call('DELETE', `/api/v1/tasks/${schedule}`, { as });
      test.match([rest.status, rest.json.code], [401, 'CH041'], what);
      const graphql = await call('POST', '/graphql', { as, body: { query: `mutation { ${create} }` } });
      test.match([graphql.status, graphql.json.errors[0].extensions.code], [401, 'NOT_AUTHENTICATED'], what);
      test.equal((await call('GET', '/metrics', { as })).status, 401, what);
      const { say, closed } = await open(test);
      say({ type: 'connection_init', payload: { authorization: `Bearer ${as}` } });
      test.equal(await closed, 4401, what);
      words.add(`${rest.json.detail} ${graphql.json.errors[0].message}`);
    });
  }
  test.equal(words.size, 1, 'and none is told which');
});

t.teardown(() => server.stop());
