// All that is in a database, for tests of what must not change it.
import type { TestDatabase } from './database.ts';

/**
 * The rows of the tables of chime, by table.
 * @param filter which rows of a table, given its columns; undefined for none
 */
export async function rowsWhere(
  database: TestDatabase,
  filter: (columns: string[]) => string | undefined = () => 'true',
): Promise<Record<string, unknown>> {
  const tables = await database.rows<{ name: string; columns: string[] }>(
    `select c.oid::regclass::text as name, array_agg(a.attname::text) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'chime'::regnamespace and c.relkind in ('r', 'p') group by c.oid`,
  );
  const found: Record<string, unknown> = {};
  for (const { name, columns } of tables) {
    const where = filter(columns);
    if (where === undefined) continue;
    found[name] = await database.value(
      `select jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text) from ${name} t where ${where}`,
    );
  }
  return found;
}
