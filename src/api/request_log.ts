// One line for each request, for whoever looks for something: which route, not which address, because addresses may hold secrets.
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.ts';

/** What takes longer is worth a line in any case, in milliseconds. */
const slow = 1000;

/** Logs requests, at info those that failed here or were slow, else at debug; and gives each answer the id by which its line is found. */
export function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status, elapsedTime } = reply;
    log[status >= 500 || elapsedTime > slow ? 'info' : 'debug'](
      {
        request_id: request.id,
        trace_id: request.trace?.traceId ?? null,
        method: request.method,
        route: request.routeOptions.url ?? null,
        status,
        ms: Number(elapsedTime.toFixed(3)),
        identity: request.identity?.name ?? null,
        tenant_id: request.identity?.tenantId ?? null,
      },
      'request',
    );
  });
}
