// What a task is: a name, a schema for its payload, a handler.
import type { z } from 'zod';
import type { AgentPort } from './agent.ts';
import type { Person } from './people/person.ts';

/** What the schedule of a run is called. */
export interface ScheduleRef {
  id: string;
  key: string | null;
  name: string;
}

/** The run that a handler executes. */
export interface RunInfo {
  id: string;
  /** Its nominal time. */
  scheduledFor: Date;
  /** Its nominal time on the wall clock of the schedule's zone: YYYY-MM-DD HH:MM:SS. */
  localTime: string;
  /** When it should have started: nominal time plus jitter. */
  dueAt: Date;
  startedAt: Date;
  /** When this attempt has to be over, by the schedule's timeout. */
  deadlineAt: Date;
  /** 1 for the first try. */
  attempt: number;
  trigger: 'schedule' | 'manual' | 'event' | 'backfill' | 'workflow';
  /** The event that led to it. */
  eventId: string | null;
  schedule: ScheduleRef | null;
  /** IANA time zone of the schedule; UTC for a run without one. */
  timezone: string;
  /** The next fire of the schedule, as of the start of this run. */
  nextFireAt: Date | null;
  /** The next fires of the schedule, from now on: `count` of them, or fewer where it ends. */
  nextFires(count: number): Promise<Date[]>;
  /** How many more times the run is tried if this attempt fails: 0 in the last. */
  retriesLeft(): Promise<number>;
}

/** Structured log lines of a run, stored with it. */
export interface RunLog {
  debug(message: string, data?: unknown): void;
  info(message: string, data?: unknown): void;
  warn(message: string, data?: unknown): void;
  error(message: string, data?: unknown): void;
}

/** How much a report may take. */
export interface ReportOptions {
  timeoutMs?: number;
  maxRows?: number;
  /** Bytes of JSON: at most what a run may keep of output, and 16 MB. */
  maxBytes?: number;
}

/** The result of a report: columns in order, rows as objects. */
export interface ReportResult {
  /** Each name once: of two columns `count` the second is `count_2`. */
  columns: string[];
  /** Numbers are text where a JavaScript number would lose digits, such as 9007199254740993 or 1.10. */
  rows: Record<string, unknown>[];
  /** Whether there were more rows or bytes than asked for. */
  truncated: boolean;
}

/** What a handler is given. */
export interface TaskContext<P = unknown> {
  /** The payload, as the task's schema read it. */
  payload: P;
  run: RunInfo;
  /**
   * Aborted when the attempt has to end: its time is over, the run was cancelled, the worker shuts down or lost its lease.
   * Throw then, as `signal.throwIfAborted()` and `fetch` do: a handler that returns says that it is done. One that does not
   * end within a few seconds is written off, and what it still does changes nothing.
   */
  signal: AbortSignal;
  /** The trace that this attempt belongs to, as W3C Trace Context says it; `fetch` passes it on by itself. */
  traceparent: string;
  log: RunLog;
  /** Appends to the output of the run. Text, or bytes of UTF-8. */
  write(chunk: string | Uint8Array): void;
  /** fetch, but for the public internet only: private, loopback and metadata addresses are refused. */
  fetch(url: string | URL, init?: GuardedRequest): Promise<GuardedResponse>;
  /** Runs one SQL statement that reads, as the reporter role: it sees what the owner of the run may. */
  report(statement: string, options?: ReportOptions): Promise<ReportResult>;
  /** What asks a language model, where the worker has one. Tasks of the type agent are only run where it has. */
  agent?: AgentPort | undefined;
  /** Who owns the run; null where nobody does. */
  person(): Promise<Person | null>;
  /** The weather of a town in a few words; undefined where the worker knows none, or cannot learn it. */
  weather(place: string, language: 'en' | 'ru'): Promise<string | undefined>;
}

/** A request of `ctx.fetch`. */
export interface GuardedRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** How many redirects to follow, each checked like the first address. */
  maxRedirects?: number;
  /** How much of a response to read, in bytes; the rest is dropped. */
  maxBytes?: number;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A response of `ctx.fetch`, read to its end. */
export interface GuardedResponse {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  /** Whether there was more than `maxBytes`. */
  truncated: boolean;
  /** The address that answered, after redirects. */
  url: string;
}

/** A task handler as `defineTask` takes it. */
export interface TaskDefinition<S extends z.ZodType, R = unknown, N extends string = string> {
  /** Lower case letters, digits and underscores: what schedules call it. */
  name: N;
  /** One sentence, for lists of tasks. */
  description?: string;
  /** Schema of the payload: checked when a schedule is written, and again before each run. */
  payload: S;
  /**
   * Executes a run. A string that it returns is added to the output; anything else is kept as the result, as JSON, and is
   * the output too if nothing was written. An error that it throws fails the attempt. `retry`, `snooze`, `cancel`, `giveUp` and
   * `silent` make answers that say something else.
   */
  run(ctx: TaskContext<z.output<S>>): R;
}

/** A task that asks a language model. */
export interface AgentDefinition<S extends z.ZodType, R = unknown, N extends string = string>
  extends Omit<TaskDefinition<S, R, N>, 'run'> {
  handlerType: 'agent';
  /** Whether a worker that has no agent port refuses to start with it, which is so by default; without, its runs fail there. */
  requiresAgent?: boolean;
  run(ctx: TaskContext<z.output<S>> & { agent: AgentPort }): R;
}

/**
 * A task that workers can load.
 * @typeParam S the schema of its payload
 * @typeParam R what its handler returns
 * @typeParam N its name
 */
export interface Task<S extends z.ZodType = z.ZodType, R = unknown, N extends string = string>
  extends Omit<TaskDefinition<S, R, N>, 'run'> {
  readonly kind: 'pgchime.task';
  readonly handlerType: 'function' | 'agent' | 'workflow';
  readonly requiresAgent?: boolean;
  /** Of a workflow, as the database keeps them. */
  readonly steps?: readonly unknown[];
  run(ctx: TaskContext<z.output<S>> & { agent: AgentPort }): R;
}

/**
 * Defines a task. A task file exports one as its default.
 * @example
 * export default defineTask({
 *   name: 'greet',
 *   payload: z.object({ whom: z.string() }),
 *   run: ({ payload }) => `Hello, ${payload.whom}`,
 * });
 */
export function defineTask<S extends z.ZodType, R, const N extends string>(
  definition: AgentDefinition<S, R, N>,
): Task<S, R, N>;
export function defineTask<S extends z.ZodType, R, const N extends string>(
  definition: TaskDefinition<S, R, N>,
): Task<S, R, N>;
export function defineTask<S extends z.ZodType, R, N extends string>(
  definition: TaskDefinition<S, R, N> | AgentDefinition<S, R, N>,
): Task<S, R, N> {
  taskName(definition.name);
  return { handlerType: 'function', ...definition, kind: 'pgchime.task' };
}

/** @throws TypeError where it is not the name of a task */
export function taskName(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) {
    throw new TypeError(
      `"${name}" is not a task name: lower case letters, digits and underscores, 63 characters at most.`,
    );
  }
  return name;
}
