import { calling, type TraceOptions } from './acting.ts';
import type { Send } from './chime.ts';
import { fromRow, isId, namedCall, toPatch } from './rows.ts';
import { finishable, type PendingRun, type RunWaiter } from './run_handle.ts';
import { runColumns } from './runs.ts';
import { type Signature, signed } from './surface.ts';
import {
  type CreatedSchedule,
  type CreateScheduleInput,
  createFields,
  type Fire,
  type Run,
  type Schedule,
  type SchedulePatch,
  type ScheduleRevision,
  type ScheduleStats,
  type ScheduleStatus,
} from './types.ts';

/** A schedule `s`, as `Schedule` has it. */
export const scheduleColumns = `s.id, s.key, s.name, s.description, s.task, s.payload, s.cron, s.every::text as every, s.at, s.rrule, s.rules,
  s.only_on, s.never_on, s.on_excluded, s.anchor,
  s.timezone, s.dst_gap, s.dst_fold, s.starts_at, s.ends_at, s.max_runs, s.jitter::text as jitter, s.catch_up,
  s.catch_up_window::text as catch_up_window, s.overlap, s.max_retries, s.retry_delay::text as retry_delay, s.retry_backoff,
  s.retry_max_delay::text as retry_max_delay, s.timeout::text as timeout, s.concurrency_key, s.priority, s.status, s.status_reason, s.paused_until, s.paused_by,
  s.keep_runs, s.keep_for::text as keep_for, s.pause_after_failures, s.alert_after_failures, s.tags, s.deliver, s.channel_mapping_id, s.blocked_at, s.owner_id,
  s.next_run_at, s.last_run_id, s.run_count, s.revision, s.created_at, s.updated_at`;

const statsColumns = `h.health, h.failures_in_a_row, h.last_run_id, h.last_run_status, h.last_started_at, h.last_finished_at,
  h.runs::float8, h.succeeded::float8, h.failed::float8, h.timed_out::float8, h.cancelled::float8, h.skipped_fires::float8,
  h.success_percent::float8, h.average_duration_ms, h.p95_duration_ms, h.average_lateness_ms, h.p95_lateness_ms`;

/** Schedules. A reference is an id, a key or a name. Errors are those of the SQL functions of the same names. */
export class Schedules {
  readonly #send: Send;
  readonly #signature: Signature;
  readonly #waiter: RunWaiter;

  constructor(send: Send, signature: Signature, waiter: RunWaiter) {
    this.#send = send;
    this.#signature = signature;
    this.#waiter = waiter;
  }

  /** Creates a schedule; with the key of one that exists, changes that to what is given. */
  async create(input: CreateScheduleInput): Promise<CreatedSchedule> {
    const { task, ...others } = input;
    // The task is first, so that $1 is a text.
    const { text, values } = namedCall('chime.create_schedule', { task, ...others }, createFields);
    const call = text.replace(/^select \* from /, '');
    const statement = signed(
      this.#signature,
      { select: 'select c.*', call, type: 'text', rest: 'c' },
      values,
    );
    return this.#one<CreatedSchedule>(await this.#send(statement.text, statement.values));
  }

