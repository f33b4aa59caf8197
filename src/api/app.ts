// The HTTP application: what every request passes, and what is mounted behind that.
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type pg from 'pg';
import type { Logger } from '../log.ts';
import { version } from '../package.ts';
import { answerError, answerNonsense, notFound } from './answers.ts';
import { authenticator } from './auth/authenticate.ts';
import { Identifier } from './auth/identify.ts';
import type { AuthSettings } from './auth/settings.ts';
import { keepOthersOut, protectBrowsers } from './browsers.ts';
import { mountCalendarFeeds } from './calendar_feed.ts';
import type { Health } from './health.ts';
import { bodyLimit, limitRate, readBodies } from './limits.ts';
import { mountMcp } from './mcp.ts';
import { mountMetrics } from './metrics/mount.ts';
import { describeApi } from './openapi.ts';
import { ReadinessCheck } from './readiness.ts';
import { logRequests } from './request_log.ts';
import { traceRequests } from './request_trace.ts';
import { mountRest } from './rest/mount.ts';
import { type GraphqlSettings, serveGraphql } from './serve_graphql.ts';

export interface AppOptions extends GraphqlSettings {
  pool: pg.Pool;
  auth: AuthSettings;
  log: Logger;
  /** What /healthz tells; any status but ok is answered with 503. */
  health(): { status: Health } & Record<string, unknown>;
  corsOrigins: readonly string[];
  /** Requests a minute of one identity; 0 for any number. */
  rateLimit: number;
  /** Whose X-Forwarded-For is believed. */
  trustProxy: readonly string[];
}

/** A client that takes longer to send a request is holding a connection and nothing else, in milliseconds. */
const requestTimeout = 30_000;

/** Builds the application; it listens nowhere yet. Closing it closes all that it opened, but not the pool. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { pool, auth, log, corsOrigins } = options;
  const app = Fastify({
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: options.trustProxy.length > 0 ? [...options.trustProxy] : false,
    bodyLimit,
    requestTimeout,
    // Requests that are being answered end; connections without one do not hold up the end.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
    clientErrorHandler: answerNonsense,
    frameworkErrors: (error, request, reply) => answerError(log, error, request, reply),
  });
  app.setErrorHandler((error, request, reply) => answerError(log, error, request, reply));
  app.setValidatorCompiler((route) => {
    const check = validatorCompiler(route as Parameters<typeof validatorCompiler>[0]);
    // To a schema, no body is undefined.
    return (data) => check(data ?? undefined);
  });
  // Answers are made here, field by field; tests hold them against their schemas, and no request pays for it.
  app.setSerializerCompiler(() => JSON.stringify);
  readBodies(app);
  endConnections(app);
  traceRequests(app);
  logRequests(app, log);
  await protectBrowsers(app, corsOrigins);
  if (!auth.required) keepOthersOut(app, corsOrigins);
  await limitRate(app, options.rateLimit);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request) => {
    throw notFound(request);
  });

  const identifier = new Identifier({ pool, auth, log });
  app.addHook('onClose', () => identifier.close());
  const authenticate = authenticator(app, identifier);
  mountHealth(app, options);
  mountMetrics(app, { pool, authenticate });
  mountCalendarFeeds(app, { pool });
  await describeApi(app);
  await mountRest(app, { pool, authenticate });
  await mountMcp(app, { pool, log, authenticate });
  await serveGraphql(app, options, { identifier, authenticate });
  await app.ready();
  return app;
}

/** While it ends, an answer is the last on its connection: one that is kept alive would hold up the end. */
function endConnections(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
  // A connection that asked to become a WebSocket, and was answered instead, is the HTTP server's no more: nobody else would end it.
  app.addHook('onResponse', async (request) => {
    if (request.headers.upgrade !== undefined) request.raw.socket.destroySoon();
  });
}

function mountHealth(app: FastifyInstance, { pool, health }: AppOptions): void {
  const unlimited = { config: { rateLimit: false as const }, schema: { hide: true } };
  app.get('/healthz', unlimited, (_request, reply) => {
    const { status, ...rest } = health();
    return reply.code(status === 'ok' ? 200 : 503).send({ status, version, ...rest });
  });
  const readiness = new ReadinessCheck(pool);
  app.get('/readyz', unlimited, async (_request, reply) => {
    const { ready, ...rest } = await readiness.check();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not_ready', version, ...rest });
  });
}
