// What happened in a test, in order: attempts as the worker ended them, and what ended without one.
import type pg from 'pg';
import type { RunStatus } from '../client/types.ts';
import type { FinishedRun } from '../worker/executor.ts';
import type { Instant } from './now.ts';

/** One thing that happened: an attempt that ended, or a run that ended without one. */
export interface Happening {
  /** When, by the clock of the test. */
  at: Date;
  runId: string;
  /** The key of its schedule, or the name where it has none. */
  schedule: string | null;
  task: string;
  /** The nominal time. */
  scheduledFor: Date;
  /** The same on the wall clock of the schedule's zone: YYYY-MM-DD HH:MM:SS. */
  localTime: string;
  /** 1 for the first try, 0 where it was not tried. */
  attempt: number;
  /** What became of the run; `retrying` where it is tried again. */
  status: RunStatus;
  /** Its output in full; or the error, or the reason. */
  text: string;
}

/** What somebody is told. */
export interface Message {
  /** When it was sent, by the clock of the test. */
  at: Date;
  runId: string;
  /** The key of its schedule, or the name where it has none. */
  schedule: string | null;
  task: string;
  /** The channel that it went by; null for the output of a run that nobody is told of, as it has neither owner nor channel mapping. */
  channelId: string | null;
  /** The place within the channel: a chat, the user whose inbox it is. */
  channelContextId: string | null;
  /** All that the run produced; of one that failed, what went wrong. */
  text: string;
}

interface EndedRow extends Omit<Happening, 'runId' | 'localTime' | 'scheduledFor'> {
  id: string;
  local_time: string;
  scheduled_for: Date;
  is_told: boolean;
}

export class Chronicle {
  readonly #pool: pg.Pool;
  readonly #attempts: (Happening & { order: number })[] = [];
  readonly #told = new Set<string>();
  #order = 0;
  /** What was sent since the last part was closed. */
  #sent: Message[] = [];
  /** What people were told, in order. */
  readonly outbox: Message[] = [];

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** An attempt has ended at this instant. */
  record(at: Instant, { run, status, summary }: FinishedRun): void {
    this.#attempts.push({
      ...{ at: new Date(at), runId: run.id, task: run.task, attempt: run.attempt, status, text: summary },
      schedule: run.schedule_key ?? run.schedule_name,
      ...{ scheduledFor: run.scheduled_for, localTime: run.local_time },
      order: this.#order++,
    });
  }

  /** A message was sent. */
  deliver(message: Message): void {
    this.#sent.push(message);
  }

  /** Closes the part from an instant on: all that happened since, in order; told once. */
  async close(since: Instant): Promise<Happening[]> {
    const attempts = this.#attempts.splice(0);
    const ended = await this.#ended(since);
    const byRun = new Map(ended.map((row) => [row.id, row]));
    const tried = attempts.map(({ order, ...happening }) => {
      const row = happening.status === 'retrying' ? undefined : byRun.get(happening.runId);
      if (row !== undefined) this.#told.add(row.id);
      return { order, row, happening: row === undefined ? happening : { ...happening, text: row.text } };
    });
    // A workflow ends with its last step, and what is skipped ends with nothing: after what was tried at that instant.
    const others = ended
      .filter(({ id }) => !this.#told.has(id))
      .map((row) => {
        this.#told.add(row.id);
        return { order: Number.POSITIVE_INFINITY, row, happening: happeningOf(row) };
      });
    const all = [...tried, ...others].sort(
      (a, b) => a.happening.at.getTime() - b.happening.at.getTime() || (a.order < b.order ? -1 : 0),
    );
    const undelivered = all.flatMap(({ row, happening: { at, runId, schedule, task, text } }) =>
      row?.is_told === true
        ? [{ at, runId, schedule, task, channelId: null, channelContextId: null, text }]
        : [],
    );
    const told = [...this.#sent.splice(0), ...undelivered].sort((a, b) => a.at.getTime() - b.at.getTime());
    this.outbox.push(...told);
    return all.map(({ happening }) => happening);
  }

  async #ended(since: Instant): Promise<EndedRow[]> {
    const { rows } = await this.#pool.query<EndedRow>(
      `select r.id, r.task, coalesce(s.key, s.name) as schedule, r.scheduled_for, r.finished_at as at, r.attempt, r.status,
         (r.scheduled_for at time zone coalesce(s.timezone, 'UTC'))::timestamp(0)::text as local_time,
         case when r.status = 'succeeded' then coalesce(r.output, '')
           else coalesce(r.error, r.cancel_reason, r.skip_reason::text, '') end as text,
         r.status = 'succeeded' and r.output <> '' and r.silent_reason is null and r.parent_run_id is null
           and r.owner_id is null and r.channel_mapping_id is null as is_told
       from chime.runs r left join chime.schedules s on s.id = r.schedule_id
       where r.finished_at >= $1 order by r.finished_at, r.scheduled_for, s.key nulls last, r.id`,
      [since],
    );
    return rows;
  }
}

function happeningOf({ id, local_time, scheduled_for, is_told: _told, ...row }: EndedRow): Happening {
  return { ...row, runId: id, scheduledFor: scheduled_for, localTime: local_time };
}
