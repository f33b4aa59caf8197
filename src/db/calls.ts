// The SQL functions that pgchime's own services call, typed. What they do is said where they are, in sql/.
import type pg from 'pg';
import type { Queryable } from './transaction.ts';

/** What one tick did; see chime_private.tick. */
export interface Tick {
  now: Date;
  fired: number;
  skipped: number;
  resumed: number;
  /** Runs whose next attempt was due. */
  retried: number;
  /** Attempts that were long past their deadline. */
  timedOut: number;
  /** Runs that were asked to be cancelled long ago. */
  cancelled: number;
  recovered: number;
  /** More is due at once than one tick takes. */
  more: boolean;
  /** How long to sleep, in milliseconds by the database's clock; null where nothing waits. */
  sleepMs: number | null;
}

export async function tick(db: Queryable, clockId: string, clockName: string, most: number): Promise<Tick> {
  const { rows } = await db.query<Record<string, unknown>>({
    name: 'chime_tick',
    text: `select t.now, t.fired, t.skipped, t.resumed, t.retried, t.timed_out as "timedOut", t.cancelled, t.recovered, t.more,
             greatest(0, extract(epoch from t.next_due_at - chime.now()) * 1000)::float8 as sleep_ms
           from chime_private.tick($1, $2, $3) t`,
    values: [most, clockId, clockName],
  });
  const row = rows[0] as { sleep_ms: number | null } & Omit<Tick, 'sleepMs'>;
  const { sleep_ms: sleepMs, ...rest } = row;
  return { ...rest, sleepMs };
}

export async function stopClock(db: Queryable, clockId: string): Promise<void> {
  await db.query('select chime_private.stop_clock($1)', [clockId]);
}

/** A run that a worker may execute; see chime_private.start_runs. */
export interface StartedRun {
  id: string;
  attempt: number;
  task: string;
  payload: unknown;
  trigger: 'schedule' | 'manual' | 'event' | 'backfill' | 'workflow';
  scheduled_for: Date;
  /** scheduled_for on the wall clock of the schedule's zone: YYYY-MM-DD HH:MM:SS. */
  local_time: string;
  due_at: Date;
  started_at: Date;
  /** How long this attempt may take. */
  timeout_ms: number;
  schedule_id: string | null;
  schedule_key: string | null;
  schedule_name: string | null;
  timezone: string | null;
  next_run_at: Date | null;
  event_id: string | null;
  /** What it was brought about in, as W3C Trace Context says it. */
  traceparent: string | null;
}

export async function startRuns(
  db: Queryable,
  workerId: string,
  runIds: readonly string[],
  resend: boolean,
): Promise<StartedRun[]> {
  const { rows } = await db.query<StartedRun>({
    name: 'chime_start_runs',
    text: 'select * from chime_private.start_runs($1, $2, $3)',
    values: [workerId, runIds, resend],
  });
  return rows;
}

/** An attempt of a run: what fences late writers. */
export interface Attempt {
  runId: string;
  attempt: number;
}

export async function returnRuns(db: Queryable, attempts: readonly Attempt[]): Promise<void> {
  await db.query('select chime_private.return_runs($1, $2)', [
    attempts.map((a) => a.runId),
    attempts.map((a) => a.attempt),
  ]);
}

/** One line that a handler logged. */
export interface LogLine extends Attempt {
  seq: number;
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  /** JSON text. */
  data: string | null;
  at: Date;
}

export async function writeLogs(db: Queryable, lines: readonly LogLine[]): Promise<void> {
  await db.query({
    name: 'chime_write_logs',
    text: 'select chime_private.write_logs($1, $2, $3, $4, $5, $6, $7)',
    values: [
      lines.map((l) => l.runId),
      lines.map((l) => l.attempt),
      lines.map((l) => l.seq),
      lines.map((l) => l.level),
      lines.map((l) => l.message),
      lines.map((l) => l.data),
      lines.map((l) => l.at),
    ],
  });
}

/** A task as a worker announces it. */
export interface TaskRegistration {
  name: string;
  description: string | null;
  payload_schema: unknown;
  handler_type: 'function' | 'agent' | 'workflow';
  /** Of a workflow, as chime.tasks has them. */
  steps: readonly unknown[] | null;
}

export async function registerWorker(
  db: Queryable,
  worker: { id: string; name: string; poolId: string; tasks: readonly TaskRegistration[] },
): Promise<void> {
  await db.query('select chime_private.register_worker($1, $2, $3, $4)', [
    worker.id,
    worker.name,
    worker.poolId,
    JSON.stringify(worker.tasks),
  ]);
}

/** A run that a worker holds and somebody wants cancelled. */
export interface CancelledRun {
  run_id: string;
  reason: string | null;
}

/** Renews a lease, and answers which runs to cancel; null where the worker was taken for dead. */
export async function renewLease(db: Queryable, workerId: string): Promise<CancelledRun[] | null> {
  const { rows } = await db.query<{ renewed: boolean; cancelled: CancelledRun[] }>({
    name: 'chime_renew_lease',
    text: `select chime_private.renew_lease($1) is not null as renewed,
             array(select to_jsonb(c) from chime_private.cancelled_runs($1) c) as cancelled`,
    values: [workerId],
  });
  return rows[0]?.renewed === true ? rows[0].cancelled : null;
}

/** Frees the job locks of a graphile-worker pool that has ended, so that its jobs need not wait for hours. */
export async function unlockPool(db: Queryable, poolId: string): Promise<void> {
  await db.query('select chime_private.retire_pool($1, chime.now())', [poolId]);
}

export async function stopWorker(db: Queryable, workerId: string): Promise<void> {
  await db.query('select chime_private.stop_worker($1)', [workerId]);
}

/** The result of a report as Postgres wrote it. */
export interface Report {
  /** Names may occur more than once. */
  columns: string[];
  /** The values of each row, by position, as JSON text. */
  lines: string[][];
  truncated: boolean;
}

/** Runs one reading statement as the reporter role, who sees what the owner of that run may. `client` must be in a read-only transaction. */
export async function runReport(
  client: pg.ClientBase,
  runId: string,
  statement: string,
  limit: { rows: number; bytes: number },
): Promise<Report> {
  await client.query('select chime_private.report_for($1)', [runId]);
  const { rows } = await client.query<{
    columns: string[] | null;
    line: string[] | null;
    truncated: boolean;
  }>('select * from chime_private.run_report($1, $2, $3)', [statement, limit.rows, limit.bytes]);
  return {
    columns: rows[0]?.columns ?? [],
    lines: rows.flatMap(({ line }) => (line === null ? [] : [line])),
    truncated: rows.at(-1)?.truncated === true,
  };
}
