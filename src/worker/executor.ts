// One run from its start to its recorded end: start it in the database, run its handler, record what came of it. Whatever
// a handler does, the record is written; nothing is ever thrown at graphile-worker.
import type pg from 'pg';
import {
  type Attempt,
  type Finish,
  finishRuns,
  type LogLine,
  returnRuns,
  type StartedRun,
  startRuns,
  writeLogs,
} from '../db/calls.ts';
import { pause } from '../db/listener.ts';
import { isConnectionError } from '../db/pool.ts';
import { fromDatabase, LeaseLostError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Task } from '../task.ts';
import { Batcher } from './batcher.ts';
import { type ContextServices, createContext } from './context.ts';
import { Output } from './output.ts';
import { LogBuffer } from './run_log.ts';
import { describeError, storable, storableJson } from './text.ts';

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
  readonly #starts: Batcher<string, StartedRun | undefined>;
  readonly #finishes: Batcher<Finish, Date | undefined>;
  readonly #logs: LogBuffer;
  readonly #asked = new Set<string>();
  readonly #held = new Map<string, Held>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#starts = new Batcher((ids) => this.#sendStarts(ids), 500);
    this.#finishes = new Batcher((finishes) => this.#sendFinishes(finishes), 500);
    this.#logs = new LogBuffer((lines) => this.#sendLogs(lines));
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
      const run = await this.#starts.add(runId);
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
    if (held.length > 0) await persistently(() => returnRuns(this.#options.pool, held));
    for (const each of held) each.abandon();
    return held.length;
  }

  async #work(run: StartedRun): Promise<void> {
    const held = new Held(run);
    this.#held.set(run.id, held);
    const began = performance.now();
    const outcome = await Promise.race([this.#handle(run, held.controller.signal), held.abandoned]);
    if (outcome === undefined || !this.#held.has(run.id)) return;
    const durationMs = performance.now() - began;
    if (held.controller.signal.aborted && outcome.status === 'failed') {
      // It was told to end, and did before it was done: that is no failure of its own.
      this.#held.delete(run.id);
      await persistently(() => returnRuns(this.#options.pool, [held]));
      return;
    }
    try {
      if (this.#logs.holds(run.id)) await this.#logs.flush();
      const recorded = await this.#finishes.add({ runId: run.id, attempt: run.attempt, ...outcome });
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

  /** Runs the handler; answers how it ended. */
  async #handle(run: StartedRun, signal: AbortSignal): Promise<Omit<Finish, 'runId' | 'attempt'>> {
    const output = new Output(this.#options.maxOutput);
    try {
      const task = this.#options.tasks.get(run.task);
      if (task === undefined) {
        return failure(`No worker has registered the task "${run.task}".`);
      }
      const payload = await task.payload.safeParseAsync(run.payload);
      if (!payload.success) {
        const issues = payload.error.issues.map(
          (issue) => `${['payload', ...issue.path].join('.')}: ${issue.message}`,
        );
        return failure(`The payload does not fit the task "${run.task}": ${issues.join('; ')}.`);
      }
      const log = this.#logs.forRun(run.id, run.attempt);
      const context = createContext(run, payload.data, output, log, signal, this.#options);
      return this.#success(await task.run(context), output);
    } catch (error) {
      const { message, stack } = describeError(error);
      return { ...failure(message), stack, output: output.isWritten ? output.text() : null };
    }
  }

  #success(value: unknown, output: Output): Omit<Finish, 'runId' | 'attempt'> {
    let result: string | null = null;
    if (typeof value === 'string') {
      output.write(value);
    } else if (value !== undefined) {
      try {
        result = storableJson(value);
      } catch (error) {
        throw new TypeError(
          `What the handler returned cannot be stored as JSON: ${(error as Error).message}`,
        );
      }
      if (!output.isWritten && result !== null) output.write(JSON.stringify(value, null, 2));
      // Too large to be of use as JSON: the output has it, cut where the limit is.
      if (result !== null && Buffer.byteLength(result) > this.#options.maxOutput) result = null;
    }
    return {
      status: 'succeeded',
      output: output.isWritten ? output.text() : null,
      result,
      error: null,
      stack: null,
    };
  }

  async #sendStarts(runIds: string[]): Promise<(StartedRun | undefined)[]> {
    const { pool, workerId } = this.#options;
    const started = await persistently((resend) => startRuns(pool, workerId, runIds, resend));
    const byId = new Map(started.map((run) => [run.id, run]));
    return runIds.map((id) => byId.get(id));
  }

  async #sendFinishes(finishes: Finish[]): Promise<(Date | undefined)[]> {
    const { pool } = this.#options;
    try {
      const recorded = await persistently(() => finishRuns(pool, finishes));
      return finishes.map((finish) => recorded.get(finish.runId));
    } catch (error) {
      if (finishes.length > 1) {
        // One of them is at fault; the others must not suffer for it.
        const each = await Promise.all(finishes.map((finish) => this.#sendFinishes([finish])));
        return each.map(([recorded]) => recorded);
      }
      const [finish] = finishes as [Finish];
      this.#options.log.error({ err: error, run_id: finish.runId }, 'a result could not be stored');
      const replaced = {
        ...finish,
        ...failure(`The result could not be stored: ${describeError(error).message}`),
      };
      const recorded = await persistently(() => finishRuns(pool, [replaced]));
      return [recorded.get(finish.runId)];
    }
  }

  async #sendLogs(lines: LogLine[]): Promise<void> {
    await persistently(() => writeLogs(this.#options.pool, lines)).catch((error: Error) => {
      this.#options.log.error({ err: error, lines: lines.length }, 'log lines of runs could not be stored');
    });
  }
}

function failure(error: string): Omit<Finish, 'runId' | 'attempt'> {
  return {
    status: 'failed',
    output: null,
    result: null,
    error: storable(error).slice(0, 10_000),
    stack: null,
  };
}

/** Sends again what a lost connection has left without an answer; `resend` tells that there was a try before. */
async function persistently<T>(send: (resend: boolean) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send(attempt > 0);
    } catch (error) {
      if (!isConnectionError(error) || attempt === 60) throw fromDatabase(error);
      await pause(Math.min(2000, 50 * 2 ** attempt));
    }
  }
}
