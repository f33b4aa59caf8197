// GraphQL as the server serves it: behind the same identity, limits and headers as REST.
import fs from 'node:fs/promises';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import t from 'tap';
import { WebSocket } from 'ws';
import { jwtConfig, makeJwt, startApi } from '../support/api.ts';
import { emptyDir } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const query = '{ schedules { nodes { name } } }';
const task = {
  task_type: 'repeated',
  cron_expression: '0 9 * * *',
  payload: { text: 'hello' },
  name: 'of Ann',
};
const [ann, bob] = [await makeJwt({ sub: 'ann' }), await makeJwt({ sub: 'bob' })];

t.test('who asks sees theirs, and is counted', async (test) => {
  const { call, lines } = await startApi(test, database, { ...jwtConfig, rateLimit: 4 });
  await call('POST', '/api/v1/tasks', { as: ann, body: task });
  const ask = (as?: string) =>
    call('POST', '/graphql', { as, body: { query, variables: { secret: 'hunter2' } } });
  test.strictSame((await ask(ann)).json.data, { schedules: { nodes: [{ name: 'of Ann' }] } });
  test.strictSame((await ask(bob)).json.data, { schedules: { nodes: [] } });
  test.match(
    [await ask(), await ask('x')],
    [
      {
        status: 401,
        json: { errors: [{ extensions: { code: 'NOT_AUTHENTICATED' } }] },
        headers: { 'www-authenticate': /^Bearer/ },
      },
      { status: 401, json: { errors: [{ extensions: { code: 'NOT_AUTHENTICATED' } }] } },
    ],
  );
  test.strictSame(
    [(await ask(ann)).status, (await ask(ann)).status, (await ask(ann)).status],
    [200, 200, 429],
    'REST and GraphQL together',
  );
  test.equal((await ask(bob)).status, 200);
  const requests = lines.filter(({ msg, route }) => msg === 'request' && route === '/graphql');
  test.match(requests[0], { method: 'POST', status: 200, identity: 'ann' });
  test.notMatch(JSON.stringify(lines), new RegExp(`hunter2|${ann}`));
});

t.test('tokens are not guessed here either', async (test) => {
  const { call } = await startApi(test, database);
  const statuses: number[] = [];
  for (let guess = 0; guess < 62; guess++)
    statuses.push((await call('POST', '/graphql', { as: `x${guess}`, body: { query } })).status);
  test.strictSame([statuses[0], statuses[59], statuses[60]], [401, 401, 429]);
});

t.test('a page to write operations on', async (test) => {
  const { call } = await startApi(test, database, { ...jwtConfig });
  const page = await call('GET', '/graphiql');
  test.match([page.status, page.headers['content-type']], [200, /^text\/html/]);
  test.match(page.headers['content-security-policy'], /script-src 'self' 'unsafe-inline'/);
  test.notMatch(page.text, /(src|href)="(https?:)?\/\//, 'nothing is loaded from elsewhere');
  const assets = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, address]) => address ?? '');
  test.ok(assets.length >= 2);
  for (const address of assets) test.equal((await call('GET', address)).status, 200, address);
  test.match(
    (await call('POST', '/graphql', { as: ann, body: { query: '{ __schema { queryType { name } } }' } }))
      .json,
    { data: { __schema: Object } },
  );
  const closed = await startApi(test, database, { ...jwtConfig, graphiql: false, introspection: false });
  test.equal((await closed.call('GET', '/graphiql')).status, 404);
  test.match(
    (
      await closed.call('POST', '/graphql', {
        as: ann,
        body: { query: '{ __schema { queryType { name } } }' },
      })
    ).json,
    { errors: [Object] },
  );
});

t.test('persisted operations alone', async (test) => {
  const dir = await emptyDir(test);
  await fs.writeFile(path.join(dir, 'mine.graphql'), query);
  const { call } = await startApi(test, database, { ...jwtConfig, persistedOperations: dir });
  const persisted = await call('POST', '/graphql', { as: ann, body: { documentId: 'mine' } });
  test.match(persisted.json, { data: { schedules: { nodes: [{ name: 'of Ann' }] } } });
  test.match((await call('POST', '/graphql', { as: ann, body: { query } })).json, { errors: [Object] });
});

t.test('subscriptions, by a token of the first message', async (test) => {
  const { url, call, server } = await startApi(test, database);
  const listen = (token: string) => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { Authorization: `Bearer ${token}` },
    });
    test.teardown(() => client.dispose());
    return client.iterate({ query: 'subscription { scheduleChanged { kind schedule { name } } }' });
  };
  await test.rejects(listen('x').next(), { code: 4401 });
  const events = listen(ann);
  test.match((await events.next()).value, { data: { scheduleChanged: { kind: 'REFETCH', schedule: null } } });
  // From then on it is told of all that happens.
  await call('POST', '/api/v1/tasks', { as: ann, body: { ...task, name: 'new', key: 'live' } });
  test.match((await events.next()).value, {
    data: { scheduleChanged: { kind: 'CHANGED', schedule: { name: 'new' } } },
  });
  const stopped = server.stop();
  await events.next().catch(() => {});
  await stopped;
});

t.test('where nobody signs in, no page of another site opens a socket', async (test) => {
  const { url, call } = await startApi(test, database, {});
  const open = (headers: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
        headers,
      });
      socket.on('open', () => {
        resolve('open');
        socket.terminate();
      });
      socket.on('error', (error) => resolve(error.message));
    });
  test.equal(await open({}), 'open');
  test.equal(await open({ origin: url }), 'open');
  test.equal(await open({ origin: 'https://evil.example' }), 'Unexpected server response: 403');
  test.equal(await open({ host: 'evil.example' }), 'Unexpected server response: 421');
  test.equal(
    (await call('POST', '/graphql', { body: { query }, headers: { origin: 'https://evil.example' } })).status,
    403,
  );
  test.equal((await call('POST', '/graphql', { body: { query } })).status, 200);
});
