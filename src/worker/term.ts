// One term of a worker: what it does under one id and one lease. When the lease is lost, so is the term: its handlers end,
// what they came to is recorded if nobody has taken over, and the worker begins another term.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { registerWorker, stopWorker } from '../db/calls.ts';
import { pause } from '../db/pause.ts';
import type { Pool } from '../db/pool.ts';
import type { ContextServices } from './context.ts';
import { Executor, type FinishedRun } from './executor.ts';
import { JobRunner } from './job_runner.ts';
import { Lease } from './lease.ts';
import { persistently } from './persistence.ts';
import { describeTask } from './registry.ts';
import type { WorkerOptions } from './worker.ts';

/** How long a handler may take to end after it was told to, in milliseconds. */
const abortGrace = 2_000;

export interface TermOptions extends ContextServices {
  worker: WorkerOptions;
  pool: Pool;
  /** Aborted when the worker is asked to stop. */
  stopping: AbortSignal;
  onFinished(finished: FinishedRun): void;
  /** Nobody may act under this term any more. Called once. */
  onLost(reason: string): void;
}

export class Term {
  readonly id = randomUUID();
  readonly #options: TermOptions;
  readonly #forfeited = new AbortController();
  readonly #executor: Executor;
  readonly #jobs: JobRunner;
  readonly #lease: Lease;

  constructor(options: TermOptions) {
    this.#options = options;
    const { worker, pool, stopping } = options;
    const { connectionString, tasks, log, concurrency, pollInterval } = worker;
    this.#lease = new Lease(connectionString, this.id, worker.leaseInterval, worker.leaseTrust);
    this.#lease.on('lost', (reason) => this.#lose(reason));
    this.#lease.on('cancelled', (runs) => this.#executor.cancel(runs));
    this.#executor = new Executor({
      ...options,
      workerId: this.id,
      tasks,
      concurrency,
      maxOutput: worker.maxOutput,
      handlerGrace: worker.handlerGrace,
      log,
      forfeited: this.#forfeited.signal,
      onLeaseLost: (error) => this.#lose(error.message),
    });
    const execute = (payload: unknown) => this.#executor.execute((payload as { run_id: string }).run_id);
    const names = [...[...tasks.keys()].map((name) => `chime:${name}`), 'chime_unregistered'];
    const registrations = [...tasks.values()].map(describeTask);
    this.#jobs = new JobRunner({
      connectionString,
      concurrency,
      pollInterval,
      log,
      stopping,
      taskList: Object.fromEntries(names.map((name) => [name, execute])),
      onPool: (poolId) =>
        registerWorker(pool, {
          id: this.id,
          name: `${hostname()}:${process.pid}`,
          poolId,
          tasks: registrations,
        }),
    });
  }

  async start(): Promise<void> {
    await this.#jobs.start();
    await this.#lease.start();
  }

  /** How many runs it holds. */
  get running(): number {
    return this.#executor.running;
  }

  /** Whether its lease is lost. */
  get isLost(): boolean {
    return this.#forfeited.signal.aborted;
  }

  #lose(reason: string): void {
    if (this.isLost) return;
    this.#forfeited.abort();
    this.#options.onLost(reason);
  }

  /** Tells the handlers to end; answers whether they did, within the grace. */
  async abort(reason: string): Promise<boolean> {
    this.#executor.abort(new Error(reason));
    const ended = new AbortController();
    void this.#executor.settled().then(() => ended.abort());
    await pause(abortGrace, ended.signal);
    return ended.signal.aborted;
  }

  /** Gives back to the queue what has not ended; answers how many runs that were. */
  giveBack(): Promise<number> {
    return this.#executor.giveBack();
  }

  /** Takes no more runs; resolves when those that it has are recorded and it holds nothing any more. */
  async end(): Promise<void> {
    const { pool, stopping, worker } = this.#options;
    await this.#jobs
      .stop()
      .catch((error: Error) => worker.log.error({ err: error }, 'the job runner did not stop cleanly'));
    await this.#executor.recorded();
    await this.#lease.stop();
    await persistently(() => stopWorker(pool, this.id), { stopping }).catch((error: Error) =>
      worker.log.warn({ err: error }, 'the worker could not sign off'),
    );
  }

  /** From now on no call of graphile-worker waits longer than this for a connection, in milliseconds. */
  hasten(patience: number): void {
    this.#jobs.hasten(patience);
  }

  /** Nothing waits for the database any more. */
  cut(): void {
    this.#jobs.cut();
  }
}
