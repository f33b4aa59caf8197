// Migrating: fresh, repeated, two at once, from an older state, half-way failures, a database that is too new.
import fs from 'node:fs/promises';
import pg from 'pg';
import t, { type Test } from 'tap';
import { describeLag } from '../../src/db/schema_version.ts';
import { NewerDatabaseError } from '../../src/errors.ts';
import { migrate } from '../../src/migrate.ts';
import { version } from '../../src/package.ts';
import { describeCatalog, readSnapshot, writeSnapshot } from '../support/catalog.ts';
import { createEmptyDatabase } from '../support/database.ts';

async function connect(test: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  test.teardown(() => client.end());
  return client;
}

t.test('a fresh install is what the committed snapshot says', async (test) => {
  const url = await createEmptyDatabase(test);
  const result = await migrate(url);
  test.ok(result.applied.length >= 4 && result.reloaded.length >= 20);
  const client = await connect(test, url);
  const catalog = await describeCatalog(client);
  if (process.env.UPDATE_SNAPSHOT === '1') await writeSnapshot(catalog);
  test.equal(
    catalog,
    await readSnapshot(),
    'if the change is meant: UPDATE_SNAPSHOT=1 npm test -- test/db/migrate.test.ts',
  );
  test.equal(await describeLag(client), undefined);
});

t.test('a second time there is nothing to do', async (test) => {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  const client = await connect(test, url);
  const before = await describeCatalog(client);
  test.strictSame(await migrate(url), { applied: [], reloaded: [] });
  test.equal(await describeCatalog(client), before);
});

t.test('several at once are one', async (test) => {
  const url = await createEmptyDatabase(test);
  const results = await Promise.all(Array.from({ length: 4 }, () => migrate(url)));
  test.equal(results.filter((result) => result.applied.length > 0).length, 1);
  const client = await connect(test, url);
  test.equal(await describeCatalog(client), await readSnapshot());
});

t.test('an upgrade from each older state ends where a fresh install does', async (test) => {
  const snapshot = await readSnapshot();
  const all = (await fs.readdir(new URL('../../migrations/', import.meta.url)))
    .filter((name) => !name.startsWith('0000_'))
    .map((name) => name.replace(/\.sql$/, ''))
    .sort();
  for (const last of [1, 2, 3, 4, 5]) {
    const url = await createEmptyDatabase(test);
    await migrate(url, { count: last });
    const client = await connect(test, url);
    test.equal((await describeLag(client))?.code, 'CH031');
    const result = await migrate(url);
    test.strictSame(result.applied, all.slice(last));
    test.equal(await describeCatalog(client), snapshot, `from ${all[last - 1]}`);
  }
});

t.test('functions of an older version are replaced, and their leftovers are gone', async (test) => {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  const client = await connect(test, url);
  await client.query(`
    set role chime_owner;
    create or replace function chime.now() returns timestamptz language sql volatile as $$ select now() $$;
    update chime_private.loaded_files set sha256 = 'older' where name = '01_now.sql';
    reset role`);
  test.match((await describeLag(client))?.message, /as well, but with other functions/);
  test.strictSame((await migrate(url)).reloaded, ['01_now.sql']);
  test.equal(await describeCatalog(client), await readSnapshot());
});

t.test('a file that fails leaves nothing behind', async (test) => {
  const url = await createEmptyDatabase(test);
  const client = await connect(test, url);
  // Something in the way of a table of the third migration.
  await client.query('create schema chime; create type chime.dst_fold_policy as enum ()');
  await test.rejects(migrate(url));
  const { rows } = await client.query(
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'chime'",
  );
  test.strictSame(rows, [], 'no table of the migrations before it either');
  await client.query('drop schema chime cascade');
  await migrate(url);
  test.equal(await describeCatalog(client), await readSnapshot(), 'and the way is free afterwards');
});

t.test('a database that is newer than the code', async (test) => {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  const client = await connect(test, url);
  await client.query(
    "insert into chime_private.migrations (name, run_on) values ('9999_from_the_future', now())",
  );
  await test.rejects(migrate(url), NewerDatabaseError);
  await test.rejects(migrate(url), { code: 'CH030', message: /9999_from_the_future/ });
});

/** A migrated database as another version would have left it: with a function of its own. */
async function migratedBy(test: Test, version: string | null): Promise<{ url: string; client: pg.Client }> {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  const client = await connect(test, url);
  await client.query(`
    set role chime_owner;
    create or replace function chime.now() returns timestamptz language sql volatile as $$ select now() $$;
    update chime_private.loaded_files set sha256 = 'another' where name = '01_now.sql';
    reset role`);
  await client.query(
    version === null
      ? "delete from chime_private.settings where key = 'version'"
      : `update chime_private.settings set value = to_jsonb('${version}'::text) where key = 'version'`,
  );
  return { url, client };
}

const nowBody = async (client: pg.Client) =>
  (
    await client.query("select prosrc from pg_proc where oid = 'chime.now()'::regprocedure")
  ).rows[0].prosrc.trim();

t.test('functions of a newer version are not replaced by older ones', async (test) => {
  const { url, client } = await migratedBy(test, '99.1.0');
  const lag = await describeLag(client);
  test.equal(lag?.code, 'CH030');
  test.match(lag?.message, /belongs to a newer pgchime: it was migrated by 99\.1\.0, and this is /);
  test.match(lag?.hint, /^Upgrade pgchime to 99\.1\.0 or newer/);
  await test.rejects(migrate(url), { code: 'CH030', message: /99\.1\.0/ });
  test.equal(await nowBody(client), 'select now()');
});

t.test('functions of an older version are, whether it is known or not', async (test) => {
  for (const older of ['0.0.1', `${version}-rc.1`, null]) {
    const { url, client } = await migratedBy(test, older);
    const lag = await describeLag(client);
    test.equal(lag?.code, 'CH031');
    test.match(lag?.message, /by an older pgchime/);
    test.equal(lag?.hint, 'Run: chime migrate');
    test.strictSame((await migrate(url)).reloaded, ['01_now.sql']);
    test.not(await nowBody(client), 'select now()');
    const { rows } = await client.query('select chime.schema_version() as version');
    test.strictSame(rows, [{ version }]);
  }
});

t.test('a version with the same functions is no newer to the database', async (test) => {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  const client = await connect(test, url);
  await client.query(`update chime_private.settings set value = '"99.1.0"' where key = 'version'`);
  test.equal(await describeLag(client), undefined);
  test.strictSame(await migrate(url), { applied: [], reloaded: [] });
  const { rows } = await client.query('select chime.schema_version() as version');
  test.strictSame(rows, [{ version: '99.1.0' }], 'and it stays the one that has it');
});
