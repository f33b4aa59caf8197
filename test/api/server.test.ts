// The server as a process sees it: whether it is ready, what it does without its database, how it ends.
import t from 'tap';
import { ReadinessCheck } from '../../src/api/readiness.ts';
import { Pool } from '../../src/db/pool.ts';
import { migrate } from '../../src/migrate.ts';
import { makeJwt, startApi } from '../support/api.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase, createEmptyDatabase } from '../support/database.ts';
import { NetworkProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const token = await makeJwt({ role: 'admin' });
const task = { task_type: 'repeated', cron_expression: '0 9 * * *', payload: { text: 'hello' } };

t.test('alive and ready', async (test) => {
  const database = await createDatabase(test);
  const { call, server } = await startApi(test, database, undefined, {
    health: () => ({ status: 'stalled', running: 3 }),
  });
  test.match(await call('GET', '/healthz'), {
    status: 503,
    json: { status: 'stalled', version: /^\d/, running: 3 },
  });
  test.match(await call('GET', '/readyz'), {
    status: 200,
    json: { status: 'ok', checks: { database: 'ok', migrations: 'ok', clock: 'failed', worker: 'failed' } },
  });
  test.equal((await call('HEAD', '/readyz')).status, 200);
  await server.stop();
  await database.rows("select chime_private.tick(1, gen_random_uuid(), 'a clock')");
  await attemptsOf(database).register();
  const again = await startApi(test, database);
  test.match(await again.call('GET', '/readyz'), {
    status: 200,
    json: { checks: { clock: 'ok', worker: 'ok' } },
  });
  await again.server.stop();
});

t.test('many who ask whether it is ready ask the database once, and none waits for long', async (test) => {
  const database = await createDatabase(test);
  await database.rows(`
    create sequence public.calls;
    grant usage on sequence public.calls to public;
    create or replace function chime_private.processes_alive(now timestamptz, out clocks bigint, out workers bigint)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$ begin
      clocks := nextval('public.calls');
      perform pg_advisory_xact_lock_shared(7);
    end $$`);
  const { call, server } = await startApi(test, database);
  const holder = await database.connect(test);
  await holder.query('select pg_advisory_lock(7)');
  const replies = await Promise.all(Array.from({ length: 50 }, () => call('GET', '/readyz')));
  test.strictSame(
    new Set(replies.map(({ status, json }) => `${status} ${json.reason}`)),
    new Set(['503 The database does not answer.']),
  );
  test.equal((await call('GET', '/readyz')).status, 503, 'and it is not asked again while it owes an answer');
  await holder.query('select pg_advisory_unlock(7)');
  await until(async () => (await call('GET', '/readyz')).status === 200);
  test.equal(await database.value('select last_value::integer from public.calls'), 1);
  await server.stop();
});

t.test('a database of another version, or none of ours, or none', async (test) => {
  const older = await createDatabase(test);
  await older.rows(
    "create or replace function chime.schema_digest() returns text language sql stable as $$ select 'x' $$",
  );
  const api = await startApi(test, older);
  test.match(await api.call('GET', '/readyz'), {
    status: 503,
    json: {
      status: 'not_ready',
      reason: /but with other functions/,
      checks: { database: 'ok', migrations: 'failed' },
    },
  });
  test.equal((await api.call('GET', '/healthz')).status, 200, 'which is no reason to be replaced');
  await api.server.stop();

  const url = await createEmptyDatabase(test);
  const empty = await startApi(test, { url });
  test.match(await empty.call('GET', '/readyz'), {
    status: 503,
    json: { reason: 'The database has not been migrated.' },
  });
  const ask = () =>
    empty.call('POST', '/graphql', { as: token, body: { query: '{ tasks { nodes { name } } }' } });
  const waits = { status: 503, json: { code: 'CH031', detail: /has not been migrated/ } };
  test.match(await ask(), waits);
  test.match(await empty.call('GET', '/api/v1/tasks', { as: token }), waits);
  test.match(await empty.logged(/GraphQL waits/), { level: 'warn', err: { code: 'CH031' } });
  await migrate(url);
  test.match(await ask(), { status: 200, json: { data: { tasks: { nodes: [] } } } }, 'without a new start');
  await empty.server.stop();

  const cases: [string, Awaited<ReturnType<ReadinessCheck['check']>>][] = [
    [
      await createEmptyDatabase(test),
      {
        ready: false,
        reason: 'The database has not been migrated.',
        checks: { database: 'ok', migrations: 'failed', clock: 'unknown', worker: 'unknown' },
      },
    ],
    [
      'postgres://nobody@127.0.0.1:1/none',
      {
        ready: false,
        reason: 'The database does not answer.',
        checks: { database: 'failed', migrations: 'unknown', clock: 'unknown', worker: 'unknown' },
      },
    ],
  ];
  for (const [connectionString, expected] of cases) {
    const pool = new Pool({ connectionString, name: 'test', max: 1, patience: 0 });
    test.strictSame(await new ReadinessCheck(pool).check(), expected);
    await pool.end();
  }
});

t.test('a database that goes away and comes back', async (test) => {
  const database = await createDatabase(test);
  const proxy = await NetworkProxy.start(database.url);
  test.teardown(() => proxy.stop());
  const { call, server, logged } = await startApi(test, { url: proxy.url });
  const get = () => call('GET', '/api/v1/tasks', { as: token });
  test.equal((await get()).status, 200);
  proxy.leave();
  const { status, json, headers } = await get();
  test.match(
    [status, json, headers['retry-after']],
    [503, { title: 'Service unavailable', detail: /database/ }, '5'],
  );
  test.notMatch(JSON.stringify(json), /ECONN|127\.0\.0\.1/);
  test.match(await logged(/a request failed/), { level: 'warn', err: Object });
  proxy.away = false;
  test.equal((await get()).status, 200);
  await server.stop();
});

/** A request that waits for a row that somebody else has locked; resolves when it does. */
async function waitingRequest(test: Parameters<typeof startApi>[0], options = {}) {
  const database = await createDatabase(test);
  const api = await startApi(test, database, undefined, options);
  const { json } = await api.call('POST', '/api/v1/tasks', { as: token, body: task });
  const locker = await database.connect(test);
  await locker.query('begin');
  await locker.query('select from chime.schedules for update');
  const answered = api.call('POST', `/api/v1/tasks/${json.id}/pause`, { as: token });
  answered.catch(() => {});
  const waiting =
    "select count(*)::integer from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await until(async () => (await database.value<number>(waiting)) !== 0);
  return { ...api, database, id: json.id as string, locker, answered };
}

t.test('asked to stop, it answers what it was asked before', async (test) => {
  const { server, call, locker, answered, database, id } = await waitingRequest(test);
  const stopped = server.stop();
  // Refused, reset or answered with 503, by how far it has come.
  await until(async () => (await call('GET', '/healthz').catch(() => undefined))?.status !== 200);
  await locker.query('commit');
  test.match(await answered, { status: 200, json: { status: 'paused' }, headers: { connection: 'close' } });
  await stopped;
  test.equal(await database.value('select status from chime.schedules where id = $1', [id]), 'paused');
  await server.stop();
});

t.test('at the end of its time, or told to hurry, it breaks off, and nothing is half done', async (test) => {
  for (const hurry of [true, false]) {
    const { server, locker, answered, database, id } = await waitingRequest(test, {
      shutdownTimeout: hurry ? 60_000 : 0,
    });
    const stopped = server.stop();
    if (hurry) server.hurry();
    await test.rejects(answered, hurry ? 'hurried' : 'late');
    await stopped;
    await locker.query('commit');
    test.equal(await database.value('select status from chime.schedules where id = $1', [id]), 'active');
  }
});

t.test('a port that is taken', async (test) => {
  const database = await createDatabase(test);
  const { url } = await startApi(test, database);
  const { port } = new URL(url);
  await test.rejects(startApi(test, database, { port }), {
    code: 'CH032',
    message: `Port ${port} is taken by another program.`,
  });
});
