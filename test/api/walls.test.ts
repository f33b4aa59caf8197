// Two tenants, their users, administrators and reporters, and nobody: who sees and does what by REST.
import { createHash } from 'node:crypto';
import t from 'tap';
import { Identifier } from '../../src/api/auth/identify.ts';
import { registerChannels } from '../../src/db/delivery_calls.ts';
import { type Call, makeJwt, startApi } from '../support/api.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { captureLog } from '../support/log.ts';

const database = await createDatabase();
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('send_message', now(), now()), ('noop', now(), now())",
);
await database.rows("select chime.create_tenant('other')");
const { call, url, lines } = await startApi(t, database);
const people = {
  ann: await makeJwt({ sub: 'ann' }),
  bob: await makeJwt({ sub: 'bob' }),
  admin: await makeJwt({ sub: 'ada', role: 'admin' }),
  reporter: await makeJwt({ sub: 'rob', role: 'reporter' }),
  foreigner: await makeJwt({ tenant: 'other', sub: 'ann' }),
  foreignAdmin: await makeJwt({ tenant: 'other', sub: 'ada', role: 'admin' }),
  foreignReporter: await makeJwt({ tenant: 'other', sub: 'rob', role: 'reporter' }),
};
type Person = keyof typeof people;
const as =
  (person: Person): Call =>
  (method, path, options = {}) =>
    call(method, path, { as: people[person], ...options });

const task = { task_type: 'repeated', cron_expression: '0 9 * * *', payload: { text: 'hello' } };
const mine = (await as('ann')('POST', '/api/v1/tasks', { body: { ...task, name: 'of Ann', key: 'k' } })).json;
const run = (await as('ann')('POST', `/api/v1/tasks/${mine.id}/run`)).json;
await as('ann')('POST', '/api/v1/events/of.ann', { body: {} });
const tenants = (await as('admin')('POST', '/api/v1/tasks', { body: { ...task, name: 'of the tenant' } }))
  .json;

// Hers has ended, and is in her inbox.
await registerChannels(database.pool, [channelOf('web')]);
await attemptsOf(database).attempt(run.id, { output: 'done' });
await deliveriesOf(database).sendAll(['web']);

t.test('who sees what', async (test) => {
  const names = async (person: Person) => {
    const { json } = await as(person)('GET', '/api/v1/tasks');
    test.equal(json.total, json.items.length, `${person}: the total counts what is seen`);
    return json.items.map(({ name }: { name: string }) => name).sort();
  };
  test.strictSame(await names('ann'), ['of Ann']);
  test.strictSame(await names('bob'), []);
  test.strictSame(await names('admin'), ['of Ann', 'of the tenant']);
  test.strictSame(await names('reporter'), ['of Ann', 'of the tenant']);
  for (const person of ['foreigner', 'foreignAdmin', 'foreignReporter'] as const)
    test.strictSame(await names(person), [], person);
  const count = async (person: Person, path: string) => (await as(person)('GET', path)).json.total;
  for (const path of ['/api/v1/runs', '/api/v1/events']) {
    test.strictSame(
      await Promise.all(
        (['ann', 'bob', 'admin', 'reporter', 'foreigner', 'foreignAdmin', 'foreignReporter'] as const).map(
          (person) => count(person, path),
        ),
      ),
      [1, 0, 1, 1, 0, 0, 0],
      path,
    );
  }
  const filtered = await as('foreignAdmin')('GET', `/api/v1/runs?task_id=${mine.id}`);
  test.strictSame([filtered.status, filtered.json.total], [200, 0]);
});

t.test('an inbox is seen by whose it is', async (test) => {
  const inboxes = await Promise.all(
    (['ann', 'bob', 'admin', 'reporter', 'foreigner', 'foreignAdmin', 'foreignReporter'] as const).map(
      async (person) => (await as(person)('GET', '/api/v1/inbox?unread=true')).json.total,
    ),
  );
  test.strictSame(inboxes, [1, 0, 0, 0, 0, 0, 0]);
  const deliveries = await Promise.all(
    (['ann', 'admin', 'reporter'] as const).map(
      async (person) => (await as(person)('GET', `/api/v1/runs/${run.id}/deliveries`)).json.total,
    ),
  );
  test.strictSame(deliveries, [1, 1, 1]);
  for (const person of ['bob', 'admin', 'foreigner'] as const)
    test.strictSame((await as(person)('POST', '/api/v1/inbox/read')).json, { read_count: 0 }, person);
});

