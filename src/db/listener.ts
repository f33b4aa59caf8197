// LISTEN on a connection of its own, and the certainty that it works: a probe sent over another connection must come
// back. Behind a pooler that shares connections it never does; then `works` is false, and the owner has to poll.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import pg from 'pg';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';
import { pause } from './pause.ts';
import { destroy, watchSilence } from './pool.ts';

const probeChannel = 'chime_probe';

export interface ListenerOptions {
  connectionString: string;
  channel: string;
  /** Where probes are sent from: another connection than the one that listens. */
  pool: Pick<pg.Pool, 'query'>;
  log: Logger;
  /** Between two probes, in milliseconds. */
  probeInterval?: number;
  /** How long a probe may take before the connection counts as dead, in milliseconds. */
  probeTimeout?: number;
}

interface ListenerEvents {
  /** A notification arrived. */
  notify: [payload: string];
  /** Notifications may have been missed: look for yourself. */
  gap: [];
  /** Whether notifications get through has changed. */
  changed: [works: boolean];
}

export class Listener extends EventEmitter<ListenerEvents> implements Service {
  readonly name = 'listener';
  readonly #options: Required<ListenerOptions>;
  readonly #stopped = new AbortController();
  #works = false;
  #warned = false;
  #loop: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    super();
    this.#options = { probeInterval: 10_000, probeTimeout: 2_000, ...options };
  }

  /** Whether notifications get through at the moment. */
  get works(): boolean {
    return this.#works;
  }

  /** Resolves when the first attempt to listen has succeeded or failed; it goes on trying. */
  async start(): Promise<void> {
    const first = once(this, 'changed');
    this.#loop = this.#listenForEver();
    await first;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #listenForEver(): Promise<void> {
    for (let failures = 0; !this.#stopped.signal.aborted; failures++) {
      const began = performance.now();
      const reason = await this.#listenOnce();
      if (performance.now() - began > 30_000) failures = 0;
      this.#set(false);
      if (this.#stopped.signal.aborted) return;
      this.#options.log.debug({ reason }, 'the listening connection ended');
      await pause(Math.min(30_000, 100 * 2 ** failures), this.#stopped.signal);
    }
  }

  /** Listens until the connection ends or fails a probe; answers why. */
  async #listenOnce(): Promise<string> {
    const { connectionString, channel, probeInterval, probeTimeout, pool } = this.#options;
    const { signal } = this.#stopped;
    const client = new pg.Client({
      connectionString,
      application_name: 'pgchime listen',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    const probes = new Map<string, AbortController>();
    const ended = new Promise<string>((resolve) => {
      client.on('error', (error) => resolve(error.message));
      client.on('end', () => resolve('it was closed'));
    });
    client.on('notification', ({ channel: from, payload = '' }) => {
      // Anybody may notify on this channel, with any payload: it is looked up and never an event's name.
      if (from === probeChannel) probes.get(payload)?.abort();
      else this.emit('notify', payload);
    });
    // Stopping does not wait for a server that does not answer.
    const giveUp = () => destroy(client);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await client.connect();
      watchSilence(client, 10_000);
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      await client.query(`listen ${probeChannel}`);
      signal.removeEventListener('abort', giveUp);
      while (!signal.aborted) {
        const token = randomUUID();
        const arrived = new AbortController();
        probes.set(token, arrived);
        await pool.query('select pg_notify($1, $2)', [probeChannel, token]);
        await pause(probeTimeout, AbortSignal.any([signal, arrived.signal]));
        probes.delete(token);
        if (!arrived.signal.aborted) {
          if (signal.aborted) break;
          this.#warn();
          return 'a probe did not arrive';
        }
        this.#set(true);
        const reason = await Promise.race([ended, pause(probeInterval, signal)]);
        if (reason !== undefined) return reason;
      }
      return 'stopping';
    } catch (error) {
      return (error as Error).message;
    } finally {
      signal.removeEventListener('abort', giveUp);
      // A dead connection does not answer a goodbye; its socket is closed either way.
      await Promise.race([client.end().catch(() => {}), pause(1000, signal)]);
    }
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn(
      'LISTEN does not get through here (a connection pooler in transaction mode?): polling instead; give a direct connection for timely starts',
    );
  }

  #set(works: boolean): void {
    const changed = works !== this.#works;
    this.#works = works;
    if (works) this.#warned = false;
    if (works && changed) this.emit('gap');
    this.emit('changed', works);
  }
}
