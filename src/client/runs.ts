import { RunNotFoundError } from '../errors.ts';
import { calling, type TraceOptions } from './acting.ts';
import type { Send } from './chime.ts';
import { newestOf } from './newest.ts';
import { fromRow, isId } from './rows.ts';
import { finishable, type PendingRun, type RunWaiter } from './run_handle.ts';
import type { Run, RunStatus, RunWithOutput } from './types.ts';

const places: Record<RunStatus, string> = {
  queued: 'chime.unfinished_runs',
  running: 'chime.unfinished_runs',
  retrying: 'chime.unfinished_runs',
  succeeded: 'chime.runs',
  failed: 'chime.unsuccessful_runs',
  timed_out: 'chime.unsuccessful_runs',
  cancelled: 'chime.unsuccessful_runs',
  skipped: 'chime.unsuccessful_runs',
};

/** Where the runs in a status are found, or all of them: a few of them without passing through the whole history. */
export const placeOf = (status: RunStatus | undefined) =>
  status === undefined ? 'chime.runs' : places[status];

/** A run `r` beside its schedule `s`, as `Run` has it. */
export const runColumns = `r.id, r.schedule_id, s.name as schedule_name, r.task, r.trigger, r.scheduled_for, r.due_at, r.status,
  r.attempt, r.started_at, r.finished_at,
  round(extract(epoch from r.finished_at - r.started_at) * 1000, 3)::float8 as duration_ms,
  case when r.attempt = 1 then round(extract(epoch from r.started_at - r.due_at) * 1000, 3)::float8 end as lateness_ms,
  r.output_summary, r.error, r.skip_reason, r.covers_count, r.retry_at, r.retry_count, r.retry_of, r.cancel_requested_at,
  r.cancel_reason, r.silent_reason, r.concurrency_key, r.priority, r.waits_for, r.event_id, r.event_handler_id,
  r.parent_run_id, r.step`;
/** What `RunWithOutput` has beside. */
export const runDetailColumns = `r.payload, r.output, r.result, r.error_stack, chime.runs_trace_id(r) as trace_id,
  chime.runs_span_id(r) as span_id, chime.runs_parent_span_id(r) as parent_span_id`;
/** What a call answers that gives a run. */
const runOf = (call: string) => runFrom(`${call} r`);
const runFrom = (source: string) =>
  `select ${runColumns} from ${source} left join chime.schedules s on s.id = r.schedule_id`;

/** Runs: what became of each fire, and of each manual trigger. */
export class Runs {
  readonly #send: Send;
  readonly #waiter: RunWaiter;

  constructor(send: Send, waiter: RunWaiter) {
    this.#send = send;
    this.#waiter = waiter;
  }

  /** The latest runs first, of one schedule or of all. */
  async list(options: { scheduleId?: string; status?: RunStatus; limit?: number } = {}): Promise<Run[]> {
    const { scheduleId, status, limit = 20 } = options;
    const place = placeOf(status);
    const inStatus = 'and ($2::chime.run_status is null or r.status = $2)';
    const source =
      scheduleId === undefined
        ? newestOf(place, inStatus)
        : `(select * from ${place} r where r.tenant_id = chime.current_tenant() and r.schedule_id = $3 ${inStatus}
            order by r.id desc limit $1) r`;
    const rows = await this.#send(
      `select ${runColumns} from ${source} left join chime.schedules s on s.id = r.schedule_id order by r.id desc limit $1`,
      [limit, status ?? null, ...(scheduleId === undefined ? [] : [scheduleId])],
    );
    return rows.map((row) => fromRow<Run>(row));
  }

  /**
   * Cancels a run: at once if it waits. If it is running, its task is told to end, and `cancelRequestedAt` says so; it is
   * cancelled when that has happened, after some seconds in any case.
   * @throws IllegalStateError (CH013) where it has ended otherwise
   */
  async cancel(reference: string, reason?: string): Promise<Run> {
    return this.#one(runOf('chime.cancel_run($1, $2)'), [await this.#id(reference), reason ?? null]);
  }

  /**
   * Runs again what a run did that failed, timed out or was cancelled: answers a new run, whose `retryOf` is the old one. One
   * that waits for its retry does not wait any longer, and is itself the answer.
   * @throws IllegalStateError (CH013) where it may not
   */
  retry(
    reference: string,
    { allowOverlap = false, ...options }: { allowOverlap?: boolean } & TraceOptions = {},
  ): PendingRun {
    const retried = async () => {
      const given = [await this.#id(reference), allowOverlap];
      const { from, values } = calling('chime.retry_run', ['$1::uuid', '$2::boolean'], given, 'r', options);
      return this.#one(runFrom(from), values);
    };
    return finishable(retried(), this.#waiter);
  }

  /**
   * One run with everything that it produced; `finished()` waits for its end.
   * @param reference its id, or the beginning of it if no other run begins so
   * @throws RunNotFoundError (CH011)
   */
  get(reference: string): PendingRun<RunWithOutput> {
    return finishable(this.#read(reference), this.#waiter);
  }

  async #read(reference: string): Promise<RunWithOutput> {
    const rows = await this.#send(
      `select ${runColumns}, ${runDetailColumns}
       from chime.find_run($1) r left join chime.schedules s on s.id = r.schedule_id`,
      [reference],
    );
    const row = rows[0];
    if (row === undefined) throw new RunNotFoundError(`There is no run "${reference}".`);
    return fromRow<RunWithOutput>(row);
  }

  async #id(reference: string): Promise<string> {
    if (isId(reference)) return reference;
    const rows = await this.#send<{ id: string }>('select id from chime.find_run($1)', [reference]);
    return rows[0]?.id ?? reference;
  }

  async #one(text: string, values: unknown[]): Promise<Run> {
    return fromRow<Run>((await this.#send(text, values))[0] ?? {});
  }
}