/** Every operation of the document, with the ids of this task and run put in. */
async function operations(taskId: string, runId: string) {
  const { json } = await call('GET', '/api/openapi.json');
  return Object.entries(json.paths as Record<string, object>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, requestBody }]) => ({
      operationId: operationId as string,
      method: method.toUpperCase(),
      path: path.replace('{id}', path.includes('/runs/') ? runId : taskId).replace('{name}', 'some.event'),
      options: requestBody?.required ? { body: task } : {},
      names: path.includes('{id}'),
    })),
  );
}

const everything = () =>
  database.rows(
    `select 'schedule' as what, s.id, row_to_json(s)::text as row from chime.schedules s union all
     select 'run', r.id, row_to_json(r)::text from chime.runs r union all
     select 'delivery', d.id, row_to_json(d)::text from chime.deliveries d order by 1, 2`,
  );

t.test('what one does not see is as if it were not there, and stays as it is', async (test) => {
  const nothing = '00000000-0000-7000-8000-000000000000';
  const there = (await operations(mine.id, run.id)).filter(({ names }) => names);
  const missing = (await operations(nothing, nothing)).filter(({ names }) => names);
  test.ok(there.length >= 12, `${there.length} operations`);
  const before = await everything();
  for (const person of ['bob', 'foreigner', 'foreignAdmin'] as const) {
    for (const [index, operation] of there.entries()) {
      const other = missing[index];
      if (other === undefined) throw new Error('different operations');
      const found = await as(person)(operation.method, operation.path, operation.options);
      const absent = await as(person)(other.method, other.path, other.options);
      const what = `${person}: ${operation.operationId}`;
      test.equal(found.status, 404, what);
      const anonymous = ({ text, json }: typeof found) =>
        text
          .replaceAll(json.instance, '')
          .replaceAll(mine.id, 'ID')
          .replaceAll(run.id, 'ID')
          .replaceAll(nothing, 'ID');
      test.equal(anonymous(found), anonymous(absent), `${what}: the same words`);
    }
  }
  test.strictSame(await everything(), before);
});

t.test('reporters read, and change nothing', async (test) => {
  const before = await everything();
  for (const { operationId, method, path, options, names } of await operations(mine.id, run.id)) {
    const { status, json } = await as('reporter')(method, path, options);
    if (method === 'GET') test.equal(status, 200, operationId);
    else test.match([status, json?.code], [403, 'CH042'], operationId);
    const foreign = await as('foreignReporter')(method, path, options);
    const expected = method !== 'GET' ? 403 : names ? 404 : 200;
    test.equal(foreign.status, expected, `${operationId} in another tenant`);
  }
  test.strictSame(await everything(), before);
});

t.test('nobody does nothing', async (test) => {
  const before = await everything();
  for (const { operationId, method, path, options } of await operations(mine.id, run.id)) {
    const { status, json } = await call(method, path, options);
    test.match([status, json.code], [401, 'CH041'], operationId);
  }
  test.strictSame(await everything(), before);
});

t.test('a key belongs to one user of the tenant', async (test) => {
  const taken = await as('bob')('POST', '/api/v1/tasks', {
    body: { ...task, key: 'k', payload: { text: 'mine now' } },
  });
  test.match([taken.status, taken.json.code, taken.json.errors?.[0]?.path], [400, 'CH007', 'key']);
  test.notMatch(taken.text, /of Ann/);
  const elsewhere = await as('foreigner')('POST', '/api/v1/tasks', { body: { ...task, key: 'k' } });
  test.equal(elsewhere.status, 201, 'another tenant has keys of its own');
  test.equal(
    (await as('ann')('POST', '/api/v1/tasks', { body: { ...task, name: 'of Ann', key: 'k' } })).status,
    200,
  );
});

t.test('administrators steer all of their tenant, and the record says who', async (test) => {
  const paused = await as('admin')('POST', `/api/v1/tasks/${mine.id}/pause`, { body: { reason: 'not now' } });
  test.match([paused.status, paused.json.status], [200, 'paused']);
  test.equal((await as('ann')('POST', `/api/v1/tasks/${mine.id}/resume`)).status, 200);
  test.equal((await as('ann')('DELETE', `/api/v1/tasks/${tenants.id}`)).status, 404);
  test.strictSame(
    await database.rows(
      'select action, actor, surface from chime.schedule_revisions where schedule_id = $1 order by id',
      [mine.id],
    ),
    [
      { action: 'created', actor: 'ann', surface: 'rest' },
      { action: 'paused', actor: 'ada', surface: 'rest' },
      { action: 'resumed', actor: 'ann', surface: 'rest' },
    ],
  );
});

