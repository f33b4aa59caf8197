// The database as tools use it, in a transaction that has become somebody already.
import type pg from 'pg';
import { Chime } from '../../client/chime.ts';
import { fromRow } from '../../client/rows.ts';
import { fromDatabase } from '../../errors.ts';
import type { ToolActing } from './tool.ts';

/** @param surface where changes come from, for the record, unless the transaction says it */
export function actingBy(client: pg.ClientBase, surface: string): ToolActing {
  return {
    chime: new Chime(client, async () => {}, { signature: { surface }, client }),
    async rows<T>(text: string, values: unknown[] = []) {
      const { rows } = await client.query(text, values).catch((error: unknown) => {
        throw fromDatabase(error);
      });
      return rows.map((row) => fromRow<T>(row));
    },
  };
}
