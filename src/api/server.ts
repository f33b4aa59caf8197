// The HTTP server. For now it says that the process is there; the API is mounted on it.
import Fastify, { type FastifyInstance } from 'fastify';
import { InvalidConfigError } from '../errors.ts';
import { version } from '../package.ts';
import type { Service } from '../service.ts';
import type { Health } from './health.ts';

export interface ServerOptions {
  host: string;
  port: number;
  /** What /healthz tells; any status but ok is answered with 503. */
  health(): { status: Health } & Record<string, unknown>;
}

export class Server implements Service {
  readonly name = 'server';
  readonly #options: ServerOptions;
  #app: FastifyInstance | undefined;

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

  async start(): Promise<void> {
    const { host, port, health } = this.#options;
    const app = Fastify({ logger: false, forceCloseConnections: true });
    app.get('/healthz', (_request, reply) => {
      const { status, ...rest } = health();
      return reply.code(status === 'ok' ? 200 : 503).send({ status, version, ...rest });
    });
    try {
      await app.listen({ host, port });
    } catch (error) {
      await app.close();
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
        throw new InvalidConfigError(`Port ${port} is taken by another program.`, {
          hint: `Choose another: PORT=${port + 1}, or --port ${port + 1}. Is pgchime running already?`,
          cause: error,
        });
      }
      throw error;
    }
    this.#app = app;
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
  }
}