t.test('API tokens', async (test) => {
  const { id: user } = await database.row<{ id: string }>(
    "select u.id from chime.users u join chime.tenants t on t.id = u.tenant_id where t.name = 'default' and u.subject = 'ann'",
  );
  const make = (role: string, rest = '') =>
    database.row<{ id: string; secret: string }>(
      `select * from chime.create_api_token(name => $1::text, role => $1::text::chime.access_role ${rest})`,
      [role],
    );
  const [anns, admins, reporters] = [
    await make('user', `, user_id => '${user}'`),
    await make('admin'),
    await make('reporter', ", expires_at => now() + interval '1 hour'"),
  ];
  const total = async (token: string) => (await call('GET', '/api/v1/tasks', { as: token })).json.total;
  test.strictSame(
    [await total(anns.secret), await total(admins.secret), await total(reporters.secret)],
    [1, 2, 2],
  );
  test.equal((await call('DELETE', `/api/v1/tasks/${mine.id}`, { as: reporters.secret })).status, 403);
  test.notMatch(
    JSON.stringify(lines),
    new RegExp([anns, admins, reporters].map(({ secret }) => secret).join('|')),
    'no log has them',
  );

  // Revoked, blocked and over: seen when what is remembered is, which takes five seconds at most.
  const time = { now: 0 };
  const auth = { required: true, jwt: undefined };
  const identifier = new Identifier({
    pool: database.pool,
    auth,
    log: captureLog().log,
    now: () => time.now,
  });
  const signIn = ({ secret }: { secret: string }) => identifier.identify(`Bearer ${secret}`);
  test.match(await signIn(anns), { userId: user, role: 'user', name: 'user', expiresAt: null });
  test.match(await signIn(reporters), { userId: null, role: 'reporter', expiresAt: Date });
  await signIn(admins);
  await database.rows('select chime.revoke_api_token($1)', [admins.id]);
  await database.rows('select chime.block_user($1)', [user]);
  await signIn(admins);
  time.now += 5001;
  await test.rejects(signIn(admins), { code: 'CH041', message: 'The token is not valid, or not any more.' });
  await test.rejects(signIn(anns), { code: 'CH041', message: 'The token is not valid, or not any more.' });
  await signIn(reporters);
  await database.rows('select chime.unblock_user($1)', [user]);
  await signIn(anns);
  const hashes = await database.rows<{ hash: Buffer }>('select hash from chime.api_tokens');
  test.ok(
    hashes.some(({ hash }) => hash.equals(createHash('sha256').update(anns.secret).digest())),
    'only hashes are kept',
  );
});

t.test('many at once with one token ask the database once', async (test) => {
  const before = await database.value<number>('select count(*)::integer from chime.users');
  const token = await makeJwt({ sub: 'new' });
  const replies = await Promise.all(
    Array.from({ length: 30 }, () => call('GET', '/api/v1/tasks', { as: token })),
  );
  test.ok(replies.every(({ status }) => status === 200));
  test.equal(await database.value<number>('select count(*)::integer from chime.users'), before + 1);
});

t.test('requests of several, mixed on few connections, see their own', async (test) => {
  const found = { ann: new Set<number>(), foreigner: new Set<number>(), admin: new Set<number>() };
  await Promise.all(
    Array.from({ length: 120 }, async (_each, index) => {
      const person = (['ann', 'foreigner', 'admin'] as const)[index % 3] as keyof typeof found;
      // Every fifth is broken off by an error in its transaction.
      const path = index % 5 === 0 ? `/api/v1/tasks/${tenants.id}/resume` : '/api/v1/tasks';
      const { json } = await as(person)(index % 5 === 0 ? 'POST' : 'GET', path);
      if (json.total !== undefined) found[person].add(json.total);
    }),
  );
  test.strictSame([[...found.ann], [...found.foreigner], [...found.admin]], [[1], [1], [2]]);
  test.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
});

t.test('as a login that may do nothing by itself', async (test) => {
  const role = `test_api_${process.pid}`;
  await database.rows(`create role ${role} login password 'test' in role chime_api`);
  test.teardown(async () => {
    await database.rows(`drop role ${role}`);
  });
  const limited = new URL(database.url);
  limited.username = role;
  limited.password = 'test';
  const api = await startApi(test, { url: limited.href });
  test.equal((await api.call('GET', '/readyz')).status, 200);
  const { status, json } = await api.call('GET', '/api/v1/tasks', { as: people.ann });
  test.strictSame([status, json.total], [200, 1]);
  await api.server.stop();
});
