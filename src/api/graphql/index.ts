// GraphQL on our server: PostGraphile over the schema chime, with who asks, what a request may cost, and what is told of errors.
import './quiet.ts';
import type { IncomingHttpHeaders } from 'node:http';
import websocket from '@fastify/websocket';
import { PersistedPlugin } from '@grafserv/persisted';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type pg from 'pg';
import { postgraphile } from 'postgraphile';
import { grafserv } from 'postgraphile/grafserv/fastify/v5';
import type {} from 'postgraphile/grafserv/node';
import { ChimeError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { SecretBox } from '../../net/secret_box.ts';
import { type Identity, pgSettings } from '../identity.ts';
import type {} from '../request_trace.ts';
import { serviceOf } from './adaptor.ts';
import { schemaName } from './catalog_plugin.ts';
import { extensionsOf, makeMaskError } from './errors.ts';
import { LateSchema } from './late_schema.ts';
import { limits, limitsPlugin } from './limits.ts';
import { Feed } from './live/feed.ts';
import { livePlugin } from './live/plugin.ts';
import { nestingPlugin } from './nesting.ts';
import { OutputPlugin } from './output.ts';
import { persistedOptions } from './persisted.ts';
import { serverPreset } from './preset.ts';
import { addSockets, identityOfSocket } from './sockets.ts';
import { webhooksPlugin } from './webhooks.ts';

/**
 * Who asks: of a request by its headers, of a WebSocket also by what its client gave when it connected.
 * @throws NotAuthenticatedError (CH041) where that is nobody: HTTP 401, or the close code 4401
 */
export type Identify = (
  headers: IncomingHttpHeaders,
  connectionParams: Record<string, unknown> | null,
) => Promise<Identity>;

export interface GraphqlOptions {
  /** Connections that may become chime_user, chime_admin and chime_reporter: of the role chime_api. */
  pool: pg.Pool;
  /** A connection of its own to listen on: not through a pooler that shares connections. */
  listenConnectionString: string;
  identify: Identify;
  /** Whether a page to write queries on is served at /graphiql. */
  graphiql: boolean;
  /** Whether the schema may be asked for. */
  introspection: boolean;
  /** A directory of <id>.graphql files, or a JSON file of ids and documents: then nothing else is accepted. */
  persistedOperations?: string;
  /** What secrets of webhooks are encrypted with; without it, only webhooks that do not sign can be made. */
  secrets?: SecretBox | undefined;
  log: Logger;
  /** Where it is served; /graphql by default. */
  path?: string;
  /** How often the database is told that somebody listens, in milliseconds; 5 s by default. */
  renewEvery?: number;
  /** Subscriptions that one connection may have at once; 100 by default. */
  mostSubscriptions?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks for something of GraphQL. */
    chimeIdentity?: Identity;
  }
}

/** What GraphQL runs under: also that no plan is compiled, which for many columns takes longer than all that it does. */
const settingsOf = (identity: Identity, traceparent: string) => ({
  ...pgSettings(identity, 'graphql', traceparent),
  jit: 'off',
});

/** The request that an operation came with, over HTTP or as what a socket was opened with. */
function identityOf(context: Partial<Grafast.RequestContext>): Identity {
  const socket = context.ws?.request as unknown as object | undefined;
  const identity = socket === undefined ? context.fastifyv5?.request.chimeIdentity : identityOfSocket(socket);
  if (identity === undefined) throw new Error('An operation without anybody who asks.');
  return identity;
}

/** The trace of what an operation leads to: of a socket, which may last for days, only one that came with it. */
function traceOf(context: Partial<Grafast.RequestContext>): string {
  const socket = context.ws?.request as unknown as FastifyRequest | undefined;
  const { trace } = socket ?? context.fastifyv5?.request ?? {};
  return socket === undefined || trace?.given === true ? (trace?.traceparent ?? '') : '';
}

export interface MountedGraphql {
  /** What subscriptions are told of. */
  readonly feed: Feed;
  /** Ends subscriptions and gives everything back but the pool, which is the caller's. */
  close(): Promise<void>;
}

/** Serves GraphQL at /graphql, queries and mutations by POST, subscriptions by WebSocket. */
export async function mountGraphql(app: FastifyInstance, options: GraphqlOptions): Promise<MountedGraphql> {
  const { pool, listenConnectionString, identify, graphiql, introspection, log, path = '/graphql' } = options;
  const feed = new Feed({
    connectionString: listenConnectionString,
    pool,
    log,
    ...(options.renewEvery === undefined ? {} : { renewEvery: options.renewEvery }),
  });
  const service = serviceOf(pool, [schemaName]);
  const persisted =
    options.persistedOperations === undefined
      ? undefined
      : await persistedOptions(options.persistedOperations);
  const preset: GraphileConfig.Preset = {
    extends: [serverPreset],
    plugins: [
      livePlugin(feed),
      webhooksPlugin(options.secrets),
      limitsPlugin({ introspection }),
      OutputPlugin,
      nestingPlugin,
      ...(persisted === undefined ? [] : [PersistedPlugin]),
    ],
    pgServices: [service],
    grafserv: {
      graphqlPath: path,
      graphiql,
      graphiqlPath: '/graphiql',
      graphqlOverGET: false,
      graphiqlOnGraphQLGET: false,
      outputDataAsString: true,
      watch: false,
      websockets: false,
      maxRequestLength: limits.body,
      maskError: makeMaskError(log),
      ...persisted,
    },
    grafast: {
      explain: false,
      // Documents are bounded before they are planned; a busy machine takes seconds for one that is at the bounds.
      timeouts: { planning: 5000, execution: 30_000 },
      context: (requestContext) => ({
        pgSettings: settingsOf(identityOf(requestContext), traceOf(requestContext)),
      }),
    },
  };
  const instance = postgraphile(preset);
  const serv = instance.createServ(grafserv);
  // A schema that cannot be made is told when the server starts, and not to the first who asks.
  const late = new LateSchema({ pool, log, preset, serve: (schema) => serv.setSchema(schema) });
  await late.begin(instance.getSchema());
  if (app.websocketServer === undefined)
    await app.register(websocket, { options: { maxPayload: limits.body } });
  await app.register(async (scope) => {
    scope.decorateRequest('chimeIdentity', undefined);
    // Before a body is read: nobody's is.
    scope.addHook('onRequest', async (request: FastifyRequest, reply) => {
      if (request.method === 'POST' || request.headers.upgrade !== undefined) await late.ready();
      if (request.method !== 'POST') return;
      try {
        request.chimeIdentity = await identify(request.headers, null);
      } catch (error) {
        if (!(error instanceof ChimeError) || error.status !== 401) throw error;
        await reply
          .code(401)
          .header('www-authenticate', 'Bearer')
          .send({ errors: [{ message: error.message, extensions: extensionsOf(error) }] });
      }
    });
    await serv.addTo(scope);
    addSockets(scope, serv, { path, identify, log, mostSubscriptions: options.mostSubscriptions ?? 100 });
  });
  return {
    feed,
    async close() {
      await feed.close();
      await instance.release();
    },
  };
}
