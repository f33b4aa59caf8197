// The worker: takes jobs from graphile-worker, executes the runs they stand for, keeps its lease.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import { registerWorker, stopWorker } from '../db/calls.ts';
import { pause } from '../db/pause.ts';
import { Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import { allowedHosts, GuardedFetch } from '../net/guarded_fetch.ts';
import type { Service } from '../service.ts';
import type { Task } from '../task.ts';
import { Executor, type FinishedRun } from './executor.ts';
import { JobRunner } from './job_runner.ts';
import { Lease } from './lease.ts';
import { describeTask } from './registry.ts';

export interface WorkerOptions {
  connectionString: string;
  tasks: ReadonlyMap<string, Task>;
  log: Logger;
  concurrency: number;
  pollInterval: number;
  maxOutput: number;
  allowPrivateHttp: string;
  shutdownTimeout: number;
}

interface WorkerEventMap {
  /** A run has ended and is recorded. */
  finished: [run: FinishedRun];
  /** This worker may not go on; its process should end, and a supervisor start another. */
  fatal: [error: Error];
}

/** How long a handler may take to end after it was told to, in milliseconds. */
const abortGrace = 2_000;

export class Worker extends EventEmitter<WorkerEventMap> implements Service {
  readonly name = 'worker';
  readonly id = randomUUID();
  readonly #options: WorkerOptions;
  readonly #hurry = new AbortController();
  #parts:
    | {
        pool: Pool;
        reportPool: Pool;
        guardedFetch: GuardedFetch;
        executor: Executor;
        jobs: JobRunner;
        lease: Lease;
      }
    | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    super();
    this.#options = options;
  }

  async start(): Promise<void> {
    const { connectionString, tasks, log, concurrency, pollInterval, maxOutput, allowPrivateHttp } =
      this.#options;
    const pool = new Pool({ connectionString, name: 'pgchime worker', max: 4 });
    const reportPool = new Pool({ connectionString, name: 'pgchime report', max: 4, silence: 3_600_000 });
    const guardedFetch = new GuardedFetch(allowedHosts(allowPrivateHttp));
    const lease = new Lease(connectionString, this.id);
    const executor = new Executor({
      workerId: this.id,
      pool,
      reportPool,
      guardedFetch,
      tasks,
      maxOutput,
      log,
      onFinished: (finished) => this.emit('finished', finished),
      onLeaseLost: (error) => this.#die(error.message),
    });
    const execute = (payload: unknown) => executor.execute((payload as { run_id: string }).run_id);
    const registrations = [...tasks.values()].map(describeTask);
    const jobs = new JobRunner({
      connectionString,
      concurrency,
      pollInterval,
      log,
      taskList: Object.fromEntries(
        [...[...tasks.keys()].map((name) => `chime:${name}`), 'chime_unregistered'].map((name) => [
          name,
          execute,
        ]),
      ),
      onPool: (poolId) =>
        registerWorker(pool, {
          id: this.id,
          name: `${hostname()}:${process.pid}`,
          poolId,
          tasks: registrations,
        }),
    });
    this.#parts = { pool, reportPool, guardedFetch, executor, jobs, lease };
    lease.on('lost', (reason) => this.#die(`The lease of this worker is lost: ${reason}.`));
    try {
      await jobs.start();
      await lease.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** How many handlers are at work. */
  get running(): number {
    return this.#parts?.executor.running ?? 0;
  }

  /** What still runs is aborted at once, and not only when the shutdown time is over. */
  hurry(): void {
    this.#hurry.abort();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#parts === undefined) return;
    const { pool, reportPool, guardedFetch, executor, jobs, lease } = this.#parts;
    const { log, shutdownTimeout } = this.#options;
    const drained = jobs.stop();
    const ended = new AbortController();
    void drained.finally(() => ended.abort()).catch(() => {});
    await pause(shutdownTimeout, AbortSignal.any([ended.signal, this.#hurry.signal]));
    if (!ended.signal.aborted) {
      executor.abort(new Error('The worker is shutting down.'));
      await pause(abortGrace, ended.signal);
      const returned = await executor.giveBack();
      if (returned > 0) log.warn({ runs: returned }, 'runs that had not ended were given back to the queue');
    }
    await drained.catch((error: Error) => log.error({ err: error }, 'the job runner did not stop cleanly'));
    await lease.stop();
    await stopWorker(pool, this.id).catch((error: Error) =>
      log.warn({ err: error }, 'the worker could not sign off'),
    );
    await Promise.all([pool.end(), reportPool.end(), guardedFetch.close()]);
  }

  #die(reason: string): void {
    this.#parts?.executor.abort(new Error(reason));
    this.emit('fatal', new Error(reason));
  }
}
