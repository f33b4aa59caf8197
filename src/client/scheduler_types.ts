// What a program needs of a scheduler, as one interface.
import type { TraceOptions } from './acting.ts';
import type { ChimeEvent, CreatedEventHandler, CreateEventHandlerInput } from './event_types.ts';
import type { Metrics, MetricsOptions } from './metrics.ts';
import type { Page, PageOptions } from './page.ts';
import type { PendingRun } from './run_handle.ts';
import type { PayloadField, PayloadOf, Referred, ResultOf, TaskReference, Tasks } from './tasks.ts';
import type {
  CreatedSchedule,
  CreateScheduleInput,
  Fire,
  PreviewInput,
  Run,
  RunStatus,
  RunWithOutput,
  Schedule,
  SchedulePatch,
  ScheduleStats,
  ScheduleStatus,
} from './types.ts';

/** Where the type of a result is kept; there is no such field. */
declare const result: unique symbol;

/** A schedule that was created or changed, and what its runs result in. */
export interface Scheduled<Result = unknown> extends CreatedSchedule {
  readonly [result]?: Result;
}

/** A schedule: what `schedule` answered, a `Schedule`, or an id, a key or a name. */
export type ScheduleReference<Result = unknown> =
  | string
  | { readonly id: string; readonly [result]?: Result };

type Options = Omit<CreateScheduleInput, 'task' | 'payload'>;
type RecurringRule = 'cron' | 'every' | 'rrule' | 'rules' | 'repeatInterval';

/** When and how a task is run; its payload has the type that the task says. */
export type ScheduleOptions<D = unknown> = Options & PayloadField<PayloadOf<D>>;

/** The same for one time. */
export type OnceOptions<D = unknown> = Omit<Options, RecurringRule | 'maxRuns' | 'endsAt'> & {
  at: string | Date;
} & PayloadField<PayloadOf<D>>;

/** The same for a limited number of times. */
export type RecurringOptions<D = unknown> = Omit<Options, 'at' | 'maxRuns' | 'endsAt'> & {
  /** How many runs there are at most (`maxRuns`). */
  times?: number;
  /** Until when it fires (`endsAt`). */
  until?: string | Date;
} & PayloadField<PayloadOf<D>>;

/** How a task answers events; beside what is given, its payload is that of the event. */
export type OnEventOptions = Omit<CreateEventHandlerInput, 'event' | 'task'>;

export interface RunNowOptions extends TraceOptions {
  /** In the place of the schedule's. */
  payload?: unknown;
  /** Beside a run that is not finished, whatever the schedule says of overlap. */
  allowOverlap?: boolean;
}

export interface ListJobsOptions extends PageOptions {
  status?: ScheduleStatus;
  /** Those of this task. */
  task?: string;
  /** Those that have this tag. */
  tag?: string;
}

export interface JobHistoryOptions extends PageOptions {
  status?: RunStatus;
}

/** What is wrong with an installation, as `chime.health()` says it. */
export interface Health {
  status: 'ok' | 'warning' | 'problem';
  /** In words. */
  problems: string[];
  /** The version of pgchime that the database belongs to. */
  version: string;
  /** What each check found: clocks, workers, schedules, queue, partitions, history. */
  checks: Record<string, { status: 'ok' | 'warning' | 'problem' } & Record<string, unknown>>;
}

/**
 * A scheduler: what `createChime` makes is one. Two words are those of other schedulers, for people who come from there: a *job* is what
 * pgchime calls a schedule, an *execution* is a run. Everywhere else, and in what these methods give and get, it is schedule and run.
 *
 * Every call is one statement, or a few, of SQL: in a transaction (`withTransaction`) it is part of that. Errors are those of
 * `errorClasses`; beside what is named here, any call may find the database away, or `NotAllowedError` (CH042).
 */
