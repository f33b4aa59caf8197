import { RunNotFoundError } from '../errors.ts';
import type { Send } from './chime.ts';
import { fromRow } from './rows.ts';
import type { Run, RunStatus, RunWithOutput } from './types.ts';

/** A run `r` beside its schedule `s`, as `Run` has it. */
export const runColumns = `r.id, r.schedule_id, s.name as schedule_name, r.task, r.trigger, r.scheduled_for, r.due_at, r.status,
  r.attempt, r.started_at, r.finished_at,
  round(extract(epoch from r.finished_at - r.started_at) * 1000, 3)::float8 as duration_ms,
  round(extract(epoch from r.started_at - r.due_at) * 1000, 3)::float8 as lateness_ms,
  r.output_summary, r.error, r.skip_reason, r.covers_count`;

/** Runs: what became of each fire, and of each manual trigger. */
export class Runs {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The latest runs first, of one schedule or of all. */
  async list(options: { scheduleId?: string; status?: RunStatus; limit?: number } = {}): Promise<Run[]> {
    const { scheduleId, status, limit = 20 } = options;
    const rows = await this.#send(
      `select ${runColumns} from chime.runs r left join chime.schedules s on s.id = r.schedule_id
       where r.tenant_id = chime.current_tenant()
         ${scheduleId === undefined ? '' : 'and r.schedule_id = $3'} and ($2::chime.run_status is null or r.status = $2)
       order by r.id desc limit $1`,
      [limit, status ?? null, ...(scheduleId === undefined ? [] : [scheduleId])],
    );
    return rows.map((row) => fromRow<Run>(row));
  }

  /**
   * One run with everything that it produced.
   * @param reference its id, or the beginning of it if no other run begins so
   * @throws RunNotFoundError (CH011)
   */
  async get(reference: string): Promise<RunWithOutput> {
    const rows = await this.#send(
      `select ${runColumns}, r.payload, r.output, r.result, r.error_stack
       from chime.find_run($1) r left join chime.schedules s on s.id = r.schedule_id`,
      [reference],
    );
    const row = rows[0];
    if (row === undefined) throw new RunNotFoundError(`There is no run "${reference}".`);
    return fromRow<RunWithOutput>(row);
  }
}
