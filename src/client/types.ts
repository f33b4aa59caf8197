// What programs give and get: the names of the columns, in the case of TypeScript.

import type { DeliverPolicy } from './delivery_types.ts';

export type ScheduleStatus = 'active' | 'paused' | 'completed' | 'cancelled';
export type RunStatus =
  | 'queued'
  | 'running'
  | 'retrying'
  | 'succeeded'
  | 'failed'
  | 'timed_out'
  | 'cancelled'
  | 'skipped';
export type DstGap = 'next' | 'shift' | 'skip';
export type DstFold = 'first' | 'last' | 'both';
export type CatchUp = 'latest' | 'all' | 'earliest' | 'skip';
export type Overlap = 'skip' | 'buffer_one' | 'buffer_all' | 'cancel_other' | 'allow';
export type Priority = 'low' | 'medium' | 'high' | 'critical';
export type OnExcluded = 'skip' | 'next_day';
export type RepeatInterval = 'daily' | 'weekly' | 'monthly' | 'custom';
export type Overdue = 'refuse' | 'run_now';
export type RetryBackoff = 'constant' | 'linear' | 'exponential';

/** When: exactly one of `cron`, `every`, `at`, `rrule`, `rules` and `repeatInterval`, and the days on which it may fire. */
export interface RuleInput {
  /** Five fields, or six with seconds first. */
  cron?: string;
  /** An interval, for example `15 minutes` or `1 month`. */
  every?: string;
  /** Once: an instant, or a wall-clock time of the zone such as `2026-12-01 09:00`. */
  at?: string | Date;
  /** A recurrence rule of RFC 5545, for example `FREQ=MONTHLY;BYDAY=1MO`, with DTSTART, RDATE and EXDATE lines if need be. */
  rrule?: string;
  /** Several rules in place of one: it fires when any of them does. */
  rules?: ListedRule[];
  /**
   * Each day, week or month at the time of day of `startsAt` (or `anchor`), from that day on; a month that is shorter has it on its
   * last day. `custom`, for forms that always say something: another field is the rule.
   */
  repeatInterval?: RepeatInterval;
  /** IANA time zone; that of the tenant by default, which is UTC unless somebody has changed it. */
  timezone?: string;
  /** What an interval counts from, and a recurrence rule without DTSTART. */
  anchor?: string | Date;
  startsAt?: string | Date;
  endsAt?: string | Date;
  dstGap?: DstGap;
  dstFold?: DstFold;
  /** Names of calendars: it fires on their days alone. */
  onlyOn?: string[];
  /** Names of calendars: it does not fire on their days. */
  neverOn?: string[];
  /** What happens to fires that calendars leave out. */
  onExcluded?: OnExcluded;
}

type Fields<T> = Readonly<Record<keyof T & string, true>>;

/** The names of RuleInput. */
const ruleFields: Fields<RuleInput> = {
  cron: true,
  every: true,
  at: true,
  rrule: true,
  rules: true,
  repeatInterval: true,
  timezone: true,
  anchor: true,
  startsAt: true,
  endsAt: true,
  dstGap: true,
  dstFold: true,
  onlyOn: true,
  neverOn: true,
  onExcluded: true,
};

export interface CreateScheduleInput extends RuleInput {
  task: string;
  payload?: unknown;
  name?: string;
  /** Creating a schedule again with the same key changes it. */
  key?: string;
  description?: string;
  maxRuns?: number;
  /** An interval, at most one day. */
  jitter?: string;
  catchUp?: CatchUp;
  /** An interval. */
  catchUpWindow?: string;
  overlap?: Overlap;
  /** What becomes of an `at` in the past: it is refused, or runs at once. */
  overdue?: Overdue;
  /** How often a run that failed or timed out is tried again; 3 by default. */
  maxRetries?: number;
  /** An interval: how long it waits before the first retry; by default as the tenant has it, `1 minute`. */
  retryDelay?: string;
  /** How the wait grows with each retry; by default as the tenant has it, `exponential`. */
  retryBackoff?: RetryBackoff;
  /** An interval: the longest wait; `1 hour` by default, or `retryDelay` if that is longer. */
  retryMaxDelay?: string;
  /** An interval: how long an attempt may take; `5 minutes` by default. */
  timeout?: string;
  /** Of all runs with the same key no more run at once than its limit: one, where it has none. See `concurrencyLimits`. */
  concurrencyKey?: string;
  /** Which runs go first where several wait; `medium` by default. */
  priority?: Priority;
  /** How many of its runs are kept once they are finished, and as many skipped ones; as many as there are by default. */
  keepRuns?: number;
  /** An interval: how long its runs are kept after they finished; 30 days by default, for ever with `keepRuns`. */
  keepFor?: string;
  /** It is paused when so many of its runs in a row have failed. */
  pauseAfterFailures?: number;
  /** The event `chime.schedule.failing` is raised when so many of its runs in a row have failed. */
  alertAfterFailures?: number;
  /** Words to find it by: at most 20, of 1 to 50 characters each. */
  tags?: string[];
  /** Which of its runs somebody is told of; `always` by default. */
  deliver?: DeliverPolicy;
  /** Where its output goes; by default to the inbox of its owner, and to where the owner looks on. */
  channelMappingId?: string;
}

