// Conventions that no reviewer should have to check by hand.
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { ChimeError, errorClasses } from '../../src/errors.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const library: Record<string, unknown> = { ...(await import('../../src/index.ts')) };
const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const sqlFiles = readdirSync(new URL('sql/', root)).filter((name) => name.endsWith('.sql'));

t.test('everything that users see is described', async (test) => {
  test.strictSame(
    await database.rows(
      `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('chime', 'chime_private') and obj_description(p.oid, 'pg_proc') is null`,
    ),
    [],
    'functions',
  );
  test.strictSame(
    await database.rows(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('chime', 'chime_private') and c.relkind in ('r', 'p', 'v') and not c.relispartition
         and c.relname not in ('migrations', 'loaded_files') and obj_description(c.oid, 'pg_class') is null`,
    ),
    [],
    'tables',
  );
  const obvious = [
    'id',
    'tenant_id',
    'created_at',
    'updated_at',
    'name',
    'description',
    'status',
    'dst_gap',
    'dst_fold',
    'catch_up',
    'overlap',
  ];
  test.strictSame(
    await database.rows(
      `select c.relname || '.' || a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'chime' and c.relname in ('schedules', 'runs') and a.attnum > 0 and not a.attisdropped and a.attname <> all ($1)
         and col_description(c.oid, a.attnum) is null
         and a.attname not in ('schedule_id', 'task', 'payload', 'trigger', 'error_stack', 'skip_reason', 'paused_at', 'paused_until')`,
      [obvious],
    ),
    [],
    'columns',
  );
  test.strictSame(
    await database.rows(
      `select y.typname as name from pg_type y join pg_namespace n on n.oid = y.typnamespace
       where n.nspname = 'chime' and y.typtype = 'e' and obj_description(y.oid, 'pg_type') is null`,
    ),
    [],
    'types',
  );
});

t.test('functions with the rights of their owner name the schemas they search', async (test) => {
  test.strictSame(
    await database.rows(
      `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('chime', 'chime_private') and p.prosecdef
         and not coalesce(p.proconfig::text, '') like '%search_path=pg_catalog%'`,
    ),
    [],
  );
});

t.test('no table and no view is outside the walls', async (test) => {
  test.strictSame(
    await database.rows(
      `select c.oid::regclass::text as name from pg_class c
       where c.relnamespace = 'chime'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity`,
    ),
    [],
    'tables without row-level security',
  );
  test.strictSame(
    await database.rows(
      `select c.oid::regclass::text as name, r.rolname as role
       from pg_class c, pg_roles r
       where c.relnamespace = 'chime'::regnamespace and c.relkind in ('r', 'p') and r.rolname in ('chime_user', 'chime_admin', 'chime_reporter')
         and has_any_column_privilege(r.oid, c.oid, 'select')
           <> exists (select from pg_policy p where p.polrelid = c.oid and p.polroles = array[r.oid])`,
    ),
    [],
    'who may read one has a policy for it, and nobody else',
  );
  test.strictSame(
    await database.rows("select * from pg_policies where schemaname = 'chime' and cmd <> 'SELECT'"),
    [],
    'nobody writes by a policy',
  );
  test.strictSame(
    await database.rows(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('chime', 'chime_private') and c.relkind in ('v', 'm')
         and not coalesce('security_invoker=true' = any (c.reloptions), false)`,
    ),
    [],
    'views with the rights of their owner',
  );
});

t.test('policies are made anew only where they have changed', async (test) => {
  const policies = () =>
    database.rows('select oid, polname, polrelid::regclass::text from pg_policy order by oid');
  const before = await policies();
  test.ok(before.length > 40);
  const load = async () => {
    const client = await database.connect(t);
    await client.query(`set role chime_owner; ${read('sql/91_policies.sql')}`);
  };
  await load();
  test.strictSame(await policies(), before);
  await database.rows(
    'drop policy chime_user on chime.calendars; create policy everybody on chime.runs using (true); alter table chime.tasks disable row level security',
  );
  await load();
  const shape = (rows: Record<string, unknown>[]) =>
    rows.map((row) => `${row.polrelid} ${row.polname}`).sort();
  test.strictSame(shape(await policies()), shape(before), 'what somebody else made of them does not stay');
  test.ok(await database.value("select relrowsecurity from pg_class where oid = 'chime.tasks'::regclass"));
});

t.test('no name is overloaded by accident', async (test) => {
  test.strictSame(
    await database.rows(
      `select n.nspname || '.' || p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('chime', 'chime_private') group by 1 having count(*) > 1 order by 1`,
    ),
    [{ name: 'chime.create_schedule' }, { name: 'chime.describe' }, { name: 'chime.preview' }],
    'these take `at` as text or as an instant, or a rule or the schedule that has it',
  );
});

t.test('everybody else is kept out', async (test) => {
  test.strictSame(
    await database.rows(
      `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('chime', 'chime_private') and has_function_privilege('public', p.oid, 'execute')`,
    ),
    [],
    'no function is open to the public',
  );
  test.strictSame(
    await database.rows(
      `select r.rolname, c.relname, x.privilege
       from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_roles r, unnest('{insert,update,delete,truncate,references,trigger}'::text[]) x(privilege)
       where n.nspname in ('chime', 'chime_private') and c.relkind in ('r', 'p', 'v')
         and r.rolname in ('chime_worker', 'chime_api', 'chime_user', 'chime_admin', 'chime_reporter')
         and (has_table_privilege(r.rolname, c.oid, x.privilege)
           or x.privilege in ('insert', 'update', 'references') and has_any_column_privilege(r.rolname, c.oid, x.privilege))`,
    ),
    [],
    'no role writes a table',
  );
  const client = await database.connect(t);
  await client.query('set role chime_reporter');
  await test.rejects(client.query('select * from chime_private.settings'), { code: '42501' });
  await test.rejects(client.query("select chime.create_schedule(task => 'x', cron => '@daily')"), {
    code: '42501',
  });
  await client.query('select count(*) from chime.runs');
});

t.test('errors: SQL, classes and README say the same', async (test) => {
  const raised = new Set(sqlFiles.flatMap((name) => read(`sql/${name}`).match(/(?<=')CH\d{3}(?=')/g) ?? []));
  for (const code of [...raised].sort()) test.ok(errorClasses.has(code), `${code} has a class`);
  const table = [...read('sql/README.md').matchAll(/^\| (CH\d{3}) +\| (\w+) +\| (\d+) +\|/gm)].map(
    ([, code, name, status]) => ({
      code,
      name,
      status: Number(status),
    }),
  );
  const classes = [...errorClasses.values()].map(({ code, name, status }) => ({ code, name, status }));
  test.strictSame(table, classes);
  for (const { name } of classes) test.type(library[name], 'function', `${name} is exported`);
  test.equal(new Set(classes.map(({ code }) => code)).size, classes.length, 'each code once');
  const error = new ChimeError('x');
  test.strictSame([error.code, error.status], ['CH000', 500]);
});

t.test('the entry of the package exports what the library has', async (test) => {
  const entry = (await import(new URL('index.js', root).href)) as object;
  test.strictSame(Object.keys(entry).sort(), Object.keys(library).sort());
});

t.test('SQL files are loaded in an order that is theirs alone', async (test) => {
  for (const name of sqlFiles) test.match(name, /^\d\d_[a-z_]+\.sql$/);
  for (const name of sqlFiles) test.match(read(`sql/${name}`), /^-- /, `${name} says what it is for`);
});
