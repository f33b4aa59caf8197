// What pages of browsers may do: nothing where nobody said so, and nothing at all across sites where nobody has to sign in.
import t from 'tap';
import { jwtConfig, makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const task = { task_type: 'repeated', cron_expression: '0 9 * * *', payload: { text: 'hello' } };
const count = () => database.value<number>('select count(*)::integer from chime.schedules');

t.test('nobody has to sign in: everybody on this machine is the administrator', async (test) => {
  const { call, url } = await startApi(test, database, {});
  const { status, json } = await call('POST', '/api/v1/tasks', { body: task });
  test.equal(status, 201);
  test.strictSame(
    await database.row(
      'select r.actor, r.surface, s.owner_id, t.name as tenant from chime.schedule_revisions r join chime.schedules s on s.id = r.schedule_id join chime.tenants t on t.id = s.tenant_id where s.id = $1',
      [json.id],
    ),
    { actor: 'local', surface: 'rest', owner_id: null, tenant: 'default' },
  );
  test.equal((await call('GET', '/favicon.ico')).status, 204, 'no page has one, and none is missed');
  const wrong = await call('GET', '/api/v1/tasks', { as: await makeJwt() });
  test.equal(wrong.status, 401, 'a token that is not taken is refused all the same');
  const { secret } = await database.row<{ secret: string }>(
    "select secret from chime.create_api_token(name => 'r', role => 'reporter')",
  );
  test.equal(
    (await call('POST', '/api/v1/tasks', { as: secret, body: task })).status,
    403,
    'and one that is, counts',
  );

  const { host, port } = new URL(url);
  const own = `http://${host}`;
  const before = await count();
  const refused: [number, Record<string, string>][] = [
    // DNS rebinding: a page whose name was made to mean this machine.
    [421, { host: `evil.example:${port}` }],
    [421, { host: `localhost.evil.example:${port}` }],
    [421, { host: `127.0.0.1.evil.example:${port}` }],
    [421, { host: '0.0.0.0' }],
    [421, { host: '169.254.169.254' }],
    [421, { host: 'localhost@evil.example' }],
    [
      421,
      {
        host: `evil.example:${port}`,
        origin: `http://evil.example:${port}`,
        'sec-fetch-site': 'same-origin',
      },
    ],
    // Requests across sites.
    [403, { origin: 'https://evil.example' }],
    [403, { origin: 'null' }],
    [403, { origin: `http://localhost:${Number(port) + 1}` }],
    [403, { origin: `https://${host}` }],
    [403, { origin: own.toUpperCase() }],
    [403, { 'sec-fetch-site': 'cross-site' }],
    [403, { 'sec-fetch-site': 'same-site' }],
    [403, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
  ];
  for (const [status, headers] of refused) {
    const reply = await call('POST', '/api/v1/tasks', { body: task, headers });
    test.match([reply.status, reply.json], [status, { status, hint: String }], JSON.stringify(headers));
    test.equal(reply.headers['access-control-allow-origin'], undefined);
  }
  const simple = await call('POST', '/api/v1/tasks', {
    body: JSON.stringify(task),
    headers: { 'content-type': 'text/plain' },
  });
  test.equal(simple.status, 415, 'nor does a form that looks like JSON');
  test.equal(await count(), before, 'nothing was written');
  test.equal(
    (
      await call('GET', '/api/v1/tasks', {
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      })
    ).status,
    403,
  );

  const taken: Record<string, string>[] = [
    { host: `localhost:${port}`, origin: `http://localhost:${port}` },
    { host: `127.0.0.1:${port}` },
    { host: `[::1]:${port}` },
    { origin: own, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ];
  for (const headers of taken)
    test.equal((await call('GET', '/api/v1/tasks', { headers })).status, 200, JSON.stringify(headers));
});

t.test('CORS is closed until origins are named', async (test) => {
  const headers = { origin: 'https://app.example' };
  const preflight = {
    ...headers,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'authorization,content-type,if-match',
  };
  const as = await makeJwt();
  const closed = await startApi(test, database);
  const reply = await closed.call('GET', '/api/v1/tasks', { as, headers });
  test.equal(reply.status, 200, 'a token is no secret of a browser');
  test.equal(reply.headers['access-control-allow-origin'], undefined, 'but the page does not get to read it');
  test.equal(
    (await closed.call('OPTIONS', '/api/v1/tasks', { headers: preflight })).headers[
      'access-control-allow-methods'
    ],
    undefined,
  );
  await closed.server.stop();

  for (const local of [false, true]) {
    const corsOrigins = 'https://app.example,https://other.example';
    const open = await startApi(test, database, { ...(local ? {} : jwtConfig), corsOrigins });
    const token = local ? {} : { as };
    const named = await open.call('GET', '/api/v1/tasks', { ...token, headers });
    test.match([named.status, named.headers['access-control-allow-origin']], [200, 'https://app.example']);
    test.match(named.headers['access-control-expose-headers'], /ETag/);
    test.equal(named.headers['access-control-allow-credentials'], undefined, 'and never with cookies');
    const asked = await open.call('OPTIONS', '/api/v1/tasks/x', { headers: preflight });
    test.match(asked.headers, {
      'access-control-allow-methods': /PUT/,
      'access-control-allow-headers': /if-match/,
    });
    const refused = await open.call('GET', '/api/v1/tasks', {
      ...token,
      headers: { origin: 'https://evil.example' },
    });
    test.equal(refused.headers['access-control-allow-origin'], undefined);
    test.equal(refused.status, local ? 403 : 200);
    const failed = await open.call('GET', '/api/v1/nothing', { headers });
    test.equal(
      failed.headers['access-control-allow-origin'],
      'https://app.example',
      'errors can be read, too',
    );
    await open.server.stop();
  }
});

t.test('headers that protect', async (test) => {
  const { call } = await startApi(test, database);
  const as = await makeJwt();
  for (const [path, options] of [
    ['/api/v1/tasks', { as }],
    ['/api/v1/tasks', {}],
    ['/nothing', {}],
    ['/healthz', {}],
  ] as const) {
    const { headers } = await call('GET', path, options);
    test.match(
      headers,
      {
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'strict-transport-security': /max-age/,
      },
      path,
    );
    test.equal(headers['x-powered-by'], undefined);
    test.equal(headers.server, undefined);
  }
});