  /** Changes fields: absent keeps, null clears. */
  async update(
    reference: string,
    patch: SchedulePatch,
    { expectedRevision }: { expectedRevision?: number } = {},
  ): Promise<Schedule> {
    return this.#change(
      'chime.update_schedule(schedule_id => $1, patch => $2, expected_revision => $3)',
      reference,
      [JSON.stringify(toPatch(patch)), expectedRevision ?? null],
    );
  }

  async get(reference: string): Promise<Schedule> {
    return this.#one<Schedule>(
      await this.#send(`select ${scheduleColumns} from chime.find_schedule($1) s`, [reference]),
    );
  }

  /**
   * Its rule in words.
   * @param options.locale `en` (the default) or `ru`; also `en-GB`, `ru_RU` and the like
   */
  async describe(reference: string, { locale = 'en' }: { locale?: string } = {}): Promise<string> {
    const rows = await this.#send<{ words: string }>(
      'select chime.describe(schedule_id => $1, locale => $2) as words',
      [await this.#id(reference), locale],
    );
    return rows[0]?.words ?? '';
  }

  /** Its next fires by its rules and calendars, whatever its status. */
  async preview(
    reference: string,
    { count = 10, after }: { count?: number; after?: string | Date } = {},
  ): Promise<Fire[]> {
    const rows = await this.#send(
      `select p.scheduled_for, p.local_time::timestamp(0)::text as local_time, p.note
       from chime.preview(schedule_id => $1, count => $2, after => $3) p`,
      [await this.#id(reference), count, after ?? null],
    );
    return rows.map((row) => fromRow<Fire>(row));
  }

  /** Schedules that are not deleted, the next to fire first; with `tag`, those that have it. */
  async list({
    status,
    tag,
    limit = 100,
  }: {
    status?: ScheduleStatus;
    tag?: string;
    limit?: number;
  } = {}): Promise<Schedule[]> {
    const rows = await this.#send(
      `select ${scheduleColumns} from chime.schedules s
       where s.tenant_id = chime.current_tenant() and s.deleted_at is null and ($1::chime.schedule_status is null or s.status = $1)
         ${tag === undefined ? '' : "and s.tags <> '{}' and s.tags @> array[$3]"}
       order by s.next_run_at nulls last, s.created_at limit $2`,
      [status ?? null, limit, ...(tag === undefined ? [] : [tag])],
    );
    return rows.map((row) => fromRow<Schedule>(row));
  }

  /** Stops it from firing until it is resumed, or until an instant. */
  async pause(
    reference: string,
    { reason, until }: { reason?: string; until?: Date | string } = {},
  ): Promise<Schedule> {
    return this.#change('chime.pause_schedule(schedule_id => $1, reason => $2, until => $3)', reference, [
      reason ?? null,
      until ?? null,
    ]);
  }

  /** Lets it fire again; the pause itself is never made up for. */
  async resume(reference: string): Promise<Schedule> {
    return this.#change('chime.resume_schedule($1)', reference);
  }

  /** Skips its next fire, which is recorded as skipped; it goes on with the one after that. */
  async skipNext(reference: string): Promise<Schedule> {
    return this.#change('chime.skip_next($1)', reference);
  }

  /** Stops it for good; it stays to be read. */
  async cancel(reference: string, reason?: string): Promise<Schedule> {
    return this.#change('chime.cancel_schedule($1, $2)', reference, [reason ?? null]);
  }

  /** Removes it from view and stops it; its runs stay readable. */
  async delete(reference: string): Promise<Schedule> {
    return this.#change('chime.delete_schedule($1)', reference);
  }

  /** Takes back that it was deleted: it is again what it was, and fires from now on. What is deleted has no other name than its id. */
  async restore(id: string): Promise<Schedule> {
    return this.#changeById('chime.restore_schedule($1)', id, []);
  }

  /** How it is, and what became of its runs since it was created, also of those that are not kept any more. */
  async stats(reference: string): Promise<ScheduleStats> {
    return this.#one<ScheduleStats>(
      await this.#send(`select ${statsColumns} from chime.schedule_stats($1) h`, [await this.#id(reference)]),
    );
  }

  /** Who changed what of it, the latest first; of one that was deleted, by its id. */
  async revisions(reference: string, { limit = 100 }: { limit?: number } = {}): Promise<ScheduleRevision[]> {
    const rows = await this.#send(
      `select r.revision, r.action, r.actor, r.surface, r.changed_at, r.before, r.after
       from chime.schedule_revisions r
       where r.tenant_id = chime.current_tenant() and r.schedule_id = $1 order by r.id desc limit $2`,
      [await this.#id(reference), limit],
    );
    return rows.map((row) => fromRow<ScheduleRevision>(row));
  }

  /** Runs it once, at once, beside its rule; `finished()` waits for the end of that. */
  runNow<Result = unknown>(
    reference: string,
    options: { payload?: unknown; allowOverlap?: boolean } & TraceOptions = {},
  ): PendingRun<Run, Result> {
    return finishable(this.#runNow(reference, options), this.#waiter);
  }

  async #runNow(
    reference: string,
    {
      payload,
      allowOverlap = false,
      ...options
    }: { payload?: unknown; allowOverlap?: boolean } & TraceOptions,
  ): Promise<Run> {
    const { from, values } = calling(
      'chime.run_now',
      ['$1::uuid', '$2::jsonb', '$3::boolean'],
      [await this.#id(reference), payload === undefined ? null : JSON.stringify(payload), allowOverlap],
      'r',
      options,
    );
    return this.#one<Run>(
      await this.#send(
        `select ${runColumns} from ${from} left join chime.schedules s on s.id = r.schedule_id`,
        values,
      ),
    );
  }

  async #id(reference: string): Promise<string> {
    return isId(reference) ? reference : (await this.get(reference)).id;
  }

  async #change(call: string, reference: string, values: unknown[] = []): Promise<Schedule> {
    return this.#changeById(call, await this.#id(reference), values);
  }

  async #changeById(call: string, id: string, values: unknown[]): Promise<Schedule> {
    const { text, values: all } = signed(
      this.#signature,
      { select: `select ${scheduleColumns}`, call, type: 'uuid', rest: 's' },
      [id, ...values],
    );
    return this.#one<Schedule>(await this.#send(text, all));
  }

  #one<T>(rows: Record<string, unknown>[]): T {
    return fromRow<T>(rows[0] ?? {});
  }
}
