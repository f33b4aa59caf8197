// graphile-worker, kept at work. When one of its connections is lost with a statement on the way, nobody knows which jobs
// it had locked or completed: then a new runner takes over at once, the old one ends its jobs, and what it leaves locked
// is freed.
import { EventEmitter, once } from 'node:events';
import {
  Logger as GraphileLogger,
  type Runner,
  run,
  type TaskList,
  type WorkerEvents,
  WorkerPreset,
} from 'graphile-worker';
import { unlockPool } from '../db/calls.ts';
import { pause } from '../db/pause.ts';
import { Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';
import { persistently } from './persistence.ts';

export interface JobRunnerOptions {
  connectionString: string;
  taskList: TaskList;
  concurrency: number;
  pollInterval: number;
  log: Logger;
  /** Aborted when the whole worker is asked to stop: job locks are freed in a moment then, or left to a clock. */
  stopping: AbortSignal;
  /** Called with the pool that holds job locks from now on, before any job begins. */
  onPool(poolId: string): Promise<void>;
}

/** What mendRelease touches of graphile-worker's local queue. */
interface LocalQueueParts {
  backgroundCount: number;
  background(work: Promise<unknown>): void;
  decreaseBackgroundCount(): void;
  decreaseBackgroundCountWithError(error: unknown): void;
}

/**
 * graphile-worker 0.18.0: a local queue that is released while it holds jobs refuses to watch over their return, as being
 * released already. If the return then fails, nobody handles that, and Node ends the process. Here it is watched.
 */
function mendRelease(queue: LocalQueueParts): void {
  queue.background = (work) => {
    queue.backgroundCount++;
    work.then(queue.decreaseBackgroundCount, queue.decreaseBackgroundCountWithError);
  };
}

/** One run() of graphile-worker, with the connections and the pool id that are its own. */
interface Generation {
  pool: Pool;
  poolId: string;
  runner: Runner;
  /** Why it can no longer be relied on. */
  failure?: string;
}

export class JobRunner implements Service {
  readonly name = 'job runner';
  readonly #options: JobRunnerOptions;
  readonly #stopped = new AbortController();
  readonly #ending = new Set<Promise<void>>();
  readonly #pools = new Set<Pool>();
  #patience: number | undefined;
  #current: Generation | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const launched = this.#launch().then((generation) => this.#adopt(generation));
    this.#renewing = launched.catch(() => {});
    await launched;
  }

  /** From now on no call waits longer than this for a connection, in milliseconds. */
  hasten(patience: number): void {
    this.#patience = patience;
    for (const pool of this.#pools) pool.hasten(patience);
  }

  /** Nothing waits for the database any more. */
  cut(): void {
    for (const pool of this.#pools) pool.cut();
  }

  #adopt(generation: Generation): void {
    this.#current = generation;
    if (generation.failure !== undefined) this.#renew(generation.failure);
  }

  /** Takes no more jobs; resolves when those that run have ended. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#renewing;
    if (this.#current !== undefined) this.#retire(this.#current);
    this.#current = undefined;
    await Promise.all(this.#ending);
  }

  async #launch(): Promise<Generation> {
    const { connectionString, taskList, concurrency, pollInterval, log, onPool } = this.#options;
    const pool = new Pool({ connectionString, name: 'pgchime jobs', max: 5 });
    if (this.#patience !== undefined) pool.hasten(this.#patience);
    this.#pools.add(pool);
    const inUse = new WeakSet<object>();
    pool.on('acquire', (client) => inUse.add(client));
    pool.on('release', (_error, client) => inUse.delete(client));
    const events = new EventEmitter() as WorkerEvents;
    let generation: Generation | undefined;
    const fail = (reason: string) => {
      if (generation === undefined) return;
      generation.failure ??= reason;
      // Not at once: graphile-worker's own listeners of the same event come first.
      setImmediate(() => {
        if (this.#current === generation) this.#renew(reason);
      });
    };
    pool.on('connect', (client) => client.on('error', (error) => inUse.has(client) && fail(error.message)));
    events.on('pool:fatalError', ({ error }) => fail(String(error)));
    events.on('localQueue:init', ({ localQueue }) => mendRelease(localQueue as unknown as LocalQueueParts));

    const created = once(events, 'pool:create') as Promise<[{ workerPool: { id: string } }]>;
    const announced = Promise.withResolvers<void>();
    announced.promise.catch(() => {});
    let runner: Runner | undefined;
    try {
      runner = await run({
        pgPool: pool,
        events,
        noHandleSignals: true,
        parsedCronItems: [],
        // Nothing starts before the database knows whose locks these are.
        taskList: Object.fromEntries(
          Object.entries(taskList).map(([name, task]) => [
            name,
            (payload, helpers) => announced.promise.then(() => task?.(payload, helpers)),
          ]),
        ) as TaskList,
        preset: {
          extends: [WorkerPreset],
          worker: {
            logger: new GraphileLogger(
              () => (level, message) =>
                log[level === 'error' ? 'warn' : 'debug']({ source: 'graphile-worker' }, message),
            ),
            concurrentJobs: concurrency,
            pollInterval,
            // Completions in batches, and written before stop() resolves.
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
            // Jobs are fetched ahead, but not kept from idle workers for long.
            localQueue: { size: 2 * concurrency, ttl: 500 },
          },
        },
      });
      const [{ workerPool }] = await created;
      await onPool(workerPool.id);
      generation = { pool, poolId: workerPool.id, runner };
      announced.resolve();
      void runner.promise.then(
        () => fail('it ended'),
        (error: Error) => fail(error.message),
      );
      return generation;
    } catch (error) {
      announced.reject(new Error('The worker could not be registered.'));
      await runner?.stop().catch(() => {}); // rejects when it has ended by itself
      await runner?.promise.catch(() => {});
      await this.#close(pool);
      throw error;
    }
  }

  async #close(pool: Pool): Promise<void> {
    await pool.end();
    this.#pools.delete(pool);
  }

  #renew(reason: string): void {
    if (this.#stopped.signal.aborted || this.#current === undefined) return;
    this.#options.log.warn({ reason }, 'a connection of the worker was lost; it takes up work anew');
    this.#retire(this.#current);
    this.#current = undefined;
    this.#renewing = this.#launchAgain();
  }

  async #launchAgain(): Promise<void> {
    for (let attempt = 0; !this.#stopped.signal.aborted; attempt++) {
      try {
        const generation = await this.#launch();
        this.#options.log.info('the worker is at work again');
        this.#adopt(generation);
        return;
      } catch (error) {
        this.#options.log.error({ err: error }, 'the worker cannot take up work; trying again');
        await pause(Math.min(5_000, 100 * 2 ** attempt), this.#stopped.signal);
      }
    }
  }

  #retire({ pool, poolId, runner }: Generation): void {
    const ended = (async () => {
      await runner.stop().catch(() => {}); // rejects when it has ended by itself
      await runner.promise.catch(() => {});
      const { log, stopping } = this.#options;
      await persistently(() => unlockPool(pool, poolId), { stopping }).catch((error: Error) => {
        log.warn({ err: error }, 'job locks could not be freed; a clock does it when the lease has ended');
      });
      await this.#close(pool);
    })();
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }
}
