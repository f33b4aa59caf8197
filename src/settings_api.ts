// The settings of the HTTP server: who may use it, and how much.
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { setting } from './setting.ts';

const flag = z.union([z.boolean(), z.stringbool()]).describe('true or false, yes or no, on or off, 1 or 0');

/** A comma-separated list, each element checked. */
function list<T extends z.ZodType<string, string>>(element: T) {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(element));
}

/** Algorithms by the kind of key that they need; the first is the default for a secret, and three for a JWKS. */
export const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const;
export const publicKeyAlgorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const;

const origin = z.string().refine((text) => {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}, 'an origin is like https://example.com or http://localhost:3000, with nothing behind it');

const proxy = z
  .string()
  .refine(
    (text) => ipaddr.isValid(text) || ipaddr.isValidCIDR(text),
    'a proxy is an address, or a network such as 10.0.0.0/8',
  );

export const apiSettings = {
  auth: setting(
    'CHIME_AUTH',
    '--auth <who>',
    'none: whoever is on this machine, and no address of others; required: with a JWT or an API token; required by default where JWTs are set up',
    z.enum(['none', 'required']).optional(),
  ),
  jwtSecret: setting(
    'CHIME_JWT_SECRET',
    null,
    'the secret that JWTs are signed with, 32 bytes or more; CHIME_JWT_SECRET_FILE may name a file that holds it',
    z
      .string()
      .refine(
        (text) => Buffer.byteLength(text) >= 32,
        'it must have 32 bytes or more, as of: openssl rand -base64 48',
      )
      .optional(),
    { inFile: true },
  ),
  jwksUrl: setting(
    'CHIME_JWKS_URL',
    '--jwks-url <url>',
    'where the public keys are that JWTs are signed with, instead of a secret',
    z.url({ protocol: /^https?$/ }).optional(),
  ),
  jwtIssuer: setting(
    'CHIME_JWT_ISSUER',
    '--jwt-issuer <iss>',
    'the only issuer (iss) whose JWTs are taken',
    z.string().min(1).optional(),
  ),
  jwtAudience: setting(
    'CHIME_JWT_AUDIENCE',
    '--jwt-audience <aud>',
    'the audience (aud) that JWTs must be made for',
    z.string().min(1).optional(),
  ),
  jwtAlgorithms: setting(
    'CHIME_JWT_ALGORITHMS',
    '--jwt-algorithms <names>',
    'the only algorithms of JWTs, comma-separated; HS256 by default, RS256, ES256 and EdDSA with a JWKS',
    list(z.enum([...secretAlgorithms, ...publicKeyAlgorithms])),
  ),
  corsOrigins: setting(
    'CHIME_CORS_ORIGINS',
    '--cors-origins <origins>',
    'origins, comma-separated, whose pages may use the API; none by default',
    list(origin),
  ),
  rateLimit: setting(
    'CHIME_RATE_LIMIT',
    '--rate-limit <number>',
    'how many requests a minute one identity may make, 0 for any number',
    z.coerce.number().int().min(0).max(10_000_000).default(6000),
  ),
  trustProxy: setting(
    'CHIME_TRUST_PROXY',
    '--trust-proxy <addresses>',
    'proxies, comma-separated addresses or networks, whose X-Forwarded-For tells who asks; none by default',
    list(proxy),
  ),
  publicUrl: setting(
    'CHIME_PUBLIC_URL',
    '--public-url <url>',
    'where people reach this server, as https://chime.example.com; addresses of calendars to subscribe to begin with it',
    z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
  ),
  graphiql: setting(
    'CHIME_GRAPHIQL',
    '--no-graphiql',
    'do not serve the page to write GraphQL on, /graphiql',
    flag.default(true),
  ),
  introspection: setting(
    'CHIME_INTROSPECTION',
    '--no-introspection',
    'do not let clients of GraphQL ask for its schema, which the page needs',
    flag.default(true),
  ),
  persistedOperations: setting(
    'CHIME_PERSISTED_OPERATIONS',
    '--persisted-operations <path>',
    'the only operations of GraphQL that are taken: a directory of <id>.graphql files, or a JSON file of ids and documents',
    z.string().min(1).optional(),
  ),
} as const;
