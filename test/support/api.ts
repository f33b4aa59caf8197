// The HTTP server on a test database, and clients who sign in with JWTs.
import { SignJWT } from 'jose';
import type { Test } from 'tap';
import { request } from 'undici';
import { readAuth } from '../../src/api/auth/settings.ts';
import { Server, type ServerOptions } from '../../src/api/server.ts';
import { type ConfigOptions, readConfig } from '../../src/config.ts';
import type { TestDatabase } from './database.ts';
import { captureLog } from './log.ts';

export const secret = 'a secret for tests that has more than 32 bytes';
export const issuer = 'https://issuer.example';
export const audience = 'pgchime';

/** Settings by which JWTs of the tests are taken. */
export const jwtConfig: ConfigOptions = { jwtSecret: secret, jwtIssuer: issuer, jwtAudience: audience };

export type Claims = Record<string, unknown>;

/** A token as an honest issuer would make it, but for what `claims` and `header` say; null leaves a claim out. */
export async function makeJwt(
  claims: Claims = {},
  {
    key = new TextEncoder().encode(secret),
    header = {},
  }: { key?: Parameters<SignJWT['sign']>[0]; header?: object } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const usual = {
    ...{ iss: issuer, aud: audience, sub: 'ann', tenant: 'default', role: 'user' },
    ...{ iat: now, exp: now + 300 },
  };
  const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== null);
  return new SignJWT(Object.fromEntries(all)).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);
}

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
  json: any;
}

export interface CallOptions {
  /** A JWT or an API token. */
  as?: string | undefined;
  headers?: Record<string, string>;
  /** JSON, or bytes as they are. */
  body?: unknown;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Reply>;

/** Sends a request; any header may be given, such as Host. */
export async function send(
  url: string,
  method: string,
  path: string,
  { as, headers = {}, body }: CallOptions = {},
): Promise<Reply> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await request(new URL(path, url), {
    method: method as 'GET',
    headers: {
      ...(as !== undefined && { authorization: `Bearer ${as}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as string | Buffer) : JSON.stringify(body) }),
  });
  const text = await response.body.text();
  const isJson = String(response.headers['content-type']).includes('json');
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

/** Starts a server; it stops at the end of the test. */
export async function startApi(
  test: Test,
  database: Pick<TestDatabase, 'url'>,
  options: ConfigOptions = jwtConfig,
  overrides: Partial<ServerOptions> = {},
) {
  const config = readConfig({ port: 0, ...options }, {}, { text: '' });
  const captured = captureLog();
  const { host, port, corsOrigins, rateLimit, trustProxy, shutdownTimeout } = config;
  const { graphiql, introspection, persistedOperations } = config;
  const server = new Server({
    ...{ host, port, corsOrigins, rateLimit, trustProxy, shutdownTimeout },
    ...{ graphiql, introspection, persistedOperations, secrets: undefined },
    connectionString: database.url,
    auth: readAuth(config),
    log: captured.log,
    health: () => ({ status: 'ok' }),
    ...overrides,
  });
  await server.start();
  test.teardown(() => server.stop());
  const call: Call = (method, path, callOptions) => send(server.url, method, path, callOptions);
  return { server, url: server.url, call, ...captured };
}