/** One of several rules; zone, bounds and policies are those of the schedule. */
export type ListedRule = Pick<RuleInput, 'cron' | 'every' | 'at' | 'rrule' | 'anchor'>;

/** The names of CreateScheduleInput. */
export const createFields: Fields<CreateScheduleInput> = {
  ...ruleFields,
  task: true,
  payload: true,
  name: true,
  key: true,
  description: true,
  maxRuns: true,
  jitter: true,
  catchUp: true,
  catchUpWindow: true,
  overlap: true,
  overdue: true,
  maxRetries: true,
  retryDelay: true,
  retryBackoff: true,
  retryMaxDelay: true,
  timeout: true,
  concurrencyKey: true,
  priority: true,
  keepRuns: true,
  keepFor: true,
  pauseAfterFailures: true,
  alertAfterFailures: true,
  tags: true,
  deliver: true,
  channelMappingId: true,
};

/** Absent keeps, null clears. */
export type SchedulePatch = { [K in keyof CreateScheduleInput]?: CreateScheduleInput[K] | null } & {
  /** The user whose schedule it is from now on; only administrators give it to another. Runs that exist keep theirs. */
  ownerId?: string | null;
};

export interface CreatedSchedule {
  id: string;
  outcome: 'created' | 'changed' | 'unchanged';
  revision: number;
  nextRunAt: Date | null;
}

export interface PreviewInput extends RuleInput {
  /** Where to start; now by default. Never included. */
  after?: string | Date;
  /** How many fires; 10 by default, 1000 at most. */
  count?: number;
  /** With `run_now`, an `at` in the past is a fire too, with a note that it runs at once. */
  overdue?: Overdue;
}

/** The names of PreviewInput. */
export const previewFields: Fields<PreviewInput> = {
  ...ruleFields,
  after: true,
  count: true,
  overdue: true,
};

export interface DescribeInput extends RuleInput {
  /** `en` (the default) or `ru`; also `en-GB`, `ru_RU` and the like. */
  locale?: string;
}

/** The names of DescribeInput. */
export const describeFields: Fields<DescribeInput> = { ...ruleFields, locale: true };

/** One fire of a rule. */
export interface Fire {
  scheduledFor: Date;
  /** On the wall clock of the rule's zone: YYYY-MM-DD HH:MM:SS. */
  localTime: string;
  /** What a clock change did to it; of a one-off in the past, that it runs at once. */
  note: string | null;
}

