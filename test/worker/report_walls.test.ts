// Reports see what the owner of their run may, whatever their statement tries.
import pg from 'pg';
import t, { type Test } from 'tap';
import { migrate } from '../../src/migrate.ts';
import runQuery from '../../tasks/run_query.ts';
import { createLogin, query, startCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { as } from '../support/identities.ts';
import { makeTenants } from '../support/tenants.ts';
import { startWorker } from '../support/worker.ts';

const database = await createDatabase();
const makers = await makeTenants(database);
const { finished } = await startWorker(t, database, [runQuery]);
let count = 0;

async function connectTo(test: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  test.teardown(() => client.end());
  return client;
}

interface ReportRun {
  status: string;
  error: string | null;
  result: { rows: Record<string, unknown>[] } | null;
}

/** Runs statements for schedules of somebody; answers what became of each. */
async function reports(name: string, statements: string[]): Promise<ReportRun[]> {
  const { identity } = makers[name] as (typeof makers)[string];
  const maker = identity.role === 'admin' ? { ...identity, userId: null } : identity;
  const ids: string[] = [];
  for (const statement of statements) {
    const [row] = await as<{ id: string }>(
      database,
      maker,
      `select r.id from chime.create_schedule(task => 'run_query', cron => '0 0 1 1 *', max_retries => 0,
         payload => jsonb_build_object('query', $1::text)) s, chime.run_now(s.id) r`,
      [statement],
    );
    ids.push(row?.id as string);
  }
  count += ids.length;
  await finished(count);
  return Promise.all(
    ids.map((id) =>
      database.row<ReportRun>('select status, error, result from chime.runs where id = $1', [id]),
    ),
  );
}

const marks = (table: string, mark = 'task') =>
  `select coalesce(array_agg(distinct ${mark} order by ${mark}), '{}') as marks from chime.${table} where ${mark} <> 'run_query'`;

t.test('of a user, of a tenant', async (test) => {
  const seen: Record<string, string[]> = {
    ann: ['ann'],
    tenant_a: ['ann', 'bob', 'tenant_a'],
    zoe: ['zoe'],
    tenant_b: ['tenant_b', 'zoe'],
  };
  const owned = ['schedules', 'runs', 'late_ends', 'event_handlers', 'schedule_health', 'queue_depth'];
  for (const [name, expected] of Object.entries(seen)) {
    const found = await reports(name, [
      ...owned.map((table) => marks(table)),
      marks('run_logs', 'message'),
      marks('users', 'subject'),
      marks('run_hours'),
    ]);
    const hours = name.startsWith('tenant') ? expected : [];
    for (const [index, run] of found.entries())
      test.strictSame(
        run.result?.rows[0]?.marks,
        index === found.length - 1 ? hours : expected,
        `${name} ${index}`,
      );
  }
});

t.test('a statement cannot leave its scope', async (test) => {
  const other = makers.zoe?.identity.tenantId;
  const bob = makers.bob?.identity.userId;
  const look = "(select array_agg(distinct task) from chime.runs where task not in ('ann', 'run_query'))";
  const set = (name: string, value: string) => `set_config('${name}', '${value}', true)`;
  const stolen = `${other}|-|${'0'.repeat(64)}`;
  const empty = [
    `with x as materialized (select ${set('chime.tenant_id', other as string)} as v) select x.v, ${look} as found from x`,
    `with x as materialized (select ${set('chime.user_id', bob as string)} as v) select x.v, ${look} as found from x`,
    `select ${look} as found from (select ${set('chime.tenant_id', other as string)} offset 0) x`,
    `select ${look} as found from generate_series(1, 3) n order by ${set('chime.tenant_id', other as string)}`,
    `select ${look} as found where ${set('chime.report_scope', '')} = ''`,
    `with x as materialized (select ${set('chime.report_scope', stolen)} as v) select x.v, ${look} as found from x`,
    `with x as materialized (select ${set('chime.report_scope', stolen.replace(other as string, makers.ann?.identity.tenantId as string))} as v) select x.v, ${look} as found from x`,
    // Its own signature, with its own user taken out.
    `with x as materialized (select set_config('chime.report_scope', regexp_replace(current_setting('chime.report_scope'), '\\|[^|]*\\|', '|-|'), true) as v)
     select x.v, ${look} as found from x`,
    `select ${look} as found from query_to_xml($q$select set_config('chime.tenant_id', '${other}', true)$q$, true, true, '') x`,
    `select case when x::text ~ 'bob|tenant' then x::text end as found
     from query_to_xml($q$select set_config('chime.report_scope', '', true), task from chime.runs$q$, true, true, '') x`,
  ];
  for (const [index, run] of (await reports('ann', empty)).entries()) {
    test.equal(run.status, 'succeeded', `${index}: ${run.error}`);
    for (const row of run.result?.rows ?? []) test.equal(row.found, null, `${empty[index]}`);
  }
  const refused: [string, RegExp][] = [
    [`select ${set('role', 'chime_admin')}, ${look}`, /cannot set parameter "role"/],
    [
      `select ${set('session_authorization', 'postgres')}, ${look}`,
      /cannot set parameter "session_authorization"/,
    ],
    [
      `with x as materialized (select ${set('row_security', 'off')} as v) select x.v, y.found from x, query_to_xml('select task from chime.runs', true, true, '') y(found)`,
      /row-level security/,
    ],
    ["select chime_private.report_for('00000000-0000-0000-0000-000000000000')", /may not do that/],
    ["select chime_private.sign_report('00000000-0000-0000-0000-000000000000', null)", /may not do that/],
    ['select * from chime_private.settings', /may not do that/],
    ['select hash from chime.api_tokens', /may not do that/],
    ['select * from chime_private.runs_default', /may not do that/],
    ["select chime.create_schedule(task => 'ann', cron => '@daily')", /may not do that/],
  ];
  for (const [index, run] of (
    await reports(
      'ann',
      refused.map(([sql]) => sql),
    )
  ).entries()) {
    test.equal(run.status, 'failed', `${refused[index]?.[0]}`);
    test.match(run.error, refused[index]?.[1], `${refused[index]?.[0]}`);
  }
});

t.test('by a login that is nothing but a worker', async (test) => {
  const client = await database.connect(test);
  await client.query('set role chime_worker; begin read only');
  const read = async () =>
    (
      await client.query(
        "select line from chime_private.run_report('select task from chime.schedules order by 1', 100, 10000) where line is not null",
      )
    ).rows;
  test.strictSame(await read(), [], 'for no run: nothing');
  await client.query('select chime_private.report_for($1)', [makers.zoe?.left.queued]);
  test.ok((await read()).some(({ line }) => line[0] === '"zoe"'));
  test.notOk((await read()).some(({ line }) => line[0] !== '"zoe"' && line[0] !== '"run_query"'));
});

t.test('a signature is good for its transaction and its connection alone', async (test) => {
  const run = makers.tenant_a?.left.queued as string;
  const scope =
    "select current_setting('chime.report_scope') as scope, chime_private.report_tenant() as tenant";
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select chime_private.report_for($1)', [run]);
  const { rows } = await client.query(scope);
  test.equal(rows[0].tenant, makers.tenant_a?.identity.tenantId);
  const replay = async (on: typeof client) => {
    await on.query('begin');
    await on.query("select set_config('chime.report_scope', $1, true)", [rows[0].scope]);
    const found = (await on.query(scope)).rows[0].tenant;
    await on.query('rollback');
    return found;
  };
  test.equal(await replay(await database.connect(test)), null, 'another connection');
  await client.query('commit');
  test.equal(await replay(client), null, 'another transaction');
});

t.test('a login that is mapped to a tenant reads that, whatever it sets', async (test) => {
  const cluster = await startCluster(test);
  await query(cluster.url(), 'create database mapped');
  const url = cluster.url('mapped');
  await migrate(url);
  await query(url, "select chime.create_schedule(task => 'noop', key => 'of default', cron => '@daily')");
  const [other] = await query<{ id: string }>(url, "select id from chime.create_tenant('other')");
  await query(
    url,
    `select set_config('chime.tenant_id', '${other?.id}', false); select chime.create_schedule(task => 'noop', key => 'of other', cron => '@daily')`,
  );
  const login = await createLogin(cluster, 'analyst', 'mapped');
  await test.rejects(query(url, "select chime.map_reporter('analyst', 'other')"), {
    code: 'CH007',
    message: /no login "analyst"/,
  });
  await query(url, 'grant chime_reporter to analyst');
  await test.rejects(query(url, "select chime.map_reporter('analyst', 'nowhere')"), { code: 'CH016' });
  const read = () => query(login, 'select key from chime.schedules');
  test.strictSame(await read(), [{ key: 'of default' }], 'not mapped: the tenant of the setting');
  await query(url, "select chime.map_reporter('analyst', 'other')");
  test.strictSame(await read(), [{ key: 'of other' }]);
  for (const setting of ['chime.tenant_id', 'chime.report_scope']) {
    const client = await connectTo(test, login);
    await client.query(`select set_config('${setting}', '00000000-0000-0000-0000-000000000001', false)`);
    test.strictSame(
      (await client.query('select key from chime.schedules')).rows,
      [{ key: 'of other' }],
      setting,
    );
    await client.query('set role chime_reporter');
    test.strictSame(
      (await client.query('select key from chime.schedules')).rows,
      [{ key: 'of other' }],
      setting,
    );
  }
  test.strictSame(await query(url, "select chime.unmap_reporter('analyst') as was"), [{ was: true }]);
  test.strictSame(await read(), [{ key: 'of default' }]);
  await query(url, 'grant chime_user to analyst');
  await test.rejects(query(url, "select chime.map_reporter('analyst', 'other')"), {
    code: 'CH007',
    message: /may do more/,
  });
});
