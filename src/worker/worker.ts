// The worker: takes jobs from graphile-worker, executes the runs they stand for, keeps its lease, and gets a new one when
// it has lost that.
import { EventEmitter } from 'node:events';
import type { AgentPort } from '../agent.ts';
import { pause } from '../db/pause.ts';
import { Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import { allowedHosts, GuardedFetch } from '../net/guarded_fetch.ts';
import type { WeatherPort } from '../people/weather.ts';
import type { Service } from '../service.ts';
import type { Task } from '../task.ts';
import type { FinishedRun } from './executor.ts';
import { stoppingPatience } from './persistence.ts';
import { checkAgents } from './registry.ts';
import { Term } from './term.ts';

export interface WorkerOptions {
  connectionString: string;
  tasks: ReadonlyMap<string, Task>;
  log: Logger;
  concurrency: number;
  pollInterval: number;
  maxOutput: number;
  allowPrivateHttp: string;
  shutdownTimeout: number;
  /** What tasks of the type agent ask. */
  agent?: AgentPort;
  /** What check-ins learn the weather from. */
  weather?: WeatherPort;
  /** Between two renewals of the lease, in milliseconds. */
  leaseInterval?: number;
  /** How long the lease is trusted after a renewal, in milliseconds. */
  leaseTrust?: number;
  /** How long a handler may take to end when its time is over, in milliseconds. */
  handlerGrace?: number;
}

interface WorkerEventMap {
  /** A run has ended and is recorded. */
  finished: [run: FinishedRun];
  /** The lease was lost, its handlers have ended, and the worker is at work again under another. */
  renewed: [];
  /** A handler goes on though its lease is lost: the process must end, and a supervisor start another. */
  fatal: [error: Error];
}

/** How long the database may take to be told of the end, in milliseconds. */
const goodbye = 3_000;
const hurriedGoodbye = 250;

interface Services {
  pool: Pool;
  reportPool: Pool;
  guardedFetch: GuardedFetch;
  agent: AgentPort | undefined;
  weather: WeatherPort | undefined;
}

export class Worker extends EventEmitter<WorkerEventMap> implements Service {
  readonly name = 'worker';
  readonly #options: WorkerOptions;
  readonly #stopped = new AbortController();
  readonly #hurry = new AbortController();
  /** Terms that are lost and still record what their handlers came to. */
  readonly #ending = new Set<Promise<void>>();
  #services: Services | undefined;
  readonly #terms = new Set<Term>();
  #term: Term | undefined;
  #beginning: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    super();
    this.#options = options;
  }

  async start(): Promise<void> {
    const { connectionString, allowPrivateHttp, tasks, agent, weather } = this.#options;
    checkAgents(tasks, agent);
    this.#services = {
      pool: new Pool({ connectionString, name: 'pgchime worker', max: 4 }),
      reportPool: new Pool({ connectionString, name: 'pgchime report', max: 4, silence: 3_600_000 }),
      guardedFetch: new GuardedFetch(allowedHosts(allowPrivateHttp)),
      agent,
      weather,
    };
    try {
      this.#beginning = this.#begin(this.#services);
      await this.#beginning;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** How many runs are in the hands of this worker. */
  get running(): number {
    return [...this.#terms].reduce((sum, term) => sum + term.running, 0);
  }

  /** What still runs is aborted at once, and not only when the shutdown time is over; the database is not waited for. */
  hurry(): void {
    this.#hurry.abort();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #begin(services: Services): Promise<void> {
    const term: Term = new Term({
      ...services,
      worker: this.#options,
      stopping: this.#stopped.signal,
      onFinished: (finished) => this.emit('finished', finished),
      onLost: (reason) => void this.#lost(term, reason),
    });
    this.#terms.add(term);
    this.#term = term;
    try {
      await term.start();
    } catch (error) {
      this.#retire(term);
      throw error;
    }
  }

  async #lost(term: Term, reason: string): Promise<void> {
    const { log } = this.#options;
    log.error({ reason }, 'the lease of this worker is lost; its runs are aborted');
    if (!(await term.abort(`The lease of this worker is lost: ${reason}.`))) {
      this.emit(
        'fatal',
        new Error(`The lease of this worker is lost, and a task ignores its abort: ${reason}.`),
      );
      return;
    }
    this.#retire(term);
    if (!this.#stopped.signal.aborted) this.#beginning = this.#beginAgain();
  }

  async #beginAgain(): Promise<void> {
    const { log } = this.#options;
    for (let attempt = 0; !this.#stopped.signal.aborted && this.#services !== undefined; attempt++) {
      try {
        await this.#begin(this.#services);
        log.info('the worker has a new lease and is at work again');
        this.emit('renewed');
        return;
      } catch (error) {
        log.error({ err: error }, 'the worker cannot get a new lease; trying again');
        await pause(Math.min(5_000, 100 * 2 ** attempt), this.#stopped.signal);
      }
    }
  }

  /** Ends a term beside what else goes on. */
  #retire(term: Term): void {
    const ended = term.end();
    this.#ending.add(ended);
    void ended.finally(() => {
      this.#ending.delete(ended);
      this.#terms.delete(term);
    });
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#services === undefined) return;
    const { pool, reportPool, guardedFetch } = this.#services;
    for (const part of [pool, reportPool, ...this.#terms]) part.hasten(stoppingPatience);
    const ended = new AbortController();
    const drained = this.#drain().finally(() => ended.abort());
    await pause(
      this.#term?.isLost ? 0 : this.#options.shutdownTimeout,
      AbortSignal.any([ended.signal, this.#hurry.signal]),
    );
    if (!ended.signal.aborted) await this.#abort(ended.signal);
    await pause(goodbye, AbortSignal.any([ended.signal, this.#hurry.signal]));
    await pause(hurriedGoodbye, ended.signal);
    if (!ended.signal.aborted) for (const part of [pool, reportPool, ...this.#terms]) part.cut();
    await drained;
    pool.cut();
    reportPool.cut();
    await Promise.all([pool.end(), reportPool.end(), guardedFetch.close()]);
  }

  async #drain(): Promise<void> {
    if (this.#beginning !== undefined) await this.#beginning.catch(() => {});
    if (this.#term !== undefined && this.#terms.has(this.#term)) this.#retire(this.#term);
    await Promise.all(this.#ending);
  }

  /** Ends what has not ended by itself; what does not even end now is left to another worker. */
  async #abort(ended: AbortSignal): Promise<void> {
    const { log } = this.#options;
    await Promise.all([...this.#terms].map((term) => term.abort('The worker is shutting down.')));
    if (ended.aborted) return;
    for (const term of this.#terms) {
      const returned = await term.giveBack().catch((error: Error) => {
        log.warn({ err: error }, 'runs could not be given back; they run again when their lease has ended');
        return 0;
      });
      if (returned > 0) log.warn({ runs: returned }, 'runs that had not ended were given back to the queue');
    }
  }
}
