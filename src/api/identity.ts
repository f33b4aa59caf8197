// On whose behalf a request is served: the seam between whoever verifies a token and the database, which decides what they may see.
// Everything that a server does for somebody runs in a transaction with these settings, so that row-level security is the wall.
import type pg from 'pg';
import { withTransaction } from '../db/transaction.ts';
import { NotAuthenticatedError } from '../errors.ts';

export type Role = 'user' | 'admin' | 'reporter';

export interface Identity {
  tenantId: string;
  /** Null for programs and administrators that are no person of the tenant. */
  userId: string | null;
  role: Role;
  /** Whom logs and rate limits name, and the record of changes. */
  name: string;
  /** When it has to be proved anew; null where it never has. */
  expiresAt: Date | null;
}

/** Where a request came in. */
export type Surface = 'graphql' | 'rest' | 'mcp' | 'bot';

/** What each becomes; anything else is nobody: a login that may become anything must not be talked into it. */
const roles: ReadonlyMap<string, string> = new Map([
  ['user', 'chime_user'],
  ['admin', 'chime_admin'],
  ['reporter', 'chime_reporter'],
]);

/** No request keeps a connection for longer than this with one statement. */
const statementTimeout = '10s';

/** Nor with a transaction in which nothing happens. */
const idleTimeout = '30s';

/**
 * The settings of the transaction, role included, under which requests of somebody run. All of them are always set, so that
 * nothing is taken over from whoever used the connection before.
 * @param traceparent the trace that what it leads to belongs to
 * @throws NotAuthenticatedError (CH041) for a role that there is not
 */
export function pgSettings(identity: Identity, surface: Surface, traceparent = ''): Record<string, string> {
  const role = roles.get(identity.role);
  if (role === undefined) throw new NotAuthenticatedError(`There is no role "${identity.role}".`);
  return {
    role,
    'chime.tenant_id': identity.tenantId,
    'chime.user_id': identity.userId ?? '',
    'chime.actor': identity.name,
    'chime.surface': surface,
    'chime.run_id': '',
    'chime.traceparent': traceparent,
    statement_timeout: statementTimeout,
    idle_in_transaction_session_timeout: idleTimeout,
  };
}

/**
 * Runs work in one transaction as that identity: committed if it resolves, rolled back if it rejects. The settings end with it.
 * @param options.readOnly refuses to write
 * @param options.traceparent the trace that what it leads to belongs to
 */
export async function asIdentity<T>(
  pool: pg.Pool,
  identity: Identity,
  surface: Surface,
  work: (client: pg.PoolClient) => Promise<T>,
  { readOnly = false, traceparent = '' }: { readOnly?: boolean; traceparent?: string } = {},
): Promise<T> {
  return withTransaction(
    pool,
    async (client) => {
      const settings = Object.entries(pgSettings(identity, surface, traceparent));
      await client.query({
        // Planned once for each connection: it is part of every request.
        name: 'chime_identity',
        text: 'select set_config(s.name, s.value, true) from unnest($1::text[], $2::text[]) s(name, value)',
        values: [settings.map(([name]) => name), settings.map(([, value]) => value)],
      });
      return work(client);
    },
    { readOnly },
  );
}