export interface IScheduler<T extends Tasks = Tasks> {
  /**
   * Schedules a task: with a `key` that a schedule has, changes that one to what is given here.
   * @param task its definition, or the name of one that the program knows
   * @throws InvalidPayloadError (CH006) with the path of what does not fit; nothing is sent to the database then
   * @throws InvalidRuleError, NeverFiresError, UnknownTimezoneError, PastTimeError (CH001 to CH004)
   * @throws UnknownTaskError (CH005) where no worker has registered the task yet
   */
  schedule<K extends TaskReference<T>>(
    task: K,
    options: ScheduleOptions<Referred<K, T>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>>;

  /** Schedules a task for one time: an instant, or a wall-clock time in `timezone`. Errors are those of `schedule`. */
  scheduleOnce<K extends TaskReference<T>>(
    task: K,
    options: OnceOptions<Referred<K, T>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>>;

  /**
   * Schedules a task again and again, but not for ever: `times`, or `until` an instant, or what comes first. Errors are those of
   * `schedule`; InvalidArgumentError (CH007) where there is no limit.
   */
  scheduleRecurring<K extends TaskReference<T>>(
    task: K,
    options: RecurringOptions<Referred<K, T>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>>;

  /** `schedule` for code that runs at each start: there is one schedule with this key, and it is as the code says. */
  upsert<K extends TaskReference<T>>(
    key: string,
    task: K,
    options: Omit<ScheduleOptions<Referred<K, T>>, 'key'> & PayloadField<PayloadOf<Referred<K, T>>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>>;

  /**
   * Changes when a schedule fires, or anything else of it: absent keeps, null clears, and a new rule takes the place of the old one. What
   * has passed is never made up for.
   * @throws ScheduleNotFoundError (CH010), RevisionConflictError (CH012), IllegalStateError (CH013) where it is cancelled
   */
  reschedule(
    job: ScheduleReference,
    patch: SchedulePatch,
    options?: { expectedRevision?: number },
  ): Promise<Schedule>;

  /**
   * Removes a schedule: it does not fire any more, and is not listed. Its runs stay readable.
   * @throws ScheduleNotFoundError (CH010)
   */
  unschedule(job: ScheduleReference): Promise<Schedule>;

  /**
   * Runs a task for each event of a name (`order.created`), or of all that begin so (`order.*`). With the key of an event handler that
   * exists, changes that to what is given here; the key is the name of the event and that of the task by default.
   * @throws UnknownTaskError (CH005), InvalidArgumentError (CH007)
   */
  onEvent(event: string, task: TaskReference<T>, options?: OnEventOptions): Promise<CreatedEventHandler>;

  /**
   * Says that something happened: the runs of all event handlers that it concerns are made with it.
   * @throws InvalidPayloadError (CH006) where the payload is no object or too large, InvalidArgumentError (CH007)
   */
  triggerEvent(name: string, payload?: Record<string, unknown>, options?: TraceOptions): Promise<ChimeEvent>;

  /** @throws ScheduleNotFoundError (CH010) */
  getJob(job: ScheduleReference): Promise<Schedule>;

  /** Schedules that are not deleted, the latest first. */
  listJobs(options?: ListJobsOptions): Promise<Page<Schedule>>;

  /**
   * Stops a schedule from firing until it is resumed, or until an instant.
   * @throws ScheduleNotFoundError (CH010), IllegalStateError (CH013) where it has ended
   */
  pauseJob(job: ScheduleReference, options?: { reason?: string; until?: Date | string }): Promise<Schedule>;

  /**
   * Lets a schedule fire again, from now on: the pause is not made up for.
   * @throws ScheduleNotFoundError (CH010), IllegalStateError (CH013) where it has ended
   */
  resumeJob(job: ScheduleReference): Promise<Schedule>;

  /**
   * Stops a schedule for good; it stays to be read.
   * @throws ScheduleNotFoundError (CH010), IllegalStateError (CH013) where it has ended
   */
  cancelJob(job: ScheduleReference, reason?: string): Promise<Schedule>;

  /**
   * What became of its fires, the latest first.
   * @throws ScheduleNotFoundError (CH010)
   */
  getJobHistory(job: ScheduleReference, options?: JobHistoryOptions): Promise<Page<Run>>;

  /**
   * A run with everything that it produced; `finished()` waits for its end.
   * @param execution its id, or the beginning of it if no other run begins so
   * @throws RunNotFoundError (CH011)
   */
  getExecution(execution: string): PendingRun<RunWithOutput>;

  /**
   * Runs again what a run did that failed, timed out or was cancelled: a new run, whose `retryOf` is the old one. One that waits for its
   * retry does not wait any longer, and is itself the answer.
   * @throws RunNotFoundError (CH011), IllegalStateError (CH013) where it may not
   */
  retryExecution(execution: string, options?: { allowOverlap?: boolean } & TraceOptions): PendingRun;

  /**
   * Runs a schedule once, at once, beside its rule: `await` gives the run, `await chime.runNow(...).finished()` what it came to.
   * @throws ScheduleNotFoundError (CH010), IllegalStateError (CH013) where a run that is not finished is in the way
   */
  runNow<Result = unknown>(job: ScheduleReference<Result>, options?: RunNowOptions): PendingRun<Run, Result>;

  /**
   * The next fires of a rule, without storing anything.
   * @throws InvalidRuleError, NeverFiresError, UnknownTimezoneError, PastTimeError (CH001 to CH004)
   */
  preview(input: PreviewInput): Promise<Fire[]>;

  /** Numbers of schedules, runs and queue, of the last 24 hours or another time; only administrators may read those of runs. */
  getMetrics(options?: MetricsOptions): Promise<Metrics>;

  /** Whether anything is wrong with the installation as a whole: no clock, no worker, what is late or fails; for administrators. */
  healthCheck(): Promise<Health>;

  /**
   * How a schedule is, and what became of its runs since it was created, also of those that are not kept any more.
   * @throws ScheduleNotFoundError (CH010)
   */
  getJobStats(job: ScheduleReference): Promise<ScheduleStats>;
}
