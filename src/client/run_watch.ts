// Waits for runs to end: the database notifies (sql/80_live.sql) while somebody waits, and is asked every second all the same, for a
// pooler may keep notifications back, and a role may not listen.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { pause } from '../db/pause.ts';
import { isTransient } from '../db/pool.ts';
import type { RunWaiter, WaitOptions } from './run_handle.ts';
import type { RunWithOutput } from './types.ts';

const askEvery = 1_000;
/** How many answers of the database are waited for before it is told again that somebody listens: its word lasts 20 seconds. */
const askedPerLease = 5;

export interface RunWatchOptions {
  pool: pg.Pool;
  /** Which of these runs have ended. */
  ended(ids: string[]): Promise<string[]>;
  read(id: string): Promise<RunWithOutput>;
}

interface Waiting {
  id: string;
  over: PromiseWithResolvers<void>;
}

export class RunWatch implements RunWaiter {
  readonly #options: RunWatchOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #listenerId = randomUUID();
  #client: pg.PoolClient | undefined;
  #mayListen = true;
  #wake = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: RunWatchOptions) {
    this.#options = options;
    // One connection listens; with a single one nobody could ask any more.
    this.#mayListen = (options.pool.options.max ?? 10) > 1;
  }

  async ended(id: string, { timeout, signal }: WaitOptions): Promise<RunWithOutput> {
    const waiting: Waiting = { id, over: Promise.withResolvers<void>() };
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            const text = `The run ${id} has not ended within ${timeout} ms.`;
            waiting.over.reject(new DOMException(text, 'TimeoutError'));
          }, timeout);
    const abort = () => waiting.over.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiting.add(waiting);
    this.#wake.abort();
    this.#loop ??= this.#watch();
    try {
      await waiting.over.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) this.#wake.abort();
    }
    return this.#options.read(id);
  }

  /** Nobody waits any more: whoever still does is told so. Resolves when it holds no connection. */
  async close(): Promise<void> {
    for (const { over } of this.#waiting) over.reject(new Error('The library was closed.'));
    await this.#loop;
  }

  async #watch(): Promise<void> {
    do {
      for (let asked = 0; this.#waiting.size > 0; asked++) {
        this.#wake = new AbortController();
        try {
          if (asked % askedPerLease === 0) await this.#listen();
          await this.#ask();
        } catch (error) {
          // A connection may come back; what is wrong otherwise stays wrong.
          if (!isTransient(error)) for (const { over } of this.#waiting) over.reject(error);
        }
        // Whoever need not wait any more leaves in a turn of their own.
        await pause(askEvery, this.#wake.signal);
      }
      await this.#leave();
    } while (this.#waiting.size > 0); // somebody came while it was leaving
    this.#loop = undefined;
  }

  async #ask(): Promise<void> {
    const ended = new Set(await this.#options.ended([...new Set([...this.#waiting].map(({ id }) => id))]));
    for (const { id, over } of this.#waiting) if (ended.has(id)) over.resolve();
  }

  async #listen(): Promise<void> {
    if (!this.#mayListen) return;
    try {
      if (this.#client === undefined) {
        const client = await this.#options.pool.connect();
        this.#client = client;
        client.on('notification', this.#notified);
        client.on('error', this.#lost);
        await client.query('listen chime_live');
      }
      // Twice: the second time everybody can see it who does not change a run just now.
      for (const _time of [1, 2])
        await this.#client?.query('select chime_private.listen_live($1)', [this.#listenerId]);
    } catch (error) {
      this.#release(true);
      // A role that may not say that it listens would not be told.
      if ((error as { code?: unknown }).code !== '42501') throw error;
      this.#mayListen = false;
    }
  }

  readonly #notified = ({ payload = '' }: pg.Notification): void => {
    // What it says is looked up, not believed.
    const [topic, , id] = payload.split(' ');
    if (topic === 'run' && [...this.#waiting].some((waiting) => waiting.id === id)) this.#wake.abort();
  };

  readonly #lost = (): void => this.#release(true);

  async #leave(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    try {
      await client.query('select chime_private.leave_live($1)', [this.#listenerId]);
      await client.query('unlisten chime_live');
      this.#release(false);
    } catch {
      this.#release(true);
    }
  }

  #release(broken: boolean): void {
    const client = this.#client;
    this.#client = undefined;
    client?.removeListener('notification', this.#notified);
    client?.removeListener('error', this.#lost);
    client?.release(broken);
  }
}
