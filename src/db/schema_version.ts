// Which pgchime a database belongs to: compared with the one that looks at it.
import type pg from 'pg';
import { type ChimeError, NewerDatabaseError, NotMigratedError } from '../errors.ts';
import { version } from '../package.ts';
import { compareVersions } from '../semver.ts';
import { digestSqlFiles } from './sql_files.ts';

interface Loaded {
  digest: string | null;
  /** Null where it was loaded before versions were recorded. */
  version: string | null;
}

async function readLoaded(client: pg.ClientBase | pg.Pool): Promise<Loaded | undefined> {
  const { rows } = await client.query<{ digest: boolean; version: boolean }>(
    `select to_regprocedure('chime.schema_digest()') is not null as digest,
       to_regprocedure('chime.schema_version()') is not null as version`,
  );
  if (!rows[0]?.digest) return undefined;
  const { rows: loaded } = await client.query<Loaded>(
    `select chime.schema_digest() as digest, ${rows[0].version ? 'chime.schema_version()' : 'null'} as version`,
  );
  return loaded[0];
}

/**
 * Whether a database is at this version.
 * @returns undefined where it is; otherwise what is wrong, and which side has to move
 */
export async function describeLag(client: pg.ClientBase | pg.Pool): Promise<ChimeError | undefined> {
  const loaded = await readLoaded(client);
  const hint = 'Run: chime migrate';
  if (loaded === undefined) return new NotMigratedError('The database has not been migrated.', { hint });
  // Versions with the same functions are one to the database.
  if (loaded.digest === (await digestSqlFiles())) return undefined;
  if (loaded.version === null)
    return new NotMigratedError(`The database was migrated by an older pgchime; this is ${version}.`, {
      hint,
    });
  const order = compareVersions(loaded.version, version);
  if (order > 0) return newer(`it was migrated by ${loaded.version}, and this is ${version}`, loaded.version);
  return new NotMigratedError(
    order === 0
      ? `The database was migrated by pgchime ${version} as well, but with other functions.`
      : `The database was migrated by an older pgchime, ${loaded.version}; this is ${version}.`,
    { hint },
  );
}

/**
 * Refuses to migrate what a newer version has migrated: its functions would be replaced by older ones.
 * @param known names of the migrations that this version has
 * @throws NewerDatabaseError (CH030)
 */
export async function refuseNewer(client: pg.ClientBase, known: Set<string>): Promise<void> {
  const unknown = (await appliedMigrations(client)).filter((name) => !known.has(name));
  if (unknown.length > 0) throw newer(`it has ${unknown.join(', ')}`);
  const lag = await describeLag(client);
  if (lag instanceof NewerDatabaseError) throw lag;
}

async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows: present } = await client.query(
    "select to_regclass('chime_private.migrations') is not null as there",
  );
  if (!present[0]?.there) return [];
  const { rows } = await client.query<{ name: string }>(
    'select name from chime_private.migrations order by id',
  );
  return rows.map((row) => row.name);
}

function newer(reason: string, wanted = 'the version that migrated it'): NewerDatabaseError {
  return new NewerDatabaseError(`This database belongs to a newer pgchime: ${reason}.`, {
    hint: `Upgrade pgchime to ${wanted} or newer, or connect to another database.`,
  });
}

/** Records that this version has the functions of the database; one that is newer and has the same stays recorded. */
export async function recordVersion(client: pg.ClientBase): Promise<void> {
  const loaded = await readLoaded(client);
  if (loaded?.version && compareVersions(loaded.version, version) >= 0) return;
  await client.query(
    `insert into chime_private.settings (key, value) values ('version', to_jsonb($1::text))
     on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at`,
    [version],
  );
}
