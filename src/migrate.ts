// Brings a database to this version: graphile-worker's schema, migrations/, sql/, time zones, partitions. Under one lock, repeatable.
import fs from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runMigrations } from 'graphile-worker';
import { type RunnerOption, runner } from 'node-pg-migrate';
import pg from 'pg';
import { loadFunctions } from './db/functions.ts';
import { takeQueue } from './db/queue_owner.ts';
import { refuseNewer } from './db/schema_version.ts';
import { inTransaction } from './db/transaction.ts';
import { NotMigratedError } from './errors.ts';
import { packageRoot } from './package.ts';

/** "chime" in ASCII: whoever holds this advisory lock migrates. */
const lockKey = 0x6368696d65;

export interface MigrateResult {
  /** Numbered migrations that were applied, by file name. */
  applied: string[];
  /** Files of sql/ that were new or had changed; all of them are loaded then. */
  reloaded: string[];
}

/**
 * Migrates a database. Any number may call it at once: one works, the others wait for it and find nothing to do.
 * @param count apply this many numbered migrations and no functions: an older state, for tests of upgrades
 * @throws NewerDatabaseError (CH030) where a newer pgchime has migrated it
 * @throws NotMigratedError (CH031) where the role may not, or the server is too old
 */
export async function migrate(
  connectionString: string,
  { count }: { count?: number } = {},
): Promise<MigrateResult> {
  const client = new pg.Client({ connectionString, application_name: 'pgchime migrate' });
  client.on('error', () => {});
  await client.connect();
  try {
    await checkServer(client);
    // Asked for again and again and not waited for: a statement that waits would hold a snapshot, which keeps
    // CREATE INDEX CONCURRENTLY from ending in the process that has the lock.
    while (!(await tryLock(client))) await sleep(100);
    await bootstrap(client);
    await migrateQueue(client, connectionString);
    const applied = await migrateTables(client, count);
    if (count !== undefined) return { applied, reloaded: [] };
    const reloaded = await loadFunctions(client, applied.length > 0);
    await refresh(client);
    return { applied, reloaded };
  } finally {
    await client.end();
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    lockKey,
  ]);
  return rows[0]?.locked === true;
}

async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; version: string; standby: boolean }>(
    `select current_setting('server_version_num')::integer as number, current_setting('server_version') as version,
       pg_is_in_recovery() as standby`,
  );
  const server = rows[0];
  if (server === undefined || server.number < 150_000) {
    throw new NotMigratedError(`This is Postgres ${server?.version}; pgchime needs 15 or newer.`);
  }
  if (server.standby) {
    throw new NotMigratedError('This server is a standby and cannot be written to.', {
      hint: 'Connect to the primary.',
    });
  }
}

async function bootstrap(client: pg.Client): Promise<void> {
  const text = await fs.readFile(new URL('migrations/0000_bootstrap.sql', packageRoot), 'utf8');
  const known = await knownMigrations();
  try {
    await onSharedCatalog(() =>
      inTransaction(client, async () => {
        await client.query(text);
        // Asked here, because what it reads takes the rights that were just given, and a refusal undoes everything.
        await refuseNewer(client, known);
      }),
    );
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code !== '42501') throw error;
    const { rows } = await client.query<{ login: string }>('select quote_ident(current_user) as login');
    throw new NotMigratedError(`This role may not set up the roles that pgchime needs: ${message}.`, {
      hint:
        'Migrate once as a superuser, or as a role with CREATEROLE that owns the database. If the roles are there and ' +
        `belong to another role, a superuser lets this one use them: grant chime_owner, chime_queue to ${rows[0]?.login};`,
      cause: error,
    });
  }
}

/** Roles are shared by all databases of a cluster: another one that is migrated at this moment may get in the way once. */
async function onSharedCatalog(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!/concurrently updated|duplicate key/.test((error as Error).message) || attempt === 20) throw error;
      await sleep(50 * attempt);
    }
  }
}

/** graphile-worker's own migrations, as the role that owns its schema. */
async function migrateQueue(client: pg.Client, connectionString: string): Promise<void> {
  await onSharedCatalog(() => takeQueue(client));
  const pool = new pg.Pool({ connectionString, max: 1, application_name: 'pgchime migrate' });
  pool.on('error', () => {});
  pool.on('connect', (connection) => {
    connection.on('error', () => {});
    void connection.query('set role chime_queue');
  });
  try {
    await runMigrations({ pgPool: pool });
  } finally {
    await pool.end();
  }
}

async function knownMigrations(): Promise<Set<string>> {
  const files = await fs.readdir(new URL('migrations/', packageRoot));
  return new Set(files.filter((name) => name.endsWith('.sql')).map((name) => name.replace(/\.sql$/, '')));
}

async function migrateTables(client: pg.Client, count: number | undefined): Promise<string[]> {
  const dir = fileURLToPath(new URL('migrations', packageRoot));
  await client.query('set role chime_owner');
  try {
    const applied = await runner({
      dbClient: client,
      dir,
      direction: 'up',
      ...(count === undefined ? {} : { count }),
      migrationsSchema: 'chime_private',
      migrationsTable: 'migrations',
      ignorePattern: '(0000_.*|.*(?<!\\.sql))',
      singleTransaction: true,
      checkOrder: true,
      noLock: true,
      log: () => {},
    } as RunnerOption);
    return applied.map((migration) => migration.name);
  } finally {
    await client.query('reset role; reset search_path');
  }
}

/** What depends on the server or on the day, and not on the version of pgchime. */
async function refresh(client: pg.Client): Promise<void> {
  await client.query('set role chime_owner');
  try {
    await client.query(
      `insert into chime_private.timezones (name)
       select name from pg_timezone_names where name !~ '^(posix|right)/|^(posixrules|localtime|Factory)$'
       on conflict do nothing`,
    );
    await client.query('select chime_private.ensure_partitions(chime.now())');
  } finally {
    await client.query('reset role');
  }
}
