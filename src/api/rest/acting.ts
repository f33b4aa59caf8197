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
  /** The trace that the request belongs to, for what it leads to. */
  trace: { traceparent?: string };
  /** Rows of a statement, with the names of TypeScript. */
  rows<T>(text: string, values?: unknown[]): Promise<T[]>;
}

export type Act = <T>(
  request: FastifyRequest,
  work: (acting: Acting) => Promise<T>,
  options?: { readOnly?: boolean },
) => Promise<T>;

export function actingOn(pool: pg.Pool): Act {
  return (request, work, options) => {
    const identity = identityOf(request);
    const { traceparent } = request.headers;
    return asIdentity(
      pool,
      identity,
      'rest',
      (client) =>
        work({
          chime: new Chime(client, async () => {}, { surface: 'rest', actor: identity.name }),
          trace: typeof traceparent === 'string' ? { traceparent } : {},
          rows: async <T>(text: string, values: unknown[] = []) =>
            (await client.query(text, values)).rows.map((row) => fromRow<T>(row)),
        }),
      options,
    );
  };
}
