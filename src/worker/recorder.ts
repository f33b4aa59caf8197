// What a worker writes about its runs: starts, ends, log lines; in batches, and again where a connection was lost.
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
import { pause } from '../db/pause.ts';
import { isConnectionError } from '../db/pool.ts';
import { fromDatabase } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RunLog } from '../task.ts';
import { Batcher } from './batcher.ts';
import { failure } from './handler.ts';
import { LogBuffer } from './run_log.ts';
import { describeError } from './text.ts';

export interface RecorderOptions {
  workerId: string;
  pool: pg.Pool;
  log: Logger;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #starts: Batcher<string, StartedRun | undefined>;
  readonly #finishes: Batcher<Finish, Date | undefined>;
  readonly #logs: LogBuffer;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#starts = new Batcher((ids) => this.#sendStarts(ids), 500);
    this.#finishes = new Batcher((finishes) => this.#sendFinishes(finishes), 500);
    this.#logs = new LogBuffer((lines) => this.#sendLogs(lines));
  }

  /**
   * Starts a run; undefined where it may not start any more.
   * @throws LeaseLostError where this worker was taken for dead
   */
  start(runId: string): Promise<StartedRun | undefined> {
    return this.#starts.add(runId);
  }

  /** The log of an attempt. */
  logOf({ id, attempt }: StartedRun): RunLog {
    return this.#logs.forRun(id, attempt);
  }

  /** Records the end of an attempt, after its log; answers when it ended, undefined where that came too late. */
  async finish(finish: Finish): Promise<Date | undefined> {
    if (this.#logs.holds(finish.runId)) await this.#logs.flush();
    return this.#finishes.add(finish);
  }

  /** Gives runs back to the queue, for another attempt. */
  async giveBack(attempts: Attempt[]): Promise<void> {
    if (attempts.length > 0) await persistently(() => returnRuns(this.#options.pool, attempts));
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
