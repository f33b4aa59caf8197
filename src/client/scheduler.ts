// The interface of a scheduler, over what the library has: each method is a call of one of its parts.
import { InvalidArgumentError } from '../errors.ts';
import type { Task } from '../task.ts';
import type { TraceOptions } from './acting.ts';
import type { Send } from './chime.ts';
import type { ChimeEvent, CreatedEventHandler } from './event_types.ts';
import type { EventHandlers, Events } from './events.ts';
import { type Metrics, type MetricsOptions, readMetrics } from './metrics.ts';
import { type Page, readPage } from './page.ts';
import type { PendingRun } from './run_handle.ts';
import { type Runs, runColumns } from './runs.ts';
import type {
  Health,
  IScheduler,
  JobHistoryOptions,
  ListJobsOptions,
  OnceOptions,
  OnEventOptions,
  RecurringOptions,
  RunNowOptions,
  Scheduled,
  ScheduleOptions,
  ScheduleReference,
} from './scheduler_types.ts';
import { type Schedules, scheduleColumns } from './schedules.ts';
import {
  checkPayload,
  nameOf,
  type Referred,
  type ResultOf,
  type TaskReference,
  type Tasks,
} from './tasks.ts';
import type {
  CreateScheduleInput,
  Fire,
  PreviewInput,
  Run,
  RunWithOutput,
  Schedule,
  SchedulePatch,
  ScheduleStats,
} from './types.ts';

const idOf = (job: ScheduleReference) => (typeof job === 'string' ? job : job.id);

export abstract class Scheduler<T extends Tasks = Tasks> implements IScheduler<T> {
  abstract readonly schedules: Schedules;
  abstract readonly runs: Runs;
  abstract readonly events: Events;
  abstract readonly eventHandlers: EventHandlers;
  readonly #send: Send;
  readonly #tasks: ReadonlyMap<string, Task>;

  constructor(send: Send, tasks: ReadonlyMap<string, Task>) {
    this.#send = send;
    this.#tasks = tasks;
  }

  schedule<K extends TaskReference<T>>(
    task: K,
    options: ScheduleOptions<Referred<K, T>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>> {
    return this.#schedule(task, options);
  }

  async scheduleOnce<K extends TaskReference<T>>(
    task: K,
    options: OnceOptions<Referred<K, T>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>> {
    if (options?.at === undefined)
      throw new InvalidArgumentError('`at` is missing: when does it run?', {
        hint: 'Give a Date, or a wall-clock time such as "2026-12-01 09:00" with `timezone`.',
        detail: { field: 'at' },
      });
    return this.#schedule(task, options);
  }

  async scheduleRecurring<K extends TaskReference<T>>(
    task: K,
    options: RecurringOptions<Referred<K, T>>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>> {
    const { times, until, ...others } = options as RecurringOptions;
    if (times === undefined && until === undefined)
      throw new InvalidArgumentError('There is no limit: give `times` or `until`.', {
        hint: 'What recurs for ever is scheduled with schedule().',
      });
    return this.#schedule(task, {
      ...others,
      ...(times !== undefined && { maxRuns: times }),
      ...(until !== undefined && { endsAt: until }),
    });
  }

  upsert<K extends TaskReference<T>>(
    key: string,
    task: K,
    options: Omit<ScheduleOptions<Referred<K, T>>, 'key'>,
  ): Promise<Scheduled<ResultOf<Referred<K, T>>>> {
    return this.#schedule(task, { ...options, key });
  }

  reschedule(
    job: ScheduleReference,
    patch: SchedulePatch,
    options: { expectedRevision?: number } = {},
  ): Promise<Schedule> {
    return this.schedules.update(idOf(job), patch, options);
  }

  unschedule(job: ScheduleReference): Promise<Schedule> {
    return this.schedules.delete(idOf(job));
  }

  async onEvent(
    event: string,
    task: TaskReference<T>,
    options: OnEventOptions = {},
  ): Promise<CreatedEventHandler> {
    const name = nameOf(task);
    return this.eventHandlers.create({ key: `${event} ${name}`, ...options, event, task: name });
  }

  triggerEvent(
    name: string,
    payload: Record<string, unknown> = {},
    options: TraceOptions = {},
  ): Promise<ChimeEvent> {
    return this.events.trigger(name, payload, options);
  }

  getJob(job: ScheduleReference): Promise<Schedule> {
    return this.schedules.get(idOf(job));
  }

  listJobs({ status, task, tag, ...page }: ListJobsOptions = {}): Promise<Page<Schedule>> {
    return readPage<Schedule>(
      this.#send,
      {
        columns: scheduleColumns.replaceAll('s.', 'r.'),
        source: 'chime.search_schedules(status => $3::chime.schedule_status[], task => $4, tag => $5)',
      },
      [status === undefined ? null : [status], task ?? null, tag ?? null],
      page,
    );
  }

  pauseJob(
    job: ScheduleReference,
    options: { reason?: string; until?: Date | string } = {},
  ): Promise<Schedule> {
    return this.schedules.pause(idOf(job), options);
  }

  resumeJob(job: ScheduleReference): Promise<Schedule> {
    return this.schedules.resume(idOf(job));
  }

  cancelJob(job: ScheduleReference, reason?: string): Promise<Schedule> {
    return this.schedules.cancel(idOf(job), reason);
  }

  async getJobHistory(
    job: ScheduleReference,
    { status, ...page }: JobHistoryOptions = {},
  ): Promise<Page<Run>> {
    const { id } = await this.schedules.get(idOf(job));
    return readPage<Run>(
      this.#send,
      {
        columns: runColumns,
        source: 'chime.search_runs(schedule_id => $3::uuid, status => $4::chime.run_status[])',
        joins: 'left join chime.schedules s on s.id = r.schedule_id',
      },
      [id, status === undefined ? null : [status]],
      page,
    );
  }

  getExecution(execution: string): PendingRun<RunWithOutput> {
    return this.runs.get(execution);
  }

  retryExecution(execution: string, options: { allowOverlap?: boolean } & TraceOptions = {}): PendingRun {
    return this.runs.retry(execution, options);
  }

  runNow<Result = unknown>(
    job: ScheduleReference<Result>,
    options: RunNowOptions = {},
  ): PendingRun<Run, Result> {
    return this.schedules.runNow<Result>(idOf(job), options);
  }

  abstract preview(input: PreviewInput): Promise<Fire[]>;

  getMetrics(options: MetricsOptions = {}): Promise<Metrics> {
    return readMetrics(this.#send, options);
  }

  async healthCheck(): Promise<Health> {
    const rows = await this.#send<{ health: Health }>('select chime.health() as health');
    return rows[0]?.health as Health;
  }

  async getJobStats(job: ScheduleReference): Promise<ScheduleStats> {
    const { id } = await this.schedules.get(idOf(job));
    return this.schedules.stats(id);
  }

  async #schedule<Result>(task: Task | string, options: object): Promise<Scheduled<Result>> {
    const name = nameOf(task);
    const { payload } = options as { payload?: unknown };
    // A definition that is given goes before one of the same name that is known.
    const definition = typeof task === 'string' ? this.#tasks.get(name) : task;
    if (definition !== undefined) await checkPayload(definition, payload);
    return this.schedules.create({ ...(options as Omit<CreateScheduleInput, 'task'>), task: name });
  }
}
