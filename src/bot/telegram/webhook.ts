// A webhook: Telegram posts updates here. One without the secret changes nothing; one with it is answered once it is stored.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from 'node-telegram-bot-api';
import { pause } from '../../db/pause.ts';
import { Pool } from '../../db/pool.ts';
import { InvalidConfigError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Service } from '../../service.ts';
import { allowedUpdates } from './incoming.ts';
import { insist } from './patience.ts';
import { receive, updateId } from './receipt.ts';

export interface WebhookOptions {
  connectionString: string;
  api: Api;
  botId: string;
  token: string;
  /** Where Telegram posts to; a proxy brings it to host and port. */
  url: string;
  host: string;
  port: number;
  log: Logger;
}

interface WebhookEvents {
  /** Updates are stored; so many of them are new. */
  received: [count: number];
  /** Telegram knows where to post to. */
  registered: [];
}

/** How long Telegram is not told again where to post, in milliseconds. */
const again = 600_000;

/** Bytes of an update; those of Telegram have some kilobytes. */
const mostBytes = 1024 * 1024;

/** What Telegram has to say with each update. Made of the token, which nobody else has either, it is the same in all processes. */
export function webhookSecret(token: string): string {
  return createHmac('sha256', token).update('pgchime webhook').digest('base64url');
}

const digest = (text: string) => createHash('sha256').update(text).digest();

export class Webhook extends EventEmitter<WebhookEvents> implements Service {
  readonly name = 'webhook';
  readonly #options: WebhookOptions;
  readonly #secret: string;
  readonly #stopped = new AbortController();
  readonly #server: http.Server;
  readonly #answering = new Set<Promise<void>>();
  #pool: Pool | undefined;
  #registering: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: WebhookOptions) {
    super();
    this.#options = options;
    this.#secret = webhookSecret(options.token);
    this.#server = http.createServer({ requestTimeout: 30_000 }, (request, response) => {
      const answering = this.#answer(request, response).finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    });
  }

  /** Where it listens, once it does. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  async start(): Promise<void> {
    const { connectionString, host, port, url, log } = this.#options;
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new InvalidConfigError(`Port ${port} is taken by another program.`, {
        hint: `Choose another for the webhook: CHIME_TELEGRAM_WEBHOOK_PORT=${port + 1}.`,
        cause: error,
      });
    }
    // Telegram waits for a minute and posts again: a request need not wait long for a database that is not there.
    this.#pool = new Pool({ connectionString, name: 'pgchime webhook', max: 4, patience: 10_000 });
    log.info({ address: this.address, url }, 'waiting for what Telegram posts');
    this.#registering = this.#register();
  }

  /** Tells Telegram where to post, and again now and then: a process that asks for updates, and ends, has deleted that. */
  async #register(): Promise<void> {
    const { api, url, log } = this.#options;
    const { signal } = this.#stopped;
    const params = { url, secret_token: this.#secret, allowed_updates: allowedUpdates };
    while (!signal.aborted) {
      const done = await insist((aborted) => api.setWebhook(params, aborted), 'setWebhook', log, signal);
      if (done !== undefined) this.emit('registered');
      await pause(again, signal);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  hurry(): void {
    this.#server.closeAllConnections();
    this.#pool?.cut();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    await this.#registering;
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.#server.closeIdleConnections();
      await closed;
    }
    await Promise.all(this.#answering);
    await this.#pool?.end();
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const status = await this.#statusOf(request).catch((error: Error) => {
      if (!request.complete) return 400;
      this.#options.log.error({ err: error }, 'an update could not be stored; Telegram sends it again');
      return 503;
    });
    // What was not read to its end would be taken for the next request.
    const close = !request.complete || this.#stopped.signal.aborted;
    response.writeHead(status, { 'content-length': 0, ...(close && { connection: 'close' }) }).end();
  }

  /** Does what a request asks for, and answers its status. */
  async #statusOf(request: http.IncomingMessage): Promise<number> {
    if (request.method !== 'POST') return 404;
    const given = request.headers['x-telegram-bot-api-secret-token'];
    if (typeof given !== 'string' || !timingSafeEqual(digest(given), digest(this.#secret))) return 401;
    const body = await bodyOf(request);
    if (body === undefined) return 413;
    let update: unknown;
    try {
      update = JSON.parse(body);
    } catch {
      return 400;
    }
    if (updateId(update) === undefined) return 400;
    const { botId, log } = this.#options;
    this.emit('received', await receive(this.#pool as Pool, botId, [update], log));
    return 200;
  }
}

/** The body of a request; undefined where it is too long. */
async function bodyOf(request: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // It is still to be answered, however long it is.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
