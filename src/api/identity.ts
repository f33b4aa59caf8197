// On whose behalf a request is served: the seam between whoever verifies a token and the database, which decides what they may see.
// Everything that a server does for somebody runs in a transaction with these settings, so that row-level security is the wall.
import type pg from 'pg';
import { hasPrepared, type Prepared, queryAfter } from '../db/together.ts';
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

const begins: Record<'true' | 'false', Prepared> = {
  true: { name: 'chime_begin_read_only', text: 'begin read only' },
  false: { name: 'chime_begin', text: 'begin' },
};

/** The statement by which a transaction takes such settings; those of the same names share its plan. */
export function applying(settings: Readonly<Record<string, string>>): Required<Prepared> {
  const names = Object.keys(settings);
  const calls = names.map((_name, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`);
  return {
    name: `chime_identity_${names.length}`,
    text: `select ${calls.join(', ')}`,
    values: Object.entries(settings).flat(),
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
  return withTransaction(pool, work, {
    begin: (client) => beginAs(client, pgSettings(identity, surface, traceparent), readOnly),
  });
}

/** Begins a transaction with these settings: in one message, once the connection has the statements. */
export async function beginAs(
  client: pg.ClientBase,
  settings: Readonly<Record<string, string>>,
  readOnly = false,
): Promise<void> {
  const begin = begins[`${readOnly}`];
  const apply = applying(settings);
  if (hasPrepared(client, [begin, apply])) {
    await queryAfter(client, [begin], apply as pg.QueryConfig);
  } else {
    await client.query(begin as pg.QueryConfig);
    await client.query(apply as pg.QueryConfig);
  }
}