export interface Schedule {
  id: string;
  key: string | null;
  name: string;
  description: string | null;
  task: string;
  payload: unknown;
  cron: string | null;
  every: string | null;
  at: string | null;
  rrule: string | null;
  rules: ListedRule[] | null;
  onlyOn: string[] | null;
  neverOn: string[] | null;
  onExcluded: OnExcluded;
  anchor: Date | null;
  timezone: string;
  dstGap: DstGap;
  dstFold: DstFold;
  startsAt: Date | null;
  endsAt: Date | null;
  maxRuns: number | null;
  jitter: string | null;
  catchUp: CatchUp;
  catchUpWindow: string;
  overlap: Overlap;
  maxRetries: number;
  retryDelay: string;
  retryBackoff: RetryBackoff;
  retryMaxDelay: string;
  timeout: string;
  concurrencyKey: string | null;
  priority: Priority;
  keepRuns: number | null;
  keepFor: string | null;
  pauseAfterFailures: number | null;
  alertAfterFailures: number | null;
  tags: string[];
  deliver: DeliverPolicy;
  channelMappingId: string | null;
  /** Of agents: since when nobody can be told of their runs, which are skipped meanwhile. */
  blockedAt: Date | null;
  /** The user whose schedule it is; null = the tenant's own. */
  ownerId: string | null;
  status: ScheduleStatus;
  statusReason: string | null;
  pausedUntil: Date | null;
  pausedBy: string | null;
  nextRunAt: Date | null;
  lastRunId: string | null;
  runCount: number;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

/** How a schedule is, and what became of its runs. */
export interface ScheduleStats {
  health: 'ok' | 'failing' | 'late' | 'waiting' | 'set_aside' | 'paused' | 'completed' | 'cancelled';
  failuresInARow: number;
  lastRunId: string | null;
  lastRunStatus: RunStatus | null;
  lastStartedAt: Date | null;
  lastFinishedAt: Date | null;
  runs: number;
  succeeded: number;
  failed: number;
  timedOut: number;
  cancelled: number;
  /** Fires that were not run. */
  skippedFires: number;
  successPercent: number | null;
  averageDurationMs: number | null;
  /** Within 5 %, as all quantiles. */
  p95DurationMs: number | null;
  averageLatenessMs: number | null;
  p95LatenessMs: number | null;
}

/** One change of a schedule. */
export interface ScheduleRevision {
  /** The revision of its definition that it had then. */
  revision: number;
  action:
    | 'created'
    | 'changed'
    | 'paused'
    | 'resumed'
    | 'completed'
    | 'cancelled'
    | 'deleted'
    | 'restored'
    | 'backfilled'
    | 'skipped';
  actor: string;
  /** `cli`, `typescript`, `sql`, ...; `clock` where pgchime did it. */
  surface: string;
  changedAt: Date;
  /** What was changed, by the names of columns, as it was before; what is absent was null. */
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

export interface Run {
  id: string;
  scheduleId: string | null;
  scheduleName: string | null;
  task: string;
  trigger: 'schedule' | 'manual' | 'event' | 'backfill' | 'workflow';
  /** The event that led to it. */
  eventId: string | null;
  /** The event handler whose run it is. */
  eventHandlerId: string | null;
  /** The workflow that it is a step of, and which of its steps, from 1 on. */
  parentRunId: string | null;
  step: number | null;
  scheduledFor: Date;
  dueAt: Date;
  status: RunStatus;
  attempt: number;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** From start to finish. */
  durationMs: number | null;
  /** How much later than due it started; null before, and once it was tried again. */
  latenessMs: number | null;
  outputSummary: string | null;
  error: string | null;
  skipReason: string | null;
  /** Skipped: how many fires it stands for. */
  coversCount: number | null;
  /** Retrying: when its next attempt is due. */
  retryAt: Date | null;
  /** How many retries it has spent. */
  retryCount: number;
  /** The run that it repeats. */
  retryOf: string | null;
  /** When somebody asked to cancel it. */
  cancelRequestedAt: Date | null;
  cancelReason: string | null;
  /** Why nobody need be told of it, as its task says. */
  silentReason: string | null;
  concurrencyKey: string | null;
  priority: Priority;
  /** Queued: what must become free before a worker may start it. */
  waitsFor: string | null;
}

export interface RunWithOutput extends Run {
  /** Its place in a trace, as W3C Trace Context has it. */
  traceId: string;
  spanId: string;
  /** Null where its trace begins with it. */
  parentSpanId: string | null;
  payload: unknown;
  output: string | null;
  result: unknown;
  errorStack: string | null;
}

/** How many runs with the same concurrency key may run at once. */
export interface ConcurrencyLimit {
  key: string;
  maxRunning: number;
  updatedAt: Date;
}

/** A named set of days. */
export interface Calendar {
  id: string;
  name: string;
  /** Where its days begin and end; null = in the zone of each schedule. */
  timezone: string | null;
  /** Days, and ranges of days with both ends: `2026-12-25`, `2026-12-24/2027-01-01`. */
  dates: string[];
  createdAt: Date;
  updatedAt: Date;
}

/** Who owns rows. */
export interface Tenant {
  id: string;
  name: string;
  createdAt: Date;
}

/** A person, or a program that is treated as one. */
export interface User {
  id: string;
  /** What tokens call the person. */
  subject: string;
  name: string | null;
  locale: string | null;
  timezone: string | null;
  status: 'active' | 'blocked' | 'forgotten';
  /** When they are asked how they are, HH:MM on their own clock; null = never. */
  preferredMessageTime: string | null;
  /** Since when they may be written to of one's own accord; null = they may not. */
  onboardedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** As what somebody acts: with what is their own, with all of the tenant, or reading all of it. */
export type AccessRole = 'user' | 'admin' | 'reporter';

export interface CreateApiTokenInput {
  /** What it is for. */
  name: string;
  role: AccessRole;
  /** As whom it acts, by id or subject; a token with the role `user` needs it. */
  user?: string;
  /** From when on it is refused; never by default. */
  expiresAt?: Date | string;
  /** The same, as an interval from now. */
  expiresIn?: string;
}

export interface CreatedApiToken {
  id: string;
  /** What the program signs in with; it is kept nowhere. */
  secret: string;
}

/** A token of a program, without its secret. */
export interface ApiToken {
  id: string;
  name: string;
  role: AccessRole;
  userId: string | null;
  userSubject: string | null;
  /** The first characters of the secret. */
  prefix: string;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  /** To within five minutes. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface CreateCalendarFeedInput {
  /** What programs call the calendar; by default a name in the language of the person. */
  name?: string;
  /** Whose it is, by id or subject; by default whoever acts. */
  user?: string;
}

export interface CreatedCalendarFeed {
  id: string;
  /** Who has it may read the calendar; it is kept nowhere. */
  secret: string;
  /** Where the server has the calendar: `/calendar/<secret>.ics`. */
  path: string;
}

/** A calendar to subscribe to, without its secret. */
export interface CalendarFeed {
  id: string;
  name: string | null;
  userId: string;
  userSubject: string;
  /** The first characters of the secret. */
  prefix: string;
  createdAt: Date;
  /** To within five minutes. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}
