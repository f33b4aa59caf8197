// What a handler is given, made from the row of its run.
import type pg from 'pg';
import type { AgentPort } from '../agent.ts';
import type { StartedRun } from '../db/calls.ts';
import type { GuardedFetch } from '../net/guarded_fetch.ts';
import type { Person } from '../people/person.ts';
import type { WeatherPort } from '../people/weather.ts';
import type { RunInfo, RunLog, TaskContext } from '../task.ts';
import { activeTraceparent } from '../trace.ts';
import type { Output } from './output.ts';
import { asOwner } from './owner.ts';
import { report } from './report.ts';

/** What handlers use beyond their own run. */
export interface ContextServices {
  pool: pg.Pool;
  /** Connections for statements that somebody else wrote, apart from those that record runs. */
  reportPool: pg.Pool;
  guardedFetch: GuardedFetch;
  /** Undefined where the worker has none. */
  agent: AgentPort | undefined;
  /** Undefined where nobody has configured it. */
  weather?: WeatherPort | undefined;
  /** Milliseconds that go by, for what a handler says of later; those of this machine by default. */
  stopwatch?: () => number;
}

/** What belongs to one attempt. */
export interface ContextParts {
  signal: AbortSignal;
  /** Where the attempt is in its trace; asked only where somebody wants to know. */
  span: { readonly traceparent: string };
  log: RunLog;
  output: Output;
  services: ContextServices;
}

export function createContext<P>(
  run: StartedRun,
  payload: P,
  { signal, span, log, output, services }: ContextParts,
): TaskContext<P> & { agent: AgentPort } {
  return {
    // A task that may use it is not run by a worker that has none.
    agent: agentOf(run, services) as AgentPort,
    payload,
    run: describeRun(run, services.pool),
    signal,
    get traceparent() {
      return span.traceparent;
    },
    log,
    write: (chunk) => output.write(chunk),
    fetch: (url, init = {}) =>
      services.guardedFetch.fetch(url, {
        ...init,
        headers: traced(init.headers, span.traceparent),
        signal: init.signal === undefined ? signal : AbortSignal.any([signal, init.signal]),
      }),
    report: (statement, options) => report(services.reportPool, run.id, output.limit, statement, options),
    person: () => personOf(run, services.pool),
    weather: async (place, language) => services.weather?.at(place, language, signal),
  };
}

async function personOf({ id, attempt }: StartedRun, pool: pg.Pool): Promise<Person | null> {
  const { rows } = await pool.query<{ person: (Omit<Person, 'localTime'> & { local_time: string }) | null }>({
    name: 'chime_person_of',
    text: 'select chime_private.person_of($1, $2) as person',
    values: [id, attempt],
  });
  if (rows[0]?.person == null) return null;
  const { local_time: localTime, ...person } = rows[0].person;
  return { ...person, localTime };
}

/** What asks a model for this run, as its owner. */
function agentOf(run: StartedRun, { agent, reportPool }: ContextServices): AgentPort | undefined {
  if (agent === undefined) return undefined;
  return {
    ...(agent.toolNames !== undefined && { toolNames: agent.toolNames }),
    ask: (prompt, options) =>
      agent.ask(prompt, { ...options, actAsOwner: (work) => asOwner(reportPool, run, work) }),
  };
}

/** Says what trace a request belongs to, unless the caller has. */
function traced(headers: Record<string, string> = {}, traceparent: string): Record<string, string> {
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'traceparent')) return headers;
  return { ...headers, traceparent: activeTraceparent() ?? traceparent };
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
    eventId: run.event_id,
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
    async retriesLeft() {
      const { rows } = await pool.query<{ retries: number }>(
        'select chime_private.retries_left($1) as retries',
        [run.id],
      );
      return rows[0]?.retries ?? 0;
    },
  };
}
