// GET /metrics, for Prometheus: what a monitor watches. The numbers concern all tenants, so that the database says who may read them.
import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify';
import type pg from 'pg';
import { identityOf } from '../auth/authenticate.ts';
import { InstallationMetrics } from './installation.ts';
import { measureProcess } from './process.ts';

interface MetricsOptions {
  pool: pg.Pool;
  /** Finds out who asks. */
  authenticate: onRequestAsyncHookHandler;
}

/** Serves /metrics, and measures from now on: routes that are added later are measured too. */
export function mountMetrics(app: FastifyInstance, { pool, authenticate }: MetricsOptions): void {
  const installation = new InstallationMetrics(pool);
  const ours = measureProcess(app, pool);
  app.get('/metrics', { onRequest: authenticate, schema: { hide: true } }, async (request, reply) => {
    const text = await installation.text(identityOf(request));
    return reply
      .header('cache-control', 'no-store')
      .type(ours.contentType)
      .send(`${text}\n${await ours.metrics()}`);
  });
}
