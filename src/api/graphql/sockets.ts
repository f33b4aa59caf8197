// Subscriptions over WebSocket, by the protocol graphql-transport-ws. A connection is somebody's, and lasts no longer than their token.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CloseCode, type ServerOptions } from 'graphql-ws';
import { makeHandler } from 'graphql-ws/use/@fastify/websocket';
import 'postgraphile';
import { type GrafservBase, makeGraphQLWSConfig } from 'postgraphile/grafserv';
import { GraphQLError } from 'postgraphile/graphql';
import type { WebSocket } from 'ws';
import { ChimeError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Identity } from '../identity.ts';
import type { Identify } from './index.ts';

export interface SocketOptions {
  path: string;
  identify: Identify;
  /** Subscriptions that one connection may have at once. */
  mostSubscriptions: number;
  log: Pick<Logger, 'debug'>;
}

interface Extra extends Record<PropertyKey, unknown> {
  socket: WebSocket;
  request: FastifyRequest;
}

type Options = ServerOptions<Record<string, unknown>, Extra>;

/** Who a connection is: by the request that it was made with, which whoever executes its operations is given. */
const identities = new WeakMap<object, Identity>();
export const identityOfSocket = (request: object): Identity | undefined => identities.get(request);

/** Longer than that no timer of Node waits. */
const longestTimer = 2 ** 31 - 1;

/** Close codes of the protocol, and what a browser shows of them. */
const unauthorized = CloseCode.Unauthorized;

export function addSockets(app: FastifyInstance, serv: GrafservBase, options: SocketOptions): void {
  const config = makeGraphQLWSConfig(serv) as unknown as Options;
  const handler: Options = {
    ...config,
    async onConnect(context) {
      const { socket, request } = context.extra;
      try {
        const identity = await options.identify(request.headers, context.connectionParams ?? null);
        identities.set(request, identity);
        if (identity.expiresAt !== null) endWhenExpired(socket, identity.expiresAt);
        return true;
      } catch (error) {
        if (!(error instanceof ChimeError) || error.status !== 401) throw error;
        socket.close(unauthorized, reasonOf(error.message));
        return false;
      }
    },
    onSubscribe(context, id, payload) {
      if (Object.keys(context.subscriptions).length > options.mostSubscriptions) {
        return [
          new GraphQLError(`A connection may have ${options.mostSubscriptions} subscriptions at once.`, {
            extensions: {
              code: 'TOO_MANY_SUBSCRIPTIONS',
              status: 429,
              details: { limit: options.mostSubscriptions },
            },
          }),
        ];
      }
      return config.onSubscribe?.(context, id, payload);
    },
  };
  const serve = makeHandler(handler as never) as (socket: WebSocket, request: FastifyRequest) => void;
  function handle(socket: WebSocket, request: FastifyRequest): void {
    serve.call(app, socket, request);
    // A client's fault, such as a message that is too large, which ws has closed the connection for: no reason to print a stack.
    socket.removeAllListeners('error');
    socket.on('error', (error) => options.log.debug({ err: error }, 'a WebSocket was closed'));
  }
  app.route({
    method: 'GET',
    url: options.path,
    handler: (_request, reply) =>
      reply
        .code(405)
        .header('allow', 'POST')
        .send({ errors: [{ message: 'Send operations by POST; a WebSocket is for subscriptions.' }] }),
    wsHandler: handle,
  });
}

function endWhenExpired(socket: WebSocket, at: Date): void {
  const wait = at.getTime() - Date.now();
  const timer = setTimeout(
    () =>
      wait > longestTimer ? endWhenExpired(socket, at) : socket.close(unauthorized, 'The token has expired.'),
    Math.max(0, Math.min(wait, longestTimer)),
  );
  socket.once('close', () => clearTimeout(timer));
}

/** A close frame holds 123 bytes. */
const reasonOf = (message: string) => Buffer.from(message).subarray(0, 120).toString();
