// On whose behalf a connection acts, and that nothing of it is left for the next: many requests of many people over few connections.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { asIdentity, type Identity, pgSettings, type Role } from '../../src/api/identity.ts';
import { Pool } from '../../src/db/pool.ts';
import { migrate } from '../../src/migrate.ts';
import { query, startCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
const other = await database.value<string>("select id from chime.create_tenant('other')");
const people: Identity[] = [];
for (const tenant of [defaultTenant, other])
  for (const name of ['ann', 'bob', 'cy']) people.push(await person(database, tenant, name));
for (const tenant of [defaultTenant, other]) people.push(await person(database, tenant, 'boss', 'admin'));
const nobody: Identity = { ...(people[0] as Identity), userId: null };

function poolOf(max: number, connectionString = database.url, test: Test = t): Pool {
  const pool = new Pool({ connectionString, name: 'test', max });
  test.teardown(() => pool.end());
  return pool;
}

t.test('the settings of an identity', async (test) => {
  const ann = people[0] as Identity;
  const pool = poolOf(1);
  const settings = pgSettings(ann, 'graphql');
  test.match(settings, {
    role: 'chime_user',
    'chime.tenant_id': defaultTenant,
    'chime.user_id': ann.userId,
    'chime.actor': 'ann',
    'chime.surface': 'graphql',
  });
  for (const role of ['owner', 'worker', '', 'user; reset role'])
    test.throws(() => pgSettings({ ...ann, role: role as Role }, 'rest'), { code: 'CH041' }, role);
  const read = `select jsonb_object_agg(n, current_setting(n)) as made from unnest($1::text[]) n`;
  const names = Object.keys(settings);
  const { rows } = await asIdentity(pool, ann, 'graphql', (client) => client.query(read, [names]));
  test.strictSame(rows[0].made, settings);
  await test.rejects(
    asIdentity(pool, ann, 'rest', (client) => client.query('create temporary table x ()'), {
      readOnly: true,
    }),
    { code: '25006' },
  );
  const { rows: after } = await pool.query(
    `select current_setting('role') as role, current_setting('statement_timeout') as timeout,
       coalesce(string_agg(current_setting(n, true), ''), '') as left
     from unnest('{chime.tenant_id,chime.user_id,chime.actor,chime.surface}'::text[]) n`,
  );
  test.strictSame(after, [{ role: 'none', timeout: '0', left: '' }]);
  const [revision] = await asIdentity(pool, ann, 'mcp', async (client) => {
    const { rows: made } = await client.query(
      "select id from chime.create_schedule(task => 'noop', cron => '@daily')",
    );
    return (
      await client.query('select actor, surface from chime.schedule_revisions where schedule_id = $1', [
        made[0].id,
      ])
    ).rows;
  });
  test.strictSame(revision, { actor: 'ann', surface: 'mcp' });
});

t.test('a thousand requests over three connections, of which many fail in every way', async (test) => {
  const pool = poolOf(3);
  for (const each of people)
    await asIdentity(pool, each, 'rest', (client) =>
      client.query("select chime.create_schedule(task => 'noop', key => $1, cron => '@daily')", [
        `${each.tenantId}/${each.userId}`,
      ]),
    );
  const visible = (each: Identity) =>
    each.userId === null
      ? []
      : people
          .filter(
            (one) => one.tenantId === each.tenantId && (each.role === 'admin' || one.userId === each.userId),
          )
          .map((one) => `${one.tenantId}/${one.userId}`);
  const counts = { served: 0, failed: 0, wrong: 0 };
  const request = async (index: number) => {
    const each = [...people, nobody][index % (people.length + 1)] as Identity;
    const expected = new Set(visible(each));
    try {
      await asIdentity(pool, each, 'rest', async (client) => {
        const { rows } = await client.query<{ key: string }>(
          'select key from chime.schedules where key is not null',
        );
        if (rows.length !== expected.size || rows.some(({ key }) => !expected.has(key))) counts.wrong++;
        switch (index % 10) {
          case 3:
            return client.query('select 1 / 0');
          case 5:
            throw new Error('the handler failed');
          case 7:
            return client.query("select chime.find_schedule('nothing')");
          case 8:
            // The connection is lost in the middle.
            return client.query('select pg_terminate_backend(pg_backend_pid())');
          default:
            return client.query("select set_config('chime.tenant_id', $1, true)", [randomUUID()]);
        }
      });
      counts.served++;
    } catch {
      counts.failed++;
    }
  };
  await Promise.all(Array.from({ length: 1000 }, (_, index) => request(index)));
  test.strictSame(counts, { served: 600, failed: 400, wrong: 0 });
});

t.test('a request that is given up leaves nothing either', async (test) => {
  const pool = poolOf(1);
  const ann = people[0] as Identity;
  const request = new AbortController();
  const begun = Promise.withResolvers<void>();
  const hanging = asIdentity(pool, ann, 'rest', async () => {
    begun.resolve();
    await once(request.signal, 'abort');
    throw request.signal.reason;
  });
  await begun.promise;
  const next = asIdentity(
    pool,
    people[1] as Identity,
    'rest',
    async (client) => (await client.query('select chime.current_user_id() as id')).rows[0].id,
  );
  request.abort(new Error('the client has gone'));
  await test.rejects(hanging, { message: 'the client has gone' });
  test.equal(await next, people[1]?.userId);
});

t.test('a login of its own, that may do nothing but become others', async (test) => {
  const cluster = await startCluster(test);
  await query(cluster.url(), 'create database served');
  const url = cluster.url('served');
  await migrate(url);
  await query(url, "alter role chime_api login password 'chime_api'");
  const login = new URL(url);
  login.username = 'chime_api';
  login.password = 'chime_api';
  const pool = poolOf(2, login.href, test);
  for (const statement of [
    'select * from chime.runs',
    "select chime.find_schedule('x')",
    'select * from chime_private.settings',
  ])
    await test.rejects(pool.query(statement), { code: '42501' }, statement);
  const { rows } = await pool.query("select * from chime_private.sign_in('default', 'ann', 'user')");
  const ann: Identity = {
    tenantId: rows[0].tenant_id,
    userId: rows[0].user_id,
    role: 'user',
    name: 'ann',
    expiresAt: null,
  };
  const make = (identity: Identity) =>
    asIdentity(pool, identity, 'rest', (client) =>
      client.query("select chime.create_schedule(task => 'noop', cron => '@daily')"),
    );
  await make(ann);
  await make({ ...ann, role: 'admin', userId: null });
  await test.rejects(make({ ...ann, role: 'reporter' }), { code: '42501' });
  const count = async (identity: Identity) =>
    asIdentity(
      pool,
      identity,
      'rest',
      async (client) => (await client.query('select count(*)::integer as n from chime.schedules')).rows[0].n,
    );
  test.strictSame(
    await Promise.all([count(ann), count({ ...ann, role: 'admin' }), count({ ...ann, role: 'reporter' })]),
    [1, 2, 2],
  );
});
