// A GraphQL server on a real database, as somebody asks it: over HTTP, and over WebSocket with the client that programs use.
import { once } from 'node:events';
import Fastify from 'fastify';
import { createClient } from 'graphql-ws';
import type { Test } from 'tap';
import WebSocket from 'ws';
import { type GraphqlOptions, mountGraphql } from '../../src/api/graphql/index.ts';
import type { Feed } from '../../src/api/graphql/live/feed.ts';
import type { Identity } from '../../src/api/identity.ts';
import { Pool } from '../../src/db/pool.ts';
import { NotAuthenticatedError } from '../../src/errors.ts';
import type { TestDatabase } from './database.ts';
import { type CapturedLog, captureLog } from './log.ts';

export const defaultTenant = '00000000-0000-0000-0000-000000000001';

export interface Answer {
  // Answers are as many as documents: a test says what it expects of one.
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test looks at
  data: any;
  errors?: { message: string; path?: unknown[]; extensions?: Record<string, unknown> }[];
}

export interface GraphqlServer extends CapturedLog {
  url: string;
  /** Asks as somebody; an administrator of the default tenant where nothing is said. */
  ask(query: string, variables?: Record<string, unknown>, token?: string): Promise<Answer>;
  /** The whole answer of HTTP. */
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  feed: Feed;
  /** How often a connection to the database was taken. */
  acquired(): number;
  /** Resolves when so many subscriptions are told of changes. */
  subscribed(count: number): Promise<void>;
  /** A client of WebSockets, closed at the end of the test. */
  connect(token?: string): Live;
}

/** Who a token of these tests is: everybody that it names, and nobody else. */
const identities = new Map<string, Identity>();

/** A token for somebody. */
export function tokenOf(identity: Partial<Identity> = {}): string {
  const token = `token-${identities.size}`;
  identities.set(token, {
    tenantId: defaultTenant,
    userId: null,
    role: 'admin',
    name: 'alice',
    expiresAt: null,
    ...identity,
  });
  return token;
}

export async function startGraphql(
  test: Test,
  database: TestDatabase,
  options: Partial<GraphqlOptions> = {},
): Promise<GraphqlServer> {
  const captured = captureLog();
  const app = Fastify({ logger: false, forceCloseConnections: true });
  const pool = new Pool({ connectionString: database.url, name: 'test graphql', max: 5 });
  const admin = tokenOf();
  const mounted = await mountGraphql(app, {
    pool,
    listenConnectionString: database.url,
    graphiql: true,
    introspection: true,
    log: captured.log,
    async identify(headers, connectionParams) {
      const given = connectionParams?.authorization ?? headers.authorization;
      const identity = identities.get(String(given).replace(/^Bearer /, ''));
      if (identity === undefined)
        throw new NotAuthenticatedError('The token is wrong.', { hint: 'Ask for another.' });
      return identity;
    },
    ...options,
  });
  let acquired = 0;
  pool.on('acquire', () => {
    acquired++;
  });
  let subscribed = 0;
  mounted.feed.on('subscribed', () => {
    subscribed++;
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  test.teardown(async () => {
    await mounted.close();
    await app.close();
    await pool.end();
  });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${admin}`, ...headers },
      body: JSON.stringify(body),
    });
  return {
    ...captured,
    url,
    post,
    feed: mounted.feed,
    acquired: () => acquired,
    async subscribed(count) {
      while (subscribed < count) await once(mounted.feed, 'subscribed');
    },
    async ask(query, variables, token = admin) {
      const response = await post({ query, variables }, { authorization: `Bearer ${token}` });
      return (await response.json()) as Answer;
    },
    connect: (token = admin) => new Live(test, url, token),
  };
}

/** Events of one subscription, in order. */
export class Events {
  readonly #queue: Answer[] = [];
  #waiting: (() => void) | undefined;
  ended: unknown;
  stop: () => void = () => {};
  /** What it begins with: that from there on nothing is missed. None of those that follow; a log has no such event. */
  first: Answer | undefined;

  /** How many have come and were not looked at. */
  get size(): number {
    return this.#queue.length;
  }

  push(answer: Answer): void {
    if (this.first === undefined && answer.errors === undefined && !('runLogs' in (answer.data ?? {})))
      this.first = answer;
    else this.#queue.push(answer);
    this.#wake();
  }

  end(reason: unknown): void {
    this.ended = reason ?? 'complete';
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  async next(): Promise<Answer> {
    while (this.#queue.length === 0) {
      if (this.ended !== undefined)
        throw new Error(`The subscription has ended: ${JSON.stringify(this.ended)}`);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.#queue.shift() as Answer;
  }

  /** Resolves when it has ended. */
  async finished(): Promise<unknown> {
    while (this.ended === undefined) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.ended;
  }
}

export class Live {
  readonly #client;
  /** The close code, once the server has closed the connection. */
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(test: Test, url: string, token: string) {
    let close: (event: { code: number; reason: string }) => void = () => {};
    this.closed = new Promise((resolve) => {
      close = resolve;
    });
    this.#client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
      on: { closed: (event) => close(event as { code: number; reason: string }) },
    });
    test.teardown(() => this.#client.dispose());
  }

  subscribe(query: string, variables?: Record<string, unknown>): Events {
    const events = new Events();
    events.stop = this.#client.subscribe<Record<string, unknown>>(
      { query, ...(variables === undefined ? {} : { variables }) },
      {
        next: (answer) => events.push(answer as unknown as Answer),
        error: (error) => events.end(error),
        complete: () => events.end(undefined),
      },
    );
    return events;
  }
}
