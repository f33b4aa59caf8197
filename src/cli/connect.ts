// The database that a command works on: the one given, or the embedded one of the data directory, started for as long as
// the command runs if nobody else runs it.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { Chime } from '../client/chime.ts';
import type { Config } from '../config.ts';
import { useEmbedded } from '../db/embedded/open.ts';
import { describeLag } from '../db/schema_version.ts';
import { TenantNotFoundError } from '../errors.ts';
import { UsageError } from './failure.ts';

/** A database to work on. */
export interface Connection {
  url: string;
  close(): Promise<void>;
}

/**
 * Finds the database.
 * @param create makes an embedded one where there is none yet
 * @param serves whether the command goes on until it is told to stop
 */
export async function findDatabase(
  config: Config,
  { create = false, serves = false } = {},
): Promise<Connection> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, close: async () => {} };
  const exists = await fs.stat(path.join(config.dataDir, 'state.json')).then(
    () => true,
    () => false,
  );
  if (!exists && !create) {
    throw new UsageError(
      `There is no database: DATABASE_URL is not set, and ${path.resolve(config.dataDir)} has no embedded one.`,
      'Start one with: chime start',
    );
  }
  return useEmbedded(config.dataDir, { serves });
}

/** Refuses a database that cannot be reached, or is not at this version: said at once, and not by whatever fails first. */
export async function checkDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'pgchime cli' });
  client.on('error', () => {});
  await client.connect();
  try {
    const lag = await describeLag(client);
    if (lag !== undefined) throw lag;
  } finally {
    await client.end();
  }
}

/** Who is logged in to this machine; a container may know no name. */
export function userName(): string | undefined {
  try {
    return os.userInfo().username;
  } catch {
    return undefined;
  }
}

/** Has every connection of a pool act for a tenant, by its id or name. */
async function actFor(pool: pg.Pool, tenant: string): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    'select t.id from chime.tenants t where t.name = $1 or t.id::text = lower($1)',
    [tenant],
  );
  const id = rows[0]?.id;
  if (id === undefined) {
    throw new TenantNotFoundError(`There is no tenant "${tenant}".`, { hint: 'See: chime tenant list' });
  }
  const setting = `select set_config('chime.tenant_id', '${id}', false)`;
  // Before any other statement of a connection: they are sent one after the other.
  pool.on('connect', (client) => void client.query(setting).catch(() => {}));
  await pool.query(setting);
}

/**
 * Runs `work` with the library on the database of this configuration.
 * @param tenant id or name of a tenant to act for, where it is not the default one
 */
export async function withChime<T>(
  config: Config,
  work: (chime: Chime, pool: pg.Pool) => Promise<T>,
  tenant?: string,
): Promise<T> {
  const connection = await findDatabase(config);
  const pool = new pg.Pool({ connectionString: connection.url, max: 2, application_name: 'pgchime cli' });
  pool.on('error', () => {});
  try {
    await checkDatabase(connection.url);
    if (tenant !== undefined) await actFor(pool, tenant);
    return await work(
      new Chime(pool, async () => {}, {
        signature: { surface: 'cli', actor: userName() },
        secretKey: config.secretKey,
      }),
      pool,
    );
  } finally {
    await pool.end();
    await connection.close();
  }
}
