// Who asks: the bearer of a JWT or of an API token; without one, where nothing is set up, whoever is on this machine.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { fromCall } from '../../client/call_error.ts';
import { NotAuthenticatedError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Identity, Role } from '../identity.ts';
import { IdentityCache } from './identity_cache.ts';
import { JwtVerifier, refuseToken } from './jwt.ts';
import type { AuthSettings } from './settings.ts';

/** How API tokens begin, so that they are known from JWTs, and found where they should not be. */
const tokenPrefix = 'chime_';

/** Who everybody is as long as nothing says who may use the API: the administrator of the default tenant. */
export const localAdministrator: Identity = {
  tenantId: '00000000-0000-0000-0000-000000000001',
  userId: null,
  role: 'admin',
  name: 'local',
  expiresAt: null,
};

export interface IdentifierOptions {
  pool: pg.Pool;
  auth: AuthSettings;
  log: Logger;
  /** A clock that never goes back, in milliseconds. */
  now?: () => number;
}

export class Identifier {
  readonly #pool: pg.Pool;
  readonly #required: boolean;
  readonly #jwt: JwtVerifier | undefined;
  readonly #cache: IdentityCache;

  constructor({ pool, auth, log, now }: IdentifierOptions) {
    this.#pool = pool;
    this.#required = auth.required;
    this.#jwt = auth.jwt === undefined ? undefined : new JwtVerifier(auth.jwt, log, now);
    this.#cache = new IdentityCache(now);
  }

  /** Who that is, if it is known without asking anybody. */
  recall(authorization: string | undefined): Identity | undefined {
    if (authorization === undefined) return this.#required ? undefined : localAdministrator;
    const token = bearerOf(authorization);
    return token === undefined ? undefined : this.#cache.recall(token);
  }

  /**
   * Who that is.
   * @param authorization the header of that name, or what a client of a WebSocket sends in its place
   * @throws NotAuthenticatedError (CH041) where nobody is
   */
  async identify(authorization: string | undefined): Promise<Identity> {
    if (authorization === undefined) {
      if (!this.#required) return localAdministrator;
      throw new NotAuthenticatedError('Nobody is signed in.', {
        hint: 'Send a JWT or an API token: Authorization: Bearer <token>.',
      });
    }
    const token = bearerOf(authorization);
    if (token === undefined) throw refuseToken();
    return this.#cache.find(token, () =>
      token.startsWith(tokenPrefix) ? this.#ofApiToken(token) : this.#ofJwt(token),
    );
  }

  async close(): Promise<void> {
    await this.#jwt?.close();
  }

  async #ofJwt(token: string): Promise<Identity> {
    if (this.#jwt === undefined) throw refuseToken();
    const { tenant, subject, role, name, locale, timezone, expiresAt } = await this.#jwt.verify(token);
    const found = await this.#ask<{ tenant_id: string; user_id: string | null }>(
      'select tenant_id, user_id from chime_private.sign_in($1, $2, $3, $4, $5, $6)',
      [tenant, subject, role, name ?? null, locale ?? null, timezone ?? null],
    );
    return { tenantId: found.tenant_id, userId: found.user_id, role, name: subject, expiresAt };
  }

  async #ofApiToken(token: string): Promise<Identity> {
    const found = await this.#ask<{
      tenant_id: string;
      user_id: string | null;
      role: Role;
      name: string;
      expires_at: Date | null;
    }>('select tenant_id, user_id, role, name, expires_at from chime_private.token_identity($1)', [
      createHash('sha256').update(token).digest(),
    ]);
    return {
      tenantId: found.tenant_id,
      userId: found.user_id,
      role: found.role,
      name: found.name,
      expiresAt: found.expires_at,
    };
  }

  async #ask<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row> {
    try {
      const { rows } = await this.#pool.query<Row>(text, values);
      if (rows[0] === undefined) throw refuseToken();
      return rows[0];
    } catch (error) {
      const known = fromCall(error);
      // Whether the tenant does not exist or the user is blocked is nothing that the bearer has to know.
      throw known instanceof NotAuthenticatedError ? refuseToken(known) : known;
    }
  }
}

/** The token of a header, as RFC 6750 writes it. */
function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
}
