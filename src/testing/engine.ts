// Clock and worker of a test: tick() and the worker's own executor, one run after the other, at instants that the test chooses. What
// differs from production is when things happen, and that one waits for the other; not what happens.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { AgentPort } from '../agent.ts';
import { registerWorker, stopWorker } from '../db/calls.ts';
import { InvariantError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { allowedHosts, GuardedFetch } from '../net/guarded_fetch.ts';
import type { WeatherPort } from '../people/weather.ts';
import type { Task } from '../task.ts';
import { Executor, type FinishedRun } from '../worker/executor.ts';
import { checkAgents, describeTask } from '../worker/registry.ts';
import type { Instant, MovableNow } from './now.ts';
import type { Post } from './post.ts';

export interface EngineOptions {
  pool: pg.Pool;
  now: MovableNow;
  tasks: ReadonlyMap<string, Task>;
  log: Logger;
  agent: AgentPort | undefined;
  weather: WeatherPort | undefined;
  allowPrivateHttp: string;
  maxOutput: number;
  /** So many runs at one instant are a loop. */
  runLimit: number;
  post: Post;
  onFinished(finished: FinishedRun): void;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #id = randomUUID();
  readonly #executor: Executor;
  readonly #guardedFetch: GuardedFetch;
  readonly #inside = new AsyncLocalStorage<true>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#options = options;
    const { pool, tasks, log, agent, weather, maxOutput, onFinished } = options;
    this.#guardedFetch = new GuardedFetch(allowedHosts(options.allowPrivateHttp));
    const never = new AbortController().signal;
    this.#executor = new Executor({
      ...{ pool, tasks, log, agent, weather, maxOutput, onFinished },
      reportPool: pool,
      guardedFetch: this.#guardedFetch,
      workerId: this.#id,
      concurrency: 1,
      stopping: never,
      forfeited: never,
      // No time goes by while a handler is at work.
      stopwatch: () => 0,
      onLeaseLost: (error) => log.error({ err: error }, 'the worker of the test was taken for dead'),
    });
  }

  async start(): Promise<void> {
    const { pool, tasks, agent } = this.#options;
    checkAgents(tasks, agent);
    await registerWorker(pool, {
      ...{ id: this.#id, name: 'test', poolId: this.#id },
      tasks: [...tasks.values()].map(describeTask),
    });
    await this.#options.post.start(this.#guardedFetch);
    await this.#rest();
  }

  async stop(): Promise<void> {
    await this.#turn.catch(() => {});
    await stopWorker(this.#options.pool, this.#id);
    await this.#guardedFetch.close();
  }

  /** Whether a handler asks. */
  get isInside(): boolean {
    return this.#inside.getStore() === true;
  }

  /** One after the other: whoever moves the clock, or waits for a run, has it for themselves. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Moves on to an instant, from each to the next at which something is due, and does that. */
  async advance(to: Instant): Promise<void> {
    const { now } = this.#options;
    for (;;) {
      const due = await this.settle();
      if (due === null || due > to) break;
      await now.set(due);
    }
    if (now.at < to) {
      await now.set(to);
      await this.settle();
    }
  }

  /** Does all that is due at this instant; answers when something is due next. */
  async settle(): Promise<Instant | null> {
    for (let count = 0; ; ) {
      const { more, due } = await this.#tick();
      const ran = await this.#runJobs(this.#options.runLimit - count);
      count += ran;
      const sent = await this.#options.post.send();
      if (ran === 0 && sent === 0 && !more) return due;
    }
  }

  /** Executes a run that a handler waits for, in the midst of its own. */
  async execute(runId: string): Promise<void> {
    await this.#executor.execute(runId);
    // Once more: that waits until the end of the first is recorded, and then finds nothing to start.
    await this.#executor.execute(runId);
  }

  async #tick(): Promise<{ more: boolean; due: Instant | null }> {
    const { rows } = await this.#options.pool.query<{ more: boolean; due: Instant | null }>({
      name: 'chime_test_tick',
      text: 'select t.more, chime_private.instant_text(t.next_due_at) as due from chime_private.tick(500, $1, $2) t',
      values: [this.#id, 'test'],
    });
    return rows[0] ?? { more: false, due: null };
  }

  async #runJobs(most: number): Promise<number> {
    for (let count = 0; ; count++) {
      const runId = await this.#takeJob();
      if (runId === undefined) {
        if (count > 0) await this.#rest();
        return count;
      }
      if (count >= most)
        throw new InvariantError(
          `More than ${this.#options.runLimit} runs at ${this.#options.now.at}: do they lead to each other?`,
          {
            hint: 'Look for a task that runs, or triggers an event that leads to, itself. Where there must be so many, raise `runLimit`.',
          },
        );
      await this.#inside.run(true, () => this.#executor.execute(runId));
      await this.#executor.recorded();
    }
  }

  /** The job of graphile-worker that is next, by its priority; of several those of the schedules whose keys come first. */
  async #takeJob(): Promise<string | undefined> {
    const { rows } = await this.#options.pool.query<{ run_id: string }>({
      name: 'chime_test_job',
      text: `select c.payload ->> 'run_id' as run_id
        from graphile_worker.complete_jobs(array(
          select j.id from graphile_worker._private_jobs j
          left join chime.runs r on r.id = (j.payload ->> 'run_id')::uuid
          left join chime.schedules s on s.id = r.schedule_id
          where j.is_available
          order by j.priority, r.due_at, s.key nulls last, s.name, j.id limit 1)) c`,
    });
    return rows[0]?.run_id;
  }

  /** It lives as long as the test, and nothing that it has ended is watched any more: nobody need be woken for that. */
  async #rest(): Promise<void> {
    await this.#options.pool.query({
      name: 'chime_test_rest',
      text: "update chime_private.workers set lease_until = '9999-12-31', watch_at = null where id = $1",
      values: [this.#id],
    });
  }
}
