// What walls cost: whoever lists what is theirs finds it by an index, however much others have.
import t, { type Test } from 'tap';
import { asIdentity, type Identity } from '../../src/api/identity.ts';
import { createChime } from '../../src/client/chime.ts';
import { createDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';
import { fill } from '../support/schedules.ts';

const database = await createDatabase();
const small = await database.value<string>("select id from chime.create_tenant('small')");
const ann = await person(database, defaultTenant, 'ann');
const admin: Identity = { tenantId: small, userId: null, role: 'admin', name: 'boss', expiresAt: null };
const runs = 40_000;

t.before(async () => {
  const client = await database.connect(t);
  // Without triggers, which would count each run as one that has just ended.
  await client.query('set session_replication_role = replica');
  // Of each thousand one is Ann's; what the small tenant has is the oldest.
  await client.query(
    `insert into chime.runs (id, tenant_id, owner_id, task, payload, trigger, scheduled_for, due_at, status, attempt, started_at, finished_at, created_at)
     select chime_private.new_id(f.at), case when n <= 100 then $2::uuid else $3 end, case when n > 100 and n % 1000 = 0 then $4::uuid end,
       'noop', '{}', 'event', f.at, f.at, 'succeeded', 1, f.at, f.at, f.at
     from generate_series(1, $1) n, lateral (select now() - ($1 - n) * interval '10 seconds' as at) f`,
    [runs, small, defaultTenant, ann.userId],
  );
  await client.query(
    `insert into chime.run_logs (run_id, seq, tenant_id, owner_id, attempt, level, message, logged_at)
     select r.id, n, r.tenant_id, r.owner_id, 1, 'info', 'a line', r.created_at from chime.runs r, generate_series(1, 3) n`,
  );
  await client.query(
    `insert into chime.schedule_revisions (tenant_id, owner_id, schedule_id, revision, action, actor, surface, changed_at, before, after)
     select r.tenant_id, r.owner_id, r.id, 1, 'created', 'x', 'x', r.created_at, '{}', '{}' from chime.runs r`,
  );
  await client.query(
    `insert into chime.events (id, tenant_id, owner_id, name, payload, handler_count, actor, created_at)
     select r.id, r.tenant_id, r.owner_id, 'x', '{}', 0, 'x', r.created_at from chime.runs r`,
  );
  await client.query('reset session_replication_role');
  await fill(database, 5000, '0 0 1 1 *');
  await client.query(
    "update chime.schedules set owner_id = $1, tags = '{rare}' where key in ('k7', 'k77', 'k777')",
    [ann.userId],
  );
  for (const table of ['runs', 'run_logs', 'events', 'schedule_revisions', 'schedules'])
    await client.query(`vacuum analyze chime.${table}`);
});

interface Plan {
  'Rows Removed by Filter'?: number;
  'Actual Rows': number;
  'Actual Loops': number;
  Plans?: Plan[];
}

/** How many rows the scans of a statement looked at, in vain or not. */
async function looksAt(identity: Identity, sql: string, values: unknown[] = []): Promise<number> {
  const [plan] = await asIdentity(
    database.pool,
    identity,
    'rest',
    async (client) =>
      (await client.query(`explain (analyze, format json) ${sql}`, values)).rows[0]['QUERY PLAN'],
  );
  const rowsOf = (node: Plan): number => {
    const below = (node.Plans ?? []).reduce((sum, each) => sum + rowsOf(each), 0);
    const own =
      node['Actual Rows'] * node['Actual Loops'] +
      (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops'];
    return node.Plans === undefined ? own : below;
  };
  return rowsOf(plan.Plan);
}

async function looksAtFew(test: Test, identity: Identity, sql: string, values: unknown[] = []) {
  const rows = await looksAt(identity, sql, values);
  test.ok(rows <= 200, `${rows} of ${runs} rows: ${sql}`);
}

t.test('what a user has, newest first', async (test) => {
  for (const table of ['runs', 'events', 'schedule_revisions'])
    await looksAtFew(test, ann, `select id from chime.${table} order by id desc limit 20`);
  const run = await database.value('select id from chime.runs where owner_id is not null limit 1');
  await looksAtFew(test, ann, 'select * from chime.run_logs where run_id = $1 order by seq', [run]);
  await looksAtFew(test, ann, 'select * from chime.runs where id = $1', [run]);
  await looksAtFew(test, ann, 'select id from chime.schedules order by next_run_at limit 20');
});

t.test('schedules with a tag', async (test) => {
  await looksAtFew(
    test,
    { ...admin, tenantId: defaultTenant },
    "select id from chime.schedules s where s.tags <> '{}' and s.tags @> '{rare}' order by s.next_run_at",
  );
});

t.test('what a small tenant has beside a large one', async (test) => {
  const another = `tenant_id <> '${defaultTenant}'`;
  for (const table of ['runs', 'events'])
    await looksAtFew(test, admin, `select id from chime.${table} where ${another} order by id desc limit 20`);
  const run = await database.value('select id from chime.runs where tenant_id = $1 limit 1', [small]);
  await looksAtFew(test, admin, 'select * from chime.run_logs where run_id = $1 order by seq', [run]);
});

t.test('the library lists by it, for any tenant', async (test) => {
  for (const identity of [admin, { ...admin, tenantId: defaultTenant }]) {
    const statements: { text: string; values: unknown[] }[] = [];
    await asIdentity(database.pool, identity, 'rest', async (client) => {
      const recording = {
        options: { max: 1 },
        query: (text: string, values: unknown[]) => {
          statements.push({ text, values });
          return client.query(text, values);
        },
      };
      const chime = createChime({ pool: recording as never });
      test.equal((await chime.runs.list({ limit: 50 })).length, 50);
      test.equal((await chime.events.list({ limit: 50 })).length, 50);
      test.equal((await chime.schedules.list({ tag: 'rare' })).length, identity === admin ? 0 : 3);
    });
    for (const { text, values } of statements) await looksAtFew(test, identity, text, values);
  }
});
