// Who may use the API, as the configuration says: checked as a whole, because its parts make sense only together.
import type { Config } from '../../config.ts';
import { InvalidConfigError } from '../../errors.ts';
import { publicKeyAlgorithms, secretAlgorithms } from '../../settings_api.ts';
import { isLoopback } from '../loopback.ts';

export interface JwtSettings {
  issuer: string;
  audience: string;
  algorithms: string[];
  /** The secret, or where the public keys are. */
  key: { secret: Uint8Array } | { jwksUrl: URL };
}

export interface AuthSettings {
  /** False: whoever reaches the server is the administrator of the default tenant, and only this machine can. */
  required: boolean;
  jwt: JwtSettings | undefined;
}

type AuthConfig = Pick<
  Config,
  'auth' | 'host' | 'jwtSecret' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience' | 'jwtAlgorithms'
>;

/**
 * Reads what the configuration says of identity.
 * @throws InvalidConfigError (CH032) naming everything that does not fit together, or an address that others can reach
 * though nobody has to say who they are
 */
export function readAuth(config: AuthConfig): AuthSettings {
  const problems = jwtProblems(config);
  const hasJwt = config.jwtSecret !== undefined || config.jwksUrl !== undefined;
  if (config.auth === 'none' && hasJwt) {
    problems.push('CHIME_AUTH is none, but JWTs are set up: leave one of them out.');
  }
  if (problems.length > 0) {
    throw new InvalidConfigError(`The configuration of the API is wrong.\n  ${problems.join('\n  ')}`, {
      hint: 'JWTs need CHIME_JWT_SECRET or CHIME_JWKS_URL, with CHIME_JWT_ISSUER and CHIME_JWT_AUDIENCE; the README has the table.',
    });
  }
  const required = config.auth === 'required' || hasJwt;
  if (!required && !isLoopback(config.host)) {
    throw new InvalidConfigError(
      `CHIME_HOST is ${config.host}, which others can reach, and nothing says who may use the API.`,
      {
        hint: 'Set CHIME_AUTH=required (programs use API tokens: chime token create), or set up JWTs (CHIME_JWT_SECRET or CHIME_JWKS_URL), or listen on 127.0.0.1.',
      },
    );
  }
  return { required, jwt: hasJwt ? jwtOf(config) : undefined };
}

function jwtProblems(config: AuthConfig): string[] {
  const { jwtSecret, jwksUrl, jwtIssuer, jwtAudience, jwtAlgorithms } = config;
  const problems: string[] = [];
  const hasKey = jwtSecret !== undefined || jwksUrl !== undefined;
  if (jwtSecret !== undefined && jwksUrl !== undefined) {
    problems.push('CHIME_JWT_SECRET and CHIME_JWKS_URL are both set: JWTs are signed in one way only.');
  }
  for (const [name, value] of [
    ['CHIME_JWT_ISSUER', jwtIssuer],
    ['CHIME_JWT_AUDIENCE', jwtAudience],
  ] as const) {
    if (hasKey && value === undefined)
      problems.push(`${name} is missing: a JWT made for another service would be taken.`);
    if (!hasKey && value !== undefined)
      problems.push(`${name} is set, but neither CHIME_JWT_SECRET nor CHIME_JWKS_URL.`);
  }
  // A public key that is taken for a secret is a secret that everybody knows: the two kinds never meet.
  const fitting: readonly string[] = jwtSecret === undefined ? publicKeyAlgorithms : secretAlgorithms;
  for (const algorithm of hasKey ? jwtAlgorithms : []) {
    if (!fitting.includes(algorithm)) {
      problems.push(
        `CHIME_JWT_ALGORITHMS has ${algorithm}, which is not for ${jwtSecret === undefined ? 'public keys' : 'a secret'}.`,
      );
    }
  }
  if (jwtSecret !== undefined) problems.push(...secretProblems(jwtSecret, jwtAlgorithms));
  if (jwksUrl !== undefined) {
    const { protocol, hostname } = new URL(jwksUrl);
    if (protocol !== 'https:' && !isLoopback(hostname)) {
      problems.push(
        'CHIME_JWKS_URL must begin with https://: whoever can change the answer on its way could sign JWTs.',
      );
    }
  }
  return problems;
}

/** A secret is at least as long as what it makes (RFC 7518, 3.2). */
function secretProblems(secret: string, algorithms: readonly string[]): string[] {
  return algorithms
    .filter((algorithm) => Buffer.byteLength(secret) < Number(algorithm.slice(2)) / 8)
    .map(
      (algorithm) =>
        `CHIME_JWT_SECRET is too short for ${algorithm}, which needs ${Number(algorithm.slice(2)) / 8} bytes.`,
    );
}

function jwtOf({ jwtSecret, jwksUrl, jwtIssuer, jwtAudience, jwtAlgorithms }: AuthConfig): JwtSettings {
  const given: string[] = [...jwtAlgorithms];
  const usual = jwtSecret === undefined ? ['RS256', 'ES256', 'EdDSA', 'Ed25519'] : ['HS256'];
  return {
    issuer: jwtIssuer as string,
    audience: jwtAudience as string,
    algorithms: given.length > 0 ? given : usual,
    key:
      jwtSecret === undefined
        ? { jwksUrl: new URL(jwksUrl as string) }
        : { secret: new TextEncoder().encode(jwtSecret) },
  };
}
