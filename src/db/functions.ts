// The files of sql/: functions, views, policies. They have no history: a database gets all of them anew when any has changed.
import type pg from 'pg';
import { recordVersion } from './schema_version.ts';
import { readSqlFiles, type SqlFile } from './sql_files.ts';
import { inTransaction } from './transaction.ts';

/** Loads all files in one transaction, if any has changed or `always`; answers the names of those that have. */
export async function loadFunctions(client: pg.Client, always: boolean): Promise<string[]> {
  const files = await readSqlFiles();
  await client.query('set role chime_owner');
  try {
    await client.query(
      'create table if not exists chime_private.loaded_files (name text primary key, sha256 text not null)',
    );
    const { rows } = await client.query<Omit<SqlFile, 'text'>>(
      'select name, sha256 from chime_private.loaded_files',
    );
    const loaded = new Map(rows.map((row) => [row.name, row.sha256]));
    const changed = files.filter((file) => loaded.get(file.name) !== file.sha256).map((file) => file.name);
    if (changed.length === 0 && !always && loaded.size === files.length) {
      await recordVersion(client);
      return [];
    }
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
      await recordVersion(client);
    });
    return changed;
  } finally {
    await client.query('reset role');
  }
}
