// Connections that get over what happens to connections: refused while Postgres restarts, cut, or silent for ever.
import type { Socket } from 'node:net';
import pg from 'pg';
import { pause } from './pause.ts';

export interface PoolOptions {
  connectionString: string;
  /** Shown in pg_stat_activity. */
  name: string;
  /** At most this many connections. */
  max: number;
  /** How long to go on asking for a connection that cannot be had, in milliseconds. */
  patience?: number;
  /** A statement without a word from the server for this long has lost its connection, in milliseconds. */
  silence?: number;
  /** Settings of Postgres for each connection. */
  settings?: Record<string, string>;
}

const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  '53300', // too many connections
  '57P01', // terminated by an administrator
  '57P02', // crash of another backend
  '57P03', // starting up or shutting down
  '08000',
  '08003',
  '08006',
]);

/** Whether an error says that the connection, and not the statement, is at fault: a new connection may do better. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: unknown }).code;
  if (typeof code === 'string' && transientCodes.has(code)) return true;
  return /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when trying to connect|the connection fell silent)/i.test(
    error.message,
  );
}

/**
 * Whether the same statement may do better later: the connection is at fault, or the server at the moment. Deadlocks,
 * a full disk, locks, an administrator, a server that only reads, its own defects.
 */
export function isTransient(error: unknown): boolean {
  if (isConnectionError(error)) return true;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^(?:25006|(?:40|53|55|57|58|XX)[0-9A-Z]{3})$/.test(code);
}

function streamOf(client: pg.Client | pg.PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

/** Ends a connection at once, whatever it is doing: making itself, too. */
export function destroy(client: pg.Client | pg.PoolClient, reason?: Error): void {
  streamOf(client).destroy(reason);
}

/** Destroys a connection that owes an answer and gives no sign of life, so that its statement fails and can be tried anew. */
export function watchSilence(client: pg.Client | pg.PoolClient, silence: number): void {
  const stream = streamOf(client);
  stream.setTimeout(silence, () => {
    const idle = (client as unknown as { readyForQuery?: boolean }).readyForQuery === true;
    if (!idle) stream.destroy(new Error('the connection fell silent'));
  });
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

const notWaited = 'the database is not waited for any more';

/** A pool whose connect() waits for a database that is not there at the moment. */
export class Pool extends pg.Pool {
  readonly #clients: Set<pg.Client>;
  readonly #cut = new AbortController();
  #patience: number;
  #closing = false;

  constructor({
    connectionString,
    name,
    max,
    patience = 120_000,
    silence = 20_000,
    settings = {},
  }: PoolOptions) {
    // Its own list: the pool tells nobody of connections that are being made.
    const clients = new Set<pg.Client>();
    class TrackedClient extends pg.Client {
      constructor(config?: string | pg.ClientConfig) {
        super(config);
        clients.add(this);
        this.once('end', () => clients.delete(this));
      }
    }
    super({
      connectionString,
      Client: TrackedClient as never,
      max,
      application_name: name,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 30_000,
      onConnect: async (client) => {
        watchSilence(client as pg.Client, silence);
        for (const [setting, value] of Object.entries(settings))
          await client.query('select set_config($1, $2, false)', [setting, value]);
      },
    });
    this.#clients = clients;
    this.#patience = patience;
    // Errors of idle connections are no news: the pool replaces them. Without a listener they would end the process.
    this.on('error', () => {});
    this.on('connect', (client) => client.on('error', () => {}));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return this.#connectPatiently();
    if (this.#cut.signal.aborted) callback(new Error(notWaited), undefined, () => {});
    else super.connect(callback);
    return undefined;
  }

  async #connectPatiently(): Promise<pg.PoolClient> {
    const began = performance.now();
    for (let attempt = 0; ; attempt++) {
      if (this.#cut.signal.aborted) throw new Error(notWaited);
      try {
        return await super.connect();
      } catch (error) {
        const wait = Math.min(2000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2);
        const waited = performance.now() + wait - began;
        if (this.#closing || !isConnectionError(error) || waited > this.#patience) throw error;
        await pause(wait, this.#cut.signal);
      }
    }
  }

  /** From now on nobody waits longer than this for a connection, in milliseconds. */
  hasten(patience: number): void {
    this.#patience = Math.min(this.#patience, patience);
  }

  /** Nothing waits for the database any more: what is under way fails, and so does what is still asked. */
  cut(): void {
    this.#cut.abort();
    for (const client of this.#clients) destroy(client, new Error(notWaited));
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    this.#closing = true;
    if (callback === undefined) return super.end();
    super.end(callback);
    return undefined;
  }
}
