// Work for whoever asks: one transaction as that identity, with the library that every program uses.
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { Chime } from '../../client/chime.ts';
import { fromRow } from '../../client/rows.ts';
import { identityOf } from '../auth/authenticate.ts';
import { asIdentity } from '../identity.ts';

/** The database, as somebody who asks may use it. */
export interface Acting {
  chime: Chime;
  /** Rows of a statement, with the names of TypeScript; planned anew for the values at hand. */
  rows<T>(text: string, values?: unknown[]): Promise<T[]>;
  /** The row of a statement that finds one, by a plan that is kept; undefined where there is none. */
  row<T>(text: string, values: unknown[]): Promise<T | undefined>;
}

/** Statements by which most requests are served, each with a name under which connections keep its plan. */
const prepared = new Map<string, string>();
/** Statements whose text depends on what is given are many; those that came first are kept. */
const most = 200;

function nameOf(text: string): string | undefined {
  if (!prepared.has(text) && prepared.size < most) prepared.set(text, `chime_rest_${prepared.size}`);
  return prepared.get(text);
}

/** The same client, for statements that are planned once for each connection: for those planning takes longer than doing. */
function preparing(client: pg.ClientBase): Pick<pg.ClientBase, 'query'> {
  const query = (text: string, values: unknown[] = []) => {
    const name = nameOf(text);
    return client.query(name === undefined ? { text, values } : { name, text, values });
  };
  return { query: query as pg.ClientBase['query'] };
}

export type Act = <T>(
  request: FastifyRequest,
  work: (acting: Acting) => Promise<T>,
  options?: { readOnly?: boolean },
) => Promise<T>;

export function actingOn(pool: pg.Pool): Act {
  return (request, work, options) => {
    const identity = identityOf(request);
    const traceparent = request.trace?.traceparent ?? '';
    return asIdentity(
      pool,
      identity,
      'rest',
      (client) => {
        const kept = preparing(client);
        return work({
          chime: new Chime(kept, async () => {}, { signature: { surface: 'rest', actor: identity.name } }),
          rows: async <T>(text: string, values: unknown[] = []) =>
            (await client.query(text, values)).rows.map((row) => fromRow<T>(row)),
          row: async <T>(text: string, values: unknown[]) => {
            const [row] = (await kept.query(text, values)).rows;
            return row === undefined ? undefined : fromRow<T>(row);
          },
        });
      },
      { ...options, traceparent },
    );
  };
}
