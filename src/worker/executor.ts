// One run from its start to its recorded end: start it in the database, run its handler, record what came of it. Whatever
// a handler does, the record is written. Only a run that could not be started is left to graphile-worker, to wake it again.
import type pg from 'pg';
import type { CancelledRun, StartedRun } from '../db/calls.ts';
import type { Finish, Finished } from '../db/finish_calls.ts';
import { LeaseLostError } from '../errors.ts';
import type { Task } from '../task.ts';
import { AttemptSpan } from './attempt_span.ts';
import type { ContextServices } from './context.ts';
import { type Outcome, runHandler } from './handler.ts';
import { Held } from './held.ts';
import { Output } from './output.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';

const notStarted = 'The run could not be started.';

/** An attempt that has ended, and what became of its run, as it is reported to people. */
export interface FinishedRun extends Finished {
  run: StartedRun;
  outcome: Finish['outcome'];
  durationMs: number;
  /** How late the run was; null where this was not its first attempt. */
  latenessMs: number | null;
  /** The beginning of the output, or of the error. */
  summary: string;
}

/** An attempt that has ended, and is not recorded yet. */
interface EndedAttempt {
  run: StartedRun;
  held: Held;
  span: AttemptSpan;
  /** Undefined where the run goes on elsewhere. */
  outcome: Outcome | undefined;
  durationMs: number;
}

export interface ExecutorOptions extends ContextServices, RecorderOptions {
  pool: pg.Pool;
  /** How many runs it executes at once. */
  concurrency: number;
  tasks: ReadonlyMap<string, Task>;
  maxOutput: number;
  /** How long a handler may take to end when its time is over, in milliseconds. */
  handlerGrace?: number | undefined;
  onFinished(finished: FinishedRun): void;
  /** This worker was taken for dead: nothing may be done under its id any more. */
  onLeaseLost(error: LeaseLostError): void;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #recorder: Recorder;
  readonly #executing = new Map<string, Promise<void>>();
  readonly #held = new Map<string, Held>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#recorder = new Recorder(options);
  }

  /** How many handlers are at work. */
  get running(): number {
    return this.#held.size;
  }

  /**
   * Executes a run, if it may still start. Resolves when its handler has ended; its end is recorded beside the start of the next
   * run, which would otherwise wait for one more answer of the database. The job is not needed any more by then: a run that was
   * started is found by the lease of its worker. Where too much is to be recorded, it resolves after that.
   * @throws Error where it could not be started: its job must stay, as nothing else would wake a worker for it
   */
  async execute(runId: string): Promise<void> {
    // Woken twice; or for its next attempt, before the one that was written off has quite ended here.
    for (let underWay = this.#executing.get(runId); underWay !== undefined; ) {
      await underWay;
      underWay = this.#executing.get(runId);
      if (this.#options.stopping.aborted) throw new Error(notStarted);
    }
    const over = Promise.withResolvers<void>();
    this.#executing.set(runId, over.promise);
    let recorded = Promise.resolve();
    try {
      const run = await this.#start(runId);
      if (run !== undefined) recorded = this.#record(await this.#work(run));
    } finally {
      void recorded.then(() => {
        this.#executing.delete(runId);
        over.resolve();
      });
    }
    if (this.#executing.size > 2 * this.#options.concurrency) await recorded;
  }

  /** Resolves when all that it executes has ended and is recorded, as far as that can be. */
  async recorded(): Promise<void> {
    await Promise.all(this.#executing.values());
  }

  async #start(runId: string): Promise<StartedRun | undefined> {
    try {
      return await this.#recorder.start(runId);
    } catch (error) {
      if (error instanceof LeaseLostError) this.#options.onLeaseLost(error);
      else this.#options.log.error({ err: error, run_id: runId }, 'a run could not be started');
      // Its own words: graphile-worker stores them, and must be able to.
      throw new Error(notStarted);
    }
  }

  /** Resolves when no handler is at work any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => held.settled()));
  }

  /** Tells all handlers to end. */
  abort(reason: Error): void {
    for (const held of this.#held.values()) held.abort(reason);
  }

  /** Tells the handlers of these runs to end. */
  cancel(runs: readonly CancelledRun[]): void {
    for (const { run_id: id, reason } of runs) this.#held.get(id)?.cancel(reason);
  }

  /** Gives back to the queue what has not ended: another worker, or this one later, runs it again. */
  async giveBack(): Promise<number> {
    const held = [...this.#held.values()];
    this.#held.clear();
    try {
      await this.#recorder.giveBack(held);
    } finally {
      for (const each of held) each.abandon();
    }
    return held.length;
  }

  async #work(run: StartedRun): Promise<EndedAttempt> {
    const { maxOutput, handlerGrace } = this.#options;
    const held = new Held(run, new Output(maxOutput), handlerGrace);
    this.#held.set(run.id, held);
    const span = new AttemptSpan(run);
    const began = performance.now();
    const outcome = await held.ended(span.run(() => this.#handle(run, held, span)));
    span.stop();
    return { run, held, span, outcome, durationMs: performance.now() - began };
  }

  /** Never rejects: what cannot be recorded is left to the end of the lease. */
  async #record({ run, held, span, outcome, durationMs }: EndedAttempt): Promise<void> {
    const { log } = this.#options;
    let status: Finished['status'] | undefined;
    try {
      if (!this.#held.has(run.id)) return;
      if (outcome === undefined) {
        await this.#recorder.giveBack([held]);
        return;
      }
      if (held.isDeaf)
        log.warn(
          { run_id: run.id, attempt: run.attempt, task: run.task },
          'a task ignores its abort: it is not waited for any more, and what it still does changes nothing',
        );
      const recorded = await this.#recorder.finish({ runId: run.id, attempt: run.attempt, ...outcome });
      if (recorded === undefined) {
        log.warn({ run_id: run.id, attempt: run.attempt }, 'a result came too late and was dropped');
        return;
      }
      status = recorded.status;
      this.#options.onFinished({
        ...recorded,
        run,
        outcome: outcome.outcome,
        durationMs,
        latenessMs: run.attempt > 1 ? null : run.started_at.getTime() - run.due_at.getTime(),
        summary: (outcome.reason ?? outcome.error ?? outcome.output ?? '').slice(0, 500),
      });
    } catch (error) {
      this.#leave(held, error as Error);
    } finally {
      this.#held.delete(run.id);
      span.end({ ...(outcome ?? { outcome: 'given_back' }), status });
    }
  }

  #leave({ runId, attempt }: Held, error: Error): void {
    this.#options.log.error(
      { err: error, run_id: runId, attempt },
      'the end of a run could not be recorded; it runs again when the lease of this worker has ended',
    );
  }

  #handle(run: StartedRun, { signal, output }: Held, span: AttemptSpan): Promise<Outcome> {
    return runHandler(run, {
      task: this.#options.tasks.get(run.task),
      signal,
      span,
      log: this.#recorder.logOf(run),
      output,
      services: this.#options,
    });
  }
}
