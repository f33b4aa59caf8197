// What a worker writes about its runs: starts, ends, log lines; in batches, and again where that failed.
import type pg from 'pg';
import {
  type Attempt,
  type LogLine,
  returnRuns,
  type StartedRun,
  startRuns,
  writeLogs,
} from '../db/calls.ts';
import { type Finish, type Finished, finishRuns } from '../db/finish_calls.ts';
import { isConnectionError, isTransient } from '../db/pool.ts';
import { fromDatabase, LeaseLostError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RunLog } from '../task.ts';
import { Batcher } from './batcher.ts';
import { failure } from './handler.ts';
import { persistently } from './persistence.ts';
import { LogBuffer } from './run_log.ts';
import { describeError } from './text.ts';

export interface RecorderOptions {
  workerId: string;
  pool: pg.Pool;
  log: Logger;
  /** Aborted when the worker is asked to stop. */
  stopping: AbortSignal;
  /** Aborted when the lease is lost: nothing is started under it any more. */
  forfeited: AbortSignal;
}

/** How often log lines are sent: the end of a run waits for them, and is worth more than they are. */
const logTries = 10;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #starts: Batcher<string, StartedRun | undefined>;
  readonly #finishes: Batcher<Finish, Finished | undefined>;
  readonly #logs: LogBuffer;
  /** Runs whose start went without an answer: the database may have started them. */
  readonly #unsure = new Set<string>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#starts = new Batcher((ids) => eachFor(ids, (some) => this.#sendStarts(some)), 500);
    this.#finishes = new Batcher((finishes) => eachFor(finishes, (some) => this.#sendFinishes(some)), 500);
    this.#logs = new LogBuffer((lines) => this.#sendLogs(lines));
  }

  /**
   * Starts a run; undefined where it may not start any more. Goes on trying while the lease lives and the reason may pass.
   * @throws LeaseLostError where this worker was taken for dead
   */
  start(runId: string): Promise<StartedRun | undefined> {
    const { log, stopping, forfeited } = this.#options;
    return persistently(
      apart(
        () => this.#starts.add(runId),
        async () => (await this.#sendStarts([runId]))[0],
      ),
      { stopping, until: forfeited },
      (error) => {
        if (!(fromDatabase(error) instanceof LeaseLostError))
          log.warn({ err: error, run_id: runId }, 'a run could not be started yet');
      },
    );
  }

  /** The log of an attempt. */
  logOf({ id, attempt }: StartedRun): RunLog {
    return this.#logs.forRun(id, attempt);
  }

  /**
   * Records the end of an attempt, after its log; answers what became of the run, undefined where that came too late. Goes on
   * trying whatever the reason, until the worker stops: the run would count as running for as long as the worker lives.
   */
  async finish(finish: Finish): Promise<Finished | undefined> {
    const { log, stopping } = this.#options;
    if (this.#logs.holds(finish.runId)) await this.#logs.flush();
    let sent = finish;
    const record = apart(
      () => this.#finishes.add(sent),
      async () => (await this.#sendFinishes([sent]))[0],
    );
    const send = async () => {
      try {
        return await record();
      } catch (error) {
        if (!isTransient(error) && sent === finish) {
          // The result itself may be at fault: then at least that is recorded.
          const reason = `The result could not be stored: ${describeError(error).message}`;
          sent = { ...finish, ...failure(reason) };
        }
        throw error;
      }
    };
    return persistently(send, { stopping, mayPass: () => true }, (error) => {
      log.error({ err: error, run_id: finish.runId }, 'a result could not be stored yet');
    });
  }

  /** Gives runs back to the queue, for another attempt. Their log comes first: it is taken from running attempts alone. */
  async giveBack(attempts: Attempt[]): Promise<void> {
    if (attempts.length === 0) return;
    const { pool, stopping } = this.#options;
    if (attempts.some(({ runId }) => this.#logs.holds(runId))) await this.#logs.flush();
    await persistently(() => returnRuns(pool, attempts), { stopping });
  }

  async #sendStarts(runIds: string[]): Promise<(StartedRun | undefined)[]> {
    const { pool, workerId } = this.#options;
    const resend = runIds.some((id) => this.#unsure.has(id));
    try {
      const started = await startRuns(pool, workerId, runIds, resend);
      for (const id of runIds) this.#unsure.delete(id);
      const byId = new Map(started.map((run) => [run.id, run]));
      return runIds.map((id) => byId.get(id));
    } catch (error) {
      if (isConnectionError(error)) for (const id of runIds) this.#unsure.add(id);
      throw error;
    }
  }

  async #sendFinishes(finishes: Finish[]): Promise<(Finished | undefined)[]> {
    const recorded = await finishRuns(this.#options.pool, finishes);
    return finishes.map((finish) => recorded.get(finish.runId));
  }

  async #sendLogs(lines: LogLine[]): Promise<void> {
    const { pool, log, stopping } = this.#options;
    await persistently(() => writeLogs(pool, lines), { stopping, tries: logTries }).catch((error: Error) => {
      log.error({ err: error, lines: lines.length }, 'log lines of runs could not be stored');
    });
  }
}

/** Sends a batch; if that fails, each item by itself: one of them may be at fault, and the others must not suffer for it. */
async function eachFor<Item, Result>(
  items: Item[],
  send: (items: Item[]) => Promise<Result[]>,
): Promise<PromiseSettledResult<Result>[]> {
  const [all] = await Promise.allSettled([send(items)]);
  if (all.status === 'fulfilled') return all.value.map((value) => ({ status: 'fulfilled', value }));
  if (items.length === 1 || isConnectionError(all.reason)) return items.map(() => all);
  return Promise.allSettled(items.map(async (item) => (await send([item]))[0] as Result));
}

/**
 * Sends as part of a batch, until somebody's lock has kept that waiting: from then on apart from the others, which have to
 * go on.
 */
function apart<Result>(together: () => Promise<Result>, alone: () => Promise<Result>): () => Promise<Result> {
  let isLocked = false;
  return async () => {
    try {
      return await (isLocked ? alone() : together());
    } catch (error) {
      isLocked ||= (error as { code?: unknown }).code === '55P03';
      throw error;
    }
  };
}
