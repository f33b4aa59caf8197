// GraphQL behind what every request passes: who asks is known and counted before an operation is read.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import { NotAuthenticatedError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { SecretBox } from '../net/secret_box.ts';
import type { Identifier } from './auth/identify.ts';
import { mountGraphql } from './graphql/index.ts';

export interface GraphqlSettings {
  /** Where to listen for changes: not through a pooler that shares connections. */
  connectionString: string;
  graphiql: boolean;
  introspection: boolean;
  persistedOperations: string | undefined;
  /** What secrets of webhooks are encrypted with. */
  secrets: SecretBox | undefined;
}

interface Identifying {
  identifier: Identifier;
  authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

/** What the page to write operations on may do: its script is partly in the page, its editor works in workers. */
const pagePolicy = [
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; font-src 'self' data:; img-src 'self' data:",
  "connect-src 'self' ws: wss:; worker-src 'self' blob:; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'",
].join('; ');

export async function serveGraphql(
  app: FastifyInstance,
  { pool, log, ...settings }: GraphqlSettings & { pool: pg.Pool; log: Logger },
  { identifier, authenticate }: Identifying,
): Promise<void> {
  const { connectionString, graphiql, introspection, persistedOperations, secrets } = settings;
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      // A WebSocket may say it later, in its first message.
      if (request.method === 'POST') await authenticate(request, reply).catch(unlessNobody);
      if (request.routeOptions.url === '/graphiql') reply.header('content-security-policy', pagePolicy);
    });
    const graphql = await mountGraphql(scope, {
      ...{ pool, log, graphiql, introspection, secrets, listenConnectionString: connectionString },
      ...(persistedOperations !== undefined && { persistedOperations }),
      identify: (headers, params) =>
        identifier.identify(headers.authorization ?? textOf(params, 'authorization')),
    });
    scope.addHook('onClose', () => graphql.close());
  });
}

/** That nobody is signed in is said by GraphQL, in its own form. */
function unlessNobody(error: unknown): void {
  if (!(error instanceof NotAuthenticatedError)) throw error;
}

/** What a client gave when it connected, whatever it calls it. */
function textOf(params: Record<string, unknown> | null, name: string): string | undefined {
  const found = Object.entries(params ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === 'string' ? found : undefined;
}
