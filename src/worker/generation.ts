// One run() of graphile-worker, with the connections and the pool id that are its own.
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
import { Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import { QueueVacuum } from './queue_vacuum.ts';

export interface GenerationOptions {
  connectionString: string;
  taskList: TaskList;
  concurrency: number;
  pollInterval: number;
  log: Logger;
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

export class Generation {
  /** Why it can no longer be relied on; undefined as long as it can. */
  failure: string | undefined;
  /** Called once, when it fails after its launch. */
  onFailure: () => void = () => {};
  readonly #options: GenerationOptions;
  readonly #pool: Pool;
  readonly #events = new EventEmitter() as WorkerEvents;
  /** Resolves when none of its jobs is at work any more and their completions cannot be relied on. */
  readonly #abandoned = Promise.withResolvers<void>();
  readonly #vacuum: QueueVacuum;
  #idle = false;
  #runner: Runner | undefined;
  #poolId = '';

  constructor(options: GenerationOptions) {
    this.#options = options;
    this.#pool = new Pool({
      connectionString: options.connectionString,
      name: 'pgchime jobs',
      max: 5,
      // Jobs are taken from the front of an index. Of a table that fills faster than it is analyzed the planner knows
      // nothing, and would read and sort all that waits for each few that it takes.
      settings: { enable_bitmapscan: 'off', enable_seqscan: 'off' },
    });
    this.#vacuum = new QueueVacuum(options.connectionString, options.log);
    this.#events.on('job:complete', () => this.#vacuum.count());
    const inUse = new WeakSet<object>();
    this.#pool.on('acquire', (client) => inUse.add(client));
    this.#pool.on('release', (_error, client) => inUse.delete(client));
    this.#pool.on('connect', (client) =>
      client.on('error', (error) => inUse.has(client) && this.#fail(error.message)),
    );
    this.#events.on('pool:fatalError', ({ error }) => this.#fail(String(error)));
    this.#events.on('localQueue:init', ({ localQueue }) =>
      mendRelease(localQueue as unknown as LocalQueueParts),
    );
    for (const end of [
      'gracefulShutdown:complete',
      'forcefulShutdown:complete',
      'forcefulShutdown:error',
    ] as const)
      this.#events.on(`pool:${end}`, () => {
        this.#idle = true;
        this.#abandon();
      });
  }

  /** From now on no call waits longer than this for a connection, in milliseconds. */
  hasten(patience: number): void {
    this.#pool.hasten(patience);
  }

  /** Nothing waits for the database any more. */
  cut(): void {
    this.#pool.cut();
  }

  /** Starts to take jobs. Rejects, and holds nothing, where that cannot be. */
  async launch(): Promise<void> {
    const { taskList, concurrency, pollInterval, log, onPool } = this.#options;
    const created = once(this.#events, 'pool:create') as Promise<[{ workerPool: { id: string } }]>;
    const announced = Promise.withResolvers<void>();
    announced.promise.catch(() => {});
    try {
      const runner = await run({
        pgPool: this.#pool,
        events: this.#events,
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
      this.#runner = runner;
      const [{ workerPool }] = await created;
      this.#poolId = workerPool.id;
      await onPool(workerPool.id);
      announced.resolve();
      void runner.promise.then(
        () => this.#fail('it ended'),
        (error: Error) => this.#fail(error.message),
      );
    } catch (error) {
      announced.reject(new Error('The worker could not be registered.'));
      await this.end();
      await this.close();
      throw error;
    }
  }

  /** Takes no more jobs; resolves when those that it has have ended. */
  async end(): Promise<void> {
    const ended = (async () => {
      await this.#runner?.stop().catch(() => {}); // rejects when it has ended by itself
      await this.#runner?.promise.catch(() => {});
    })();
    await Promise.race([ended, this.#abandoned.promise]);
  }

  /** Frees the job locks that it left, once it has ended. */
  unlock(): Promise<void> {
    return unlockPool(this.#pool, this.#poolId);
  }

  /** Closes its connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#vacuum.end()]);
  }

  #fail(reason: string): void {
    const first = this.failure === undefined;
    this.failure ??= reason;
    this.#abandon();
    // Not at once: graphile-worker's own listeners of the same event come first.
    if (first) setImmediate(() => this.onFailure());
  }

  /**
   * graphile-worker 0.18.0 counts wrongly once a batch of completions has failed, and may then wait for ever for batches
   * that are long written. So a generation that has failed is only waited for until its jobs have ended.
   */
  #abandon(): void {
    if (this.#idle && this.failure !== undefined) this.#abandoned.resolve();
  }
}
