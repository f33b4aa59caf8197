// A database for a test: a clone of a migrated template in which the clock can be moved. Nothing but a database that was made here ever
// gets such a clock: in any other, chime.now() is what it is.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import pg from 'pg';
import { pause } from '../db/pause.ts';
import { digestSqlFiles } from '../db/sql_files.ts';
import { migrate } from '../migrate.ts';
import { packageRoot } from '../package.ts';
import { movableNow } from './now.ts';

/** "test" in ASCII: whoever holds this advisory lock makes templates and clones. */
const lockKey = 0x74657374;
const templatePrefix = 'pgchime_test_template_';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** Makes one on this server. The role must be one that may migrate: a superuser, or one with CREATEDB and CREATEROLE. */
export async function createTestDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `pgchime_test_${randomBytes(8).toString('hex')}`;
  await onServer(serverUrl, (client) =>
    withLock(client, async () => {
      const template = await provideTemplate(client, serverUrl);
      await client.query(`create database ${name} template ${template}`);
    }),
  );
  return {
    url: named(serverUrl, name),
    drop: () =>
      onServer(serverUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

async function provideTemplate(client: pg.Client, serverUrl: string): Promise<string> {
  const name = templatePrefix + (await versionOfSources());
  const { rows } = await client.query<{ datname: string }>(
    'select datname from pg_database where starts_with(datname, $1)',
    [templatePrefix],
  );
  if (rows.some(({ datname }) => datname === name)) return name;
  // Those of other versions, and what a process left that was killed meanwhile.
  for (const { datname } of rows) await client.query(`drop database ${datname} with (force)`).catch(() => {});
  const unfinished = `${name}_unfinished`;
  await client.query(`create database ${unfinished}`);
  const url = named(serverUrl, unfinished);
  await migrate(url);
  await onServer(url, (inside) => inside.query(movableNow));
  await untilUnused(() => client.query(`alter database ${unfinished} rename to ${name}`));
  await client.query(`alter database ${name} allow_connections false`);
  return name;
}

/** Of everything that a migrated database is made of. */
async function versionOfSources(): Promise<string> {
  const hash = createHash('sha256')
    .update(await digestSqlFiles())
    .update(movableNow);
  const dir = new URL('migrations/', packageRoot);
  for (const name of (await fs.readdir(dir)).sort()) hash.update(await fs.readFile(new URL(name, dir)));
  return hash.digest('hex').slice(0, 16);
}

/** Asked for again and again: a statement that waits would hold a snapshot, which a migration may have to wait for. */
async function withLock(client: pg.Client, work: () => Promise<void>): Promise<void> {
  const tryLock = async () =>
    (await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [lockKey])).rows[0]
      ?.locked === true;
  while (!(await tryLock())) await pause(50);
  try {
    await work();
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lockKey]);
  }
}

/** A backend ends a moment after its connection is closed. */
async function untilUnused(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== '55006' || attempt === 100) throw error;
      await pause(20);
    }
  }
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'pgchime testing' });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function named(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
