// GET /metrics: what a monitor is told, who may ask, and what it costs.
import t from 'tap';
import { makeJwt, startApi } from '../support/api.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { type Exposition, readExposition } from '../support/exposition.ts';
import { NetworkProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const admin = await makeJwt({ sub: 'ada', role: 'admin' });

/** The only sample that has these labels. */
const value = (exposition: Exposition, name: string, labels: Record<string, string> = {}) =>
  exposition.samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  )?.value;

t.test('what Prometheus reads', async (test) => {
  const database = await createDatabase(test);
  const { call, server } = await startApi(test, database);
  const { register, attempt } = attemptsOf(database);
  await register();
  for (let time = 0; time < 2; time++) {
    const id = await database.value<string>(
      "select (chime.run_now((select id from chime.create_schedule(task => 'noop', every => '1 hour', key => gen_random_uuid()::text)))).id",
    );
    await attempt(id);
  }
  await call('GET', '/api/v1/runs/00000000-0000-7000-8000-000000000000', { as: admin });
  await call('GET', '/nothing/at/all');
  const reply = await call('GET', '/metrics', { as: admin });
  test.match(
    [reply.status, reply.headers['content-type'], reply.headers['cache-control']],
    [200, 'text/plain; version=0.0.4; charset=utf-8', 'no-store'],
  );
  const exposition = readExposition(reply.text);
  for (const sample of exposition.samples)
    test.ok(exposition.types.has(sample.family), `${sample.name} is of a family with a type and help`);
  for (const [name, type] of exposition.types) {
    test.match(name, /^(chime|process)_[a-z_]+$/);
    test.equal(/_total$/.test(name), type === 'counter', name);
  }
  test.equal(value(exposition, 'chime_up'), 1);
  test.equal(value(exposition, 'chime_runs_finished_total', { task: 'noop', status: 'succeeded' }), 2);
  test.equal(value(exposition, 'chime_runs_finished_total', { task: 'noop', status: 'failed' }), 0);
  test.equal(value(exposition, 'chime_run_duration_seconds_count', { task: 'noop' }), 2);
  test.equal(value(exposition, 'chime_run_duration_seconds_bucket', { task: 'noop', le: '+Inf' }), 2);
  test.equal(value(exposition, 'chime_workers', { state: 'alive' }), 1);
  test.equal(value(exposition, 'chime_clocks'), 0);
  test.equal(value(exposition, 'chime_pool_connections_max'), 10);
  test.equal(
    value(exposition, 'chime_http_request_duration_seconds_count', {
      route: '/api/v1/runs/:id',
      status: '404',
    }),
    1,
  );
  test.equal(value(exposition, 'chime_http_request_duration_seconds_count', { route: 'none' }), 1);
  test.notMatch(reply.text, /00000000-0000|nothing\/at/, 'routes, never addresses');
  // Every number of the database has a family here, and none is left out.
  const names = await database.rows<{ name: string }>('select distinct name from chime.metrics()');
  for (const { name } of names)
    test.ok(
      exposition.samples.some((sample) => sample.name === name),
      name,
    );
  await server.stop();
});

t.test('who may: those who administer the installation', async (test) => {
  const database = await createDatabase(test);
  await database.rows("select chime.create_tenant('other')");
  const { call, server } = await startApi(test, database);
  const status = async (as?: string) => {
    const reply = await call('GET', '/metrics', { as });
    if (reply.status !== 200) test.notMatch(reply.text, /chime_|# HELP/);
    return [reply.status, reply.json?.code];
  };
  const { secret } = await database.row<{ secret: string }>(
    "select secret from chime.create_api_token(name => 'prometheus', role => 'admin')",
  );
  // Also when it is remembered what others were told.
  for (let round = 0; round < 2; round++) {
    test.same(await status(admin), [200, undefined]);
    test.same(await status(secret), [200, undefined]);
    test.same(await status(await makeJwt({ tenant: 'other', role: 'admin' })), [403, 'CH042']);
    test.same((await status(await makeJwt({ role: 'user' })))[0], 403);
    test.same((await status(await makeJwt({ role: 'reporter' })))[0], 403);
    test.same(await status(), [401, 'CH041']);
    test.same(await status('chime_wrong'), [401, 'CH041']);
  }
  await server.stop();
  const open = await startApi(test, database, {});
  test.equal((await open.call('GET', '/metrics')).status, 200, 'nobody has to sign in: this machine');
  test.equal((await open.call('GET', '/metrics', { headers: { host: 'evil.example' } })).status, 421);
  await open.server.stop();
});

t.test('many who ask at once cost one call', async (test) => {
  const database = await createDatabase(test);
  await database.rows(`
    create or replace function chime_private.metrics_of_schedules(now timestamptz) returns table (name text, labels jsonb, value double precision)
    language plpgsql volatile as $$ begin
      perform pg_advisory_xact_lock_shared(7);
      return query select 'chime_due_schedules', '{}'::jsonb, extract(epoch from clock_timestamp())::double precision;
    end $$`);
  await database.rows('alter function chime.metrics() volatile');
  const { call, server } = await startApi(test, database);
  const holder = await database.connect(test);
  await holder.query('select pg_advisory_lock(7)');
  const asked = Array.from({ length: 40 }, () => call('GET', '/metrics', { as: admin }));
  const waiting =
    "select count(*)::integer from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await until(async () => (await database.value<number>(waiting)) !== 0);
  test.equal((await call('GET', '/api/v1/tasks', { as: admin })).status, 200, 'others are served meanwhile');
  await holder.query('select pg_advisory_unlock(7)');
  const told = (await Promise.all(asked)).map(({ text }) =>
    value(readExposition(text), 'chime_due_schedules'),
  );
  test.type(told[0], 'number');
  test.equal(new Set(told).size, 1, 'all were told of the same moment');
  await server.stop();
});

t.test('without a database, what is left is told to those who may know', async (test) => {
  const database = await createDatabase(test);
  await database.rows("select chime.create_tenant('other')");
  const proxy = await NetworkProxy.start(database.url);
  test.teardown(() => proxy.stop());
  const { call, server } = await startApi(test, { url: proxy.url });
  const foreign = await makeJwt({ tenant: 'other', role: 'admin' });
  const get = (as: string) => call('GET', '/metrics', { as });
  test.equal((await get(admin)).status, 200);
  test.equal((await get(foreign)).status, 403);
  proxy.leave();
  // Until what was asked before is no longer good.
  let reply = await get(admin);
  await until(async () => {
    reply = await get(admin);
    return value(readExposition(reply.text), 'chime_up') !== 1;
  });
  const exposition = readExposition(reply.text);
  test.same([reply.status, value(exposition, 'chime_up')], [200, 0]);
  test.equal(value(exposition, 'chime_clocks'), undefined, 'no number that is not known');
  test.equal(value(exposition, 'chime_pool_connections_max'), 10);
  let others = await get(foreign);
  await until(async () => {
    others = await get(foreign);
    return others.status !== 403;
  });
  test.equal(others.status, 503, 'nobody who was never allowed');
  test.notMatch(others.text, /chime_/);
  proxy.away = false;
  await until(async () => {
    reply = await get(admin);
    return value(readExposition(reply.text), 'chime_up') === 1;
  });
  await server.stop();
});
