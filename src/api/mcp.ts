// /mcp: the tools for programs that speak the Model Context Protocol, behind the same identity as all of the API.
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type pg from 'pg';
import type { Logger } from '../log.ts';
import { identityOf } from './auth/authenticate.ts';
import { HttpError } from './problem.ts';

interface McpMountOptions {
  pool: pg.Pool;
  log: Logger;
  authenticate: onRequestAsyncHookHandler;
}

/** Loaded when somebody asks for it: a server that nobody talks to in this way does not pay for it. */
function loader() {
  let loading: Promise<[typeof import('../mcp/http.ts'), typeof import('../mcp/context.ts')]> | undefined;
  return () => {
    loading ??= Promise.all([import('../mcp/http.ts'), import('../mcp/context.ts')]);
    return loading;
  };
}

export async function mountMcp(
  app: FastifyInstance,
  { pool, log, authenticate }: McpMountOptions,
): Promise<void> {
  const load = loader();
  await app.register(async (scope) => {
    scope.addHook('onRequest', authenticate);
    scope.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    scope.post('/mcp', { schema: { hide: true } }, async (request, reply) => {
      refuseBatch(request);
      const [{ answerMcp }, { contextOf }] = await load();
      const identity = identityOf(request);
      const traceparent = request.trace?.traceparent ?? '';
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const answer = await answerMcp(
        { headers: request.headers, body: request.body, signal: gone.signal },
        {
          contextFor: ({ readOnly }) => contextOf({ pool, identity, traceparent }, { readOnly }),
          onError: (error, tool) =>
            log.error({ request_id: request.id, route: '/mcp', tool, err: error }, 'a tool failed'),
        },
      );
      if (answer.contentType !== null) reply.type(answer.contentType);
      return reply
        .code(answer.status)
        .serializer((body: unknown) => body as string)
        .send(answer.body);
    });
    scope.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url: '/mcp',
      schema: { hide: true },
      handler: async ({ method }) => {
        throw new HttpError(405, 'Method not allowed', `There is no ${method} here.`, {
          hint: 'There are no sessions and no streams: POST each message.',
          headers: { allow: 'POST' },
        });
      },
    });
  });
}

/** Many calls in one request would count as one. */
function refuseBatch({ body }: FastifyRequest): void {
  if (!Array.isArray(body)) return;
  throw new HttpError(400, 'Malformed request', 'Messages are taken one by one, not in batches.', {
    hint: 'Send each in a request of its own, as the protocol does since 2025-06-18.',
  });
}
