// /api/v1: every resource, for who is signed in.
import type { FastifyInstance, HTTPMethods, onRequestAsyncHookHandler } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type pg from 'pg';
import { HttpError } from '../problem.ts';
import { actingOn } from './acting.ts';
import { deliveryRoutes, inboxRoutes } from './deliveries.ts';
import { eventRoutes } from './events.ts';
import { runRoutes } from './runs.ts';
import { taskControlRoutes } from './task_control.ts';
import { taskRoutes } from './tasks.ts';

/** An application whose requests have the types of their schemas. */
export type RestApp = FastifyInstance<
  FastifyInstance['server'],
  Parameters<FastifyInstance['routing']>[0],
  Parameters<FastifyInstance['routing']>[1],
  FastifyInstance['log'],
  ZodTypeProvider
>;

export interface RestOptions {
  pool: pg.Pool;
  /** Finds out who asks. */
  authenticate: onRequestAsyncHookHandler;
}

export async function mountRest(app: FastifyInstance, { pool, authenticate }: RestOptions): Promise<void> {
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', authenticate);
      scope.addHook('onRequest', async (_request, reply) => {
        // What one may see is for nobody else, and may be another the next moment.
        reply.header('cache-control', 'no-store');
      });
      const known = methodsOf(scope);
      const act = actingOn(pool);
      const rest = scope.withTypeProvider<ZodTypeProvider>();
      taskRoutes(rest, act);
      taskControlRoutes(rest, act);
      runRoutes(rest, act);
      eventRoutes(rest, act);
      deliveryRoutes(rest, act);
      inboxRoutes(rest, act);
      refuseOtherMethods(scope, known);
    },
    { prefix: '/api/v1' },
  );
}

const methods: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods of each address, filled as routes are added. */
function methodsOf(app: FastifyInstance): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ routePath, method }) => {
    const set = known.get(routePath) ?? new Set();
    for (const each of [method].flat()) set.add(each);
    known.set(routePath, set);
  });
  return known;
}

/** An address that is there answers a method that it does not have with those that it has, and not as if it were not there. */
function refuseOtherMethods(app: FastifyInstance, known: Map<string, Set<string>>): void {
  for (const [url, has] of [...known]) {
    const allow = [...has].join(', ');
    app.route({
      method: methods.filter((method) => !has.has(method)),
      url,
      schema: { hide: true },
      handler: async ({ method }) => {
        throw new HttpError(405, 'Method not allowed', `There is no ${method} here.`, {
          hint: `There is: ${allow}.`,
          headers: { allow },
        });
      },
    });
  }
}
