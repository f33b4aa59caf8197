// The files of sql/: functions, views, policies. They have no history: a database gets all of them anew when any has changed.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import type pg from 'pg';
import { packageRoot } from '../package.ts';
import { inTransaction } from './transaction.ts';

interface SqlFile {
  name: string;
  text: string;
  sha256: string;
}

/** Loads all files in one transaction, if any has changed or `always`; answers the names of those that have. */
export async function loadFunctions(client: pg.Client, always: boolean): Promise<string[]> {
  const files = await readSqlFiles();
  await client.query('set role chime_owner');
  try {
    await client.query(
      'create table if not exists chime_private.loaded_files (name text primary key, sha256 text not null)',
    );
    const { rows } = await client.query<SqlFile>('select name, sha256 from chime_private.loaded_files');
    const loaded = new Map(rows.map((row) => [row.name, row.sha256]));
    const changed = files.filter((file) => loaded.get(file.name) !== file.sha256).map((file) => file.name);
    if (changed.length === 0 && !always && loaded.size === files.length) return [];
    await inTransaction(client, async () => {
      for (const file of files) {
        await client.query(file.text).catch((error: Error) => {
          throw new Error(`sql/${file.name}: ${error.message}`, { cause: error });
        });
      }
      await client.query('delete from chime_private.loaded_files');
      await client.query(
        'insert into chime_private.loaded_files select * from unnest($1::text[], $2::text[])',
        [files.map((file) => file.name), files.map((file) => file.sha256)],
      );
    });
    return changed;
  } finally {
    await client.query('reset role');
  }
}

async function readSqlFiles(): Promise<SqlFile[]> {
  const dir = new URL('sql/', packageRoot);
  const names = (await fs.readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await fs.readFile(new URL(name, dir), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/**
 * Whether a database is at this version.
 * @returns undefined where it is; otherwise what is wrong, in a sentence
 */
export async function describeLag(client: pg.ClientBase | pg.Pool): Promise<string | undefined> {
  const { rows: found } = await client.query(
    "select to_regprocedure('chime.schema_digest()') is not null as there",
  );
  if (!found[0]?.there) return 'The database has not been migrated.';
  const { rows } = await client.query<{ digest: string | null }>('select chime.schema_digest() as digest');
  const files = await readSqlFiles();
  const digest = createHash('md5')
    .update(files.map((file) => `${file.name} ${file.sha256}\n`).join(''))
    .digest('hex');
  return rows[0]?.digest === digest ? undefined : 'The database was migrated by another version of pgchime.';
}
