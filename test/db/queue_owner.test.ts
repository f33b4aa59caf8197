// graphile-worker that was there before pgchime: who owns its schema afterwards, and that its former owner can go on.
import fs from 'node:fs/promises';
import { Logger, runMigrations, runOnce } from 'graphile-worker';
import pg from 'pg';
import t, { type Test } from 'tap';
import { takeQueue } from '../../src/db/queue_owner.ts';
import type { NotMigratedError } from '../../src/errors.ts';
import { migrate } from '../../src/migrate.ts';
import { createLogin, query, startCluster } from '../support/cluster.ts';

const logger = new Logger(() => () => {});
const cluster = await startCluster(t);
// Its roles are there from now on, as where another database has been migrated before.
await query(cluster.url(), 'create database first');
await migrate(cluster.url('first'));

/** Who owns the schema graphile_worker and the things in it. */
const owners = async (url: string) =>
  (
    await query<{ owner: string }>(
      url,
      `select distinct pg_get_userbyid(o.owner) as owner
       from pg_namespace n, lateral (
         select n.nspowner union all
         select c.relowner from pg_class c where c.relnamespace = n.oid union all
         select y.typowner from pg_type y where y.typnamespace = n.oid union all
         select p.proowner from pg_proc p where p.pronamespace = n.oid) o(owner)
       where n.nspname = 'graphile_worker' order by owner`,
    )
  ).map((row) => row.owner);

const isMember = async (role: string, member: string) =>
  (
    await query<{ is: boolean }>(cluster.url(), `select pg_has_role('${member}', '${role}', 'member') as is`)
  )[0]?.is;

/** Fires a schedule by hand as the role chime_admin, and wants its job to be seen by chime_worker. */
async function wantJobs(test: Test, url: string): Promise<void> {
  await query(
    `${url}?options=-c%20role%3Dchime_admin`,
    "select chime.run_now(s.id) from chime.create_schedule(task => 'noop', cron => '@daily') s",
  );
  const jobs = await query(
    `${url}?options=-c%20role%3Dchime_worker`,
    "select task_identifier as task from graphile_worker.jobs where task_identifier ~ '^chime'",
  );
  test.strictSame(jobs, [{ task: 'chime_unregistered' }]);
}

async function connect(test: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  test.teardown(() => client.end());
  return client;
}

/** The first migrations of graphile-worker, as an older version of it would have run them. */
async function installOlder(url: string, last: number): Promise<void> {
  const dir = new URL('../../node_modules/graphile-worker/sql/', import.meta.url);
  const files = (await fs.readdir(dir)).sort().slice(0, last);
  await query(
    url,
    'create schema graphile_worker; create table graphile_worker.migrations (id int primary key, ts timestamptz default now() not null)',
  );
  for (const [index, name] of files.entries()) {
    const text = await fs.readFile(new URL(name, dir), 'utf8');
    await query(
      url,
      `begin; insert into graphile_worker.migrations (id) values (${index + 1}); ${text.replace(/:GRAPHILE_WORKER_SCHEMA\b/g, 'graphile_worker')}; commit`,
    );
  }
}

t.test('a superuser has installed it: nobody becomes a superuser by that', async (test) => {
  await query(cluster.url(), 'create database by_superuser');
  const url = cluster.url('by_superuser');
  await runMigrations({ connectionString: url });
  // As an earlier version did it.
  await query(url, 'grant postgres to chime_owner, chime_worker');
  await migrate(url);
  test.equal(await isMember('postgres', 'chime_worker'), false);
  test.equal(await isMember('postgres', 'chime_owner'), false);
  test.strictSame(await owners(url), ['chime_queue']);
  await wantJobs(test, url);
  await query(url, "select graphile_worker.add_job('theirs')");
  let ran = 0;
  await runOnce({ connectionString: url, logger, taskList: { theirs: async () => void ran++ } });
  test.equal(ran, 1, 'and its program goes on');
});

t.test('an ordinary role has installed it: it goes on, and its rights stay its own', async (test) => {
  const app = await createLogin(cluster, 'app', 'by_app');
  await query(cluster.url(), 'create database by_app owner app');
  const url = cluster.url('by_app');
  await installOlder(app, 12);
  await takeQueue(await connect(test, url));
  test.strictSame(await owners(url), ['chime_queue']);
  // The rest of graphile-worker's migrations come with a later version of that program.
  await runMigrations({ connectionString: app });
  const { length } = await query(app, 'select from graphile_worker.migrations');
  test.ok(length > 12);
  test.strictSame(await owners(url), ['app', 'chime_queue'], 'what they have made anew is its own');
  await migrate(url);
  test.strictSame(await owners(url), ['chime_queue'], 'until the next time');
  for (const role of ['chime_owner', 'chime_worker', 'chime_queue']) {
    test.equal(await isMember('app', role), false, role);
  }
  await wantJobs(test, url);
  await query(app, "select graphile_worker.add_job('theirs')");
  let ran = 0;
  await runOnce({ connectionString: app, logger, taskList: { theirs: async () => void ran++ } });
  test.equal(ran, 1);
});

t.test('where the role that migrates may not, it says what to run', async (test) => {
  const deployer = await createLogin(cluster, 'deployer', 'by_deployer', 'createrole');
  await query(cluster.url(), 'create database by_deployer owner deployer');
  await query(cluster.url(), 'grant chime_owner, chime_queue to deployer');
  const url = cluster.url('by_deployer');
  await runMigrations({ connectionString: url });
  const refused = await migrate(deployer).then(
    () => undefined,
    (error: NotMigratedError) => error,
  );
  test.equal(refused?.code, 'CH031');
  test.match(refused?.message, /schema graphile_worker/);
  test.match(refused?.hint, /\nalter schema graphile_worker owner to chime_queue;\n/);
  test.strictSame(await owners(url), ['postgres'], 'and nothing was changed');
  await query(url, refused?.hint?.split('\n').slice(1).join('\n') ?? '');
  await migrate(deployer);
  test.strictSame(await owners(url), ['chime_queue']);
  await wantJobs(test, url);
});

t.test('what strangers have put into the schema stays theirs', async (test) => {
  await createLogin(cluster, 'stranger', 'with_stranger');
  await query(cluster.url(), 'create database with_stranger');
  const url = cluster.url('with_stranger');
  await runMigrations({ connectionString: url });
  await query(
    url,
    `grant usage, create on schema graphile_worker to stranger;
     set role stranger;
     create function graphile_worker.borrowed() returns text language sql security definer as 'select current_user::text'`,
  );
  await migrate(url);
  test.strictSame(await owners(url), ['chime_queue', 'stranger']);
  test.equal(await isMember('chime_queue', 'stranger'), false);
});
