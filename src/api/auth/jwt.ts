// JWTs: who says that somebody is who they are. Exactly the configured algorithms, issuer and audience; everything else is refused
// in the same words, and only the log of the server knows why.
import { jwtVerify } from 'jose';
import { z } from 'zod';
import { NotAuthenticatedError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Role } from '../identity.ts';
import { HttpError } from '../problem.ts';
import { RemoteKeys } from './jwks.ts';
import type { JwtSettings } from './settings.ts';

/** What a verified token says. */
export interface Claims {
  /** The id of a tenant, or its name. */
  tenant: string;
  subject: string;
  role: Role;
  name: string | undefined;
  locale: string | undefined;
  timezone: string | undefined;
  expiresAt: Date;
}

/** How far the clock of who signs may be off, in seconds. */
const skew = 30;
/** No honest token is longer, in characters. */
const longest = 8192;

/** Text that the database can store. */
const text = z.string().regex(/^[^\0]+$/);
// What these may be, the database knows: what is no use to it is left out.
const optionalText = text.optional().catch(undefined);

const claims = z.object({
  tenant: text.max(200),
  sub: text.max(255),
  role: z.enum(['user', 'admin', 'reporter']).default('user'),
  name: optionalText,
  locale: optionalText,
  zoneinfo: optionalText,
  exp: z.number(),
  iat: z.number().optional(),
});

export function refuseToken(cause?: unknown): NotAuthenticatedError {
  return new NotAuthenticatedError('The token is not valid, or not any more.', {
    hint: 'Send a token that is: Authorization: Bearer <token>.',
    cause,
  });
}

export class JwtVerifier {
  readonly #settings: JwtSettings;
  readonly #log: Logger;
  readonly #keys: RemoteKeys | undefined;

  constructor(settings: JwtSettings, log: Logger, now?: () => number) {
    this.#settings = settings;
    this.#log = log;
    this.#keys =
      'jwksUrl' in settings.key
        ? new RemoteKeys({ url: settings.key.jwksUrl, log, ...(now === undefined ? {} : { now }) })
        : undefined;
  }

  /**
   * Reads a token.
   * @throws NotAuthenticatedError (CH041) where anything is wrong with it
   */
  async verify(token: string): Promise<Claims> {
    try {
      if (token.length > longest) throw new Error(`it has ${token.length} characters`);
      const { issuer, audience, algorithms, key } = this.#settings;
      const options = {
        issuer,
        audience,
        algorithms,
        clockTolerance: skew,
        requiredClaims: ['exp', 'sub', 'tenant'],
      };
      const { payload } =
        this.#keys !== undefined
          ? await jwtVerify(token, this.#keys.find, options)
          : await jwtVerify(token, (key as { secret: Uint8Array }).secret, options);
      const { tenant, sub, role, name, locale, zoneinfo, exp, iat } = claims.parse(payload);
      if (iat !== undefined && iat > Date.now() / 1000 + skew) throw new Error('it was issued in the future');
      return {
        tenant,
        subject: sub,
        role,
        name,
        locale,
        timezone: zoneinfo,
        expiresAt: new Date(exp * 1000),
      };
    } catch (error) {
      if (error instanceof HttpError) throw error;
      this.#log.debug({ reason: (error as Error).message }, 'a JWT was refused');
      throw refuseToken(error);
    }
  }

  async close(): Promise<void> {
    await this.#keys?.close();
  }
}
