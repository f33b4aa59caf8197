// One run from its start to its recorded end: start it in the database, run its handler, record what came of it. Whatever
// a handler does, the record is written; nothing is ever thrown at graphile-worker.
import type pg from 'pg';
import type { Attempt, StartedRun } from '../db/calls.ts';
import { LeaseLostError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Task } from '../task.ts';
import type { ContextServices } from './context.ts';
import { type Outcome, runHandler } from './handler.ts';
import { Recorder } from './recorder.ts';

/** A run that has ended, as it is reported to people. */
export interface FinishedRun {
  run: StartedRun;
  status: 'succeeded' | 'failed';
  durationMs: number;
  latenessMs: number;
  /** The beginning of the output, or of the error. */
  summary: string;
}

export interface ExecutorOptions extends ContextServices {
  workerId: string;
  pool: pg.Pool;
  tasks: ReadonlyMap<string, Task>;
  maxOutput: number;
  log: Logger;
  onFinished(finished: FinishedRun): void;
  /** This worker was taken for dead; it must stop. */
  onLeaseLost(error: LeaseLostError): void;
}

/** A run whose handler is at work. */
class Held implements Attempt {
  readonly runId: string;
  readonly attempt: number;
  readonly controller = new AbortController();
  /** Resolves when the run is given back to the queue: what its handler still does changes nothing. */
  readonly abandoned: Promise<undefined>;
  #abandon!: (value: undefined) => void;

  constructor({ id, attempt }: StartedRun) {
    this.runId = id;
    this.attempt = attempt;
    this.abandoned = new Promise((resolve) => {
      this.#abandon = resolve;
    });
  }

  abandon(): void {
    this.#abandon(undefined);
  }
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #recorder: Recorder;
  readonly #asked = new Set<string>();
  readonly #held = new Map<string, Held>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#recorder = new Recorder(options);
  }

  /** How many handlers are at work. */
  get running(): number {
    return this.#held.size;
  }

  /** Executes a run, if it may still start. Never rejects; never resolves once the lease is lost. */
  async execute(runId: string): Promise<void> {
    if (this.#asked.has(runId)) return; // woken twice
    this.#asked.add(runId);
    try {
      const run = await this.#recorder.start(runId);
      if (run !== undefined) await this.#work(run);
    } catch (error) {
      if (error instanceof LeaseLostError) {
        this.#options.onLeaseLost(error);
        // A job that ends is deleted, and with it what would wake another worker for this run.
        await new Promise(() => {});
      }
      this.#options.log.error({ err: error, run_id: runId }, 'a run could not be started or recorded');
    } finally {
      this.#asked.delete(runId);
    }
  }

  /** Tells all handlers to end. */
  abort(reason: Error): void {
    for (const { controller } of this.#held.values()) controller.abort(reason);
  }

  /** Gives back to the queue what has not ended: another worker, or this one later, runs it again. */
  async giveBack(): Promise<number> {
    const held = [...this.#held.values()];
    this.#held.clear();
    await this.#recorder.giveBack(held);
    for (const each of held) each.abandon();
    return held.length;
  }

  async #work(run: StartedRun): Promise<void> {
    const held = new Held(run);
    this.#held.set(run.id, held);
    const began = performance.now();
    const outcome = await Promise.race([this.#handle(run, held), held.abandoned]);
    if (outcome === undefined || !this.#held.has(run.id)) return;
    const durationMs = performance.now() - began;
    if (held.controller.signal.aborted && outcome.status === 'failed') {
      // It was told to end, and did before it was done: that is no failure of its own.
      this.#held.delete(run.id);
      await this.#recorder.giveBack([held]);
      return;
    }
    try {
      const recorded = await this.#recorder.finish({ runId: run.id, attempt: run.attempt, ...outcome });
      if (recorded === undefined) {
        this.#options.log.warn(
          { run_id: run.id, attempt: run.attempt },
          'a result came too late and was dropped',
        );
        return;
      }
      this.#options.onFinished({
        run,
        status: outcome.status,
        durationMs,
        latenessMs: run.started_at.getTime() - run.due_at.getTime(),
        summary: (outcome.error ?? outcome.output ?? '').slice(0, 500),
      });
    } finally {
      this.#held.delete(run.id);
    }
  }

  #handle(run: StartedRun, { controller: { signal } }: Held): Promise<Outcome> {
    return runHandler(run, {
      task: this.#options.tasks.get(run.task),
      signal,
      log: this.#recorder.logOf(run),
      maxOutput: this.#options.maxOutput,
      services: this.#options,
    });
  }
}
