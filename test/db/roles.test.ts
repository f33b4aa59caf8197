// Who may migrate: a login that is no superuser but may create roles and owns its database.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { tick } from '../../src/db/calls.ts';
import { migrate } from '../../src/migrate.ts';
import { createLogin, query, startCluster } from '../support/cluster.ts';
import { TestDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { startWorker, task } from '../support/worker.ts';

const cluster = await startCluster(t);

t.test('a login with CREATEROLE that owns the database needs nothing else', async (test) => {
  const url = await createLogin(cluster, 'deployer', 'deployed', 'createrole');
  await query(cluster.url(), 'create database deployed owner deployer');
  const { applied } = await migrate(url);
  test.ok(applied.length > 0);
  test.strictSame(await migrate(url), { applied: [], reloaded: [] }, 'and again');

  const database = new TestDatabase(url);
  test.teardown(() => database.pool.end());
  const { finished } = await startWorker(test, database, [task('greet', () => 'hello')]);
  const at = new Date(Date.now() + 1000).toISOString();
  await database.row('select * from chime.create_schedule(task => $1, at => $2)', ['greet', at]);
  const now = await MovableNow.install(database, at);
  const { fired } = await tick(database.pool, randomUUID(), 'test', 10);
  test.equal(fired, 1);
  await now.release();
  const [run] = await finished(1);
  test.equal(run?.summary, 'hello');
});

t.test('roles that another login has made: it says who has to let this one use them', async (test) => {
  const url = await createLogin(cluster, 'Second', 'second', 'createrole');
  await query(cluster.url(), 'create database second owner "Second"');
  await test.rejects(migrate(url), {
    code: 'CH031',
    hint: /a superuser lets this one use them: grant chime_owner, chime_queue to "Second";/,
  });
  await query(cluster.url(), 'grant chime_owner, chime_queue to "Second"');
  test.ok((await migrate(url)).applied.length > 0);
});

t.test('a login that may not create roles, where there are none of ours yet', async (test) => {
  const fresh = await startCluster(test);
  const url = await createLogin(fresh, 'plain', 'plain');
  await query(fresh.url(), 'create database plain owner plain');
  await test.rejects(migrate(url), {
    code: 'CH031',
    message: /may not set up the roles/,
    hint: /CREATEROLE/,
  });
});
