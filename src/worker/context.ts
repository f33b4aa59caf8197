// What a handler is given, made from the row of its run.
import type pg from 'pg';
import type { StartedRun } from '../db/calls.ts';
import type { GuardedFetch } from '../net/guarded_fetch.ts';
import type { RunInfo, RunLog, TaskContext } from '../task.ts';
import type { Output } from './output.ts';
import { report } from './report.ts';

/** What handlers use beyond their own run. */
export interface ContextServices {
  pool: pg.Pool;
  /** Connections for statements that somebody else wrote, apart from those that record runs. */
  reportPool: pg.Pool;
  guardedFetch: GuardedFetch;
}

export function createContext<P>(
  run: StartedRun,
  payload: P,
  output: Output,
  log: RunLog,
  signal: AbortSignal,
  services: ContextServices,
): TaskContext<P> {
  return {
    payload,
    run: describeRun(run, services.pool),
    signal,
    log,
    write: (chunk) => output.write(chunk),
    fetch: (url, init = {}) =>
      services.guardedFetch.fetch(url, {
        ...init,
        signal: init.signal === undefined ? signal : AbortSignal.any([signal, init.signal]),
      }),
    report: (statement, options) => report(services.reportPool, output.limit, statement, options),
  };
}

function describeRun(run: StartedRun, pool: pg.Pool): RunInfo {
  const { schedule_id: id, schedule_key: key, schedule_name: name } = run;
  return {
    id: run.id,
    scheduledFor: run.scheduled_for,
    localTime: run.local_time,
    dueAt: run.due_at,
    startedAt: run.started_at,
    deadlineAt: new Date(run.started_at.getTime() + run.timeout_ms),
    attempt: run.attempt,
    trigger: run.trigger,
    schedule: id === null || name === null ? null : { id, key, name },
    timezone: run.timezone ?? 'UTC',
    nextFireAt: run.next_run_at,
    async nextFires(count) {
      if (id === null) return [];
      const { rows } = await pool.query<{ scheduled_for: Date }>(
        'select * from chime_private.next_fires($1, $2)',
        [id, count],
      );
      return rows.map((row) => row.scheduled_for);
    },
  };
}
