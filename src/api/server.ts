// The HTTP server: the application, its connections to the database, and the port that it listens on.
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Pool } from '../db/pool.ts';
import { InvalidConfigError } from '../errors.ts';
import type { Service } from '../service.ts';
import { type AppOptions, buildApp } from './app.ts';

export interface ServerOptions extends Omit<AppOptions, 'pool'> {
  connectionString: string;
  host: string;
  port: number;
  /** How long requests that are being answered may go on once it shall stop, in milliseconds. */
  shutdownTimeout: number;
}

/** So many requests use the database at once; others wait. */
const connections = 10;
/** A request does not wait longer than this for a database that is not there at the moment, in milliseconds. */
const patience = 5000;

export class Server implements Service {
  readonly name = 'server';
  readonly #options: ServerOptions;
  #app: FastifyInstance | undefined;
  #pool: Pool | undefined;
  /** Its connections, also those that have become WebSockets, which the HTTP server forgets. */
  readonly #sockets = new Set<Socket>();

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Where it listens, once it does. */
  get url(): string {
    const address = this.#app?.server.address();
    const { address: host, port } =
      typeof address === 'object' && address !== null
        ? address
        : { address: this.#options.host, port: this.#options.port };
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** Whether who asks has to say who they are. */
  get asksWho(): boolean {
    return this.#options.auth.required;
  }

  async start(): Promise<void> {
    const { host, port, connectionString } = this.#options;
    const pool = new Pool({ connectionString, name: 'pgchime api', max: connections, patience });
    this.#pool = pool;
    try {
      this.#app = await buildApp({ ...this.#options, pool });
      this.#app.server.on('connection', (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      });
      await this.#app.listen({ host, port });
    } catch (error) {
      await this.stop();
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
        throw new InvalidConfigError(`Port ${port} is taken by another program.`, {
          hint: `Choose another: PORT=${port + 1}, or --port ${port + 1}. Is pgchime running already?`,
          cause: error,
        });
      }
      throw error;
    }
  }

  /** Takes no more requests and lets those that it has end, for as long as they may. */
  async stop(): Promise<void> {
    const app = this.#app;
    const pool = this.#pool;
    const timer = setTimeout(() => this.hurry(), this.#options.shutdownTimeout);
    try {
      await app?.close();
    } finally {
      clearTimeout(timer);
      this.#app = undefined;
      this.#pool = undefined;
      if (pool !== undefined && !pool.ending) await pool.end();
    }
  }

  /** Breaks off what is not answered yet: its transactions are rolled back. */
  hurry(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#pool?.cut();
  }
}
