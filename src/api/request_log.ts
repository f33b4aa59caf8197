// One line for each request, for whoever looks for something: which route, not which address, because addresses may hold secrets.
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.ts';

/** Logs requests at debug, and gives each answer the id by which its line is found. */
export function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    log.debug(
      {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Number(reply.elapsedTime.toFixed(3)),
        identity: request.identity?.name ?? null,
        tenant_id: request.identity?.tenantId ?? null,
      },
      'request',
    );
  });
}
