// Tenants and people for tests of walls, and what each of them may do.
import type pg from 'pg';
import { asIdentity, type Identity, type Role } from '../../src/api/identity.ts';
import type { TestDatabase } from './database.ts';

export const defaultTenant = '00000000-0000-0000-0000-000000000001';

/** A person who has signed in. */
export async function person(
  database: TestDatabase,
  tenant: string,
  subject: string,
  role: Role = 'user',
): Promise<Identity & { userId: string }> {
  const { tenant_id, user_id } = await database.row<{ tenant_id: string; user_id: string }>(
    'select * from chime_private.sign_in($1, $2, $3, $2)',
    [tenant, subject, role],
  );
  return { tenantId: tenant_id, userId: user_id, role, name: subject, expiresAt: null };
}

/** Runs one statement as somebody; answers its rows. */
export function as<Row extends pg.QueryResultRow = Record<string, unknown>>(
  database: TestDatabase,
  identity: Identity,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return asIdentity(
    database.pool,
    identity,
    'rest',
    async (client) => (await client.query<Row>(sql, values)).rows,
  );
}
