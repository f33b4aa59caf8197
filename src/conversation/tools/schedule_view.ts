// Schedules as tools answer them, read as the speaker: what row-level security hides is not there.
import { ScheduleNotFoundError } from '../../errors.ts';
import type { Language } from '../phrases/reading.ts';
import type { ScheduleData } from './schemas.ts';
import { text } from './texts/texts.ts';
import { timeOf } from './times.ts';
import type { ToolActing, ToolContext } from './tool.ts';

interface Row {
  id: string;
  name: string;
  key: string | null;
  task: string;
  payload: unknown;
  status: ScheduleData['status'];
  cron: string | null;
  every: string | null;
  at: string | null;
  rrule: string | null;
  timezone: string;
  revision: number;
  words: string;
  nextRunAt: Date | null;
  nextLocal: string | null;
  runId: string | null;
  runStatus: string | null;
  runAt: Date | null;
  runLocal: string | null;
}

/** A schedule, and of it what tools need to change it. */
export interface ScheduleView {
  data: ScheduleData;
  payload: unknown;
  cron: string | null;
}

const wall = (value: string) => `to_char(${value} at time zone s.timezone, 'YYYY-MM-DD HH24:MI:SS')`;

/** Of what is overdue the next fire is over: it fires at once. The rule in words is for $1. */
const columns = `
  s.id, s.name, s.key, s.task, s.payload, s.status, s.cron, s.every::text as every, s.at, s.rrule, s.timezone, s.revision,
  chime.describe(cron => s.cron, every => s.every, at => s.at, rrule => s.rrule, timezone => s.timezone, locale => $1, anchor => s.anchor,
    starts_at => s.starts_at, ends_at => s.ends_at, rules => s.rules, only_on => s.only_on, never_on => s.never_on, on_excluded => s.on_excluded,
    dst_gap => s.dst_gap, dst_fold => s.dst_fold) as words,
  s.next_run_at, ${wall('s.next_run_at')} as next_local,
  r.id as run_id, r.status as run_status, r.scheduled_for as run_at, ${wall('r.scheduled_for')} as run_local`;

const lastRun = `left join lateral (
    select * from chime.runs r where r.schedule_id = s.id and r.status <> 'skipped' order by r.id desc limit 1) r on true`;

const textIn = (payload: unknown): string | null => {
  const said = (payload as { text?: unknown } | null)?.text;
  return typeof said === 'string' ? said : null;
};

function cadenceOf({ cron, every, at, rrule }: Row): ScheduleData['cadence'] {
  if (cron !== null) return { kind: 'cron', value: cron };
  if (every !== null) return { kind: 'interval', value: every };
  if (rrule !== null) return { kind: 'rrule', value: rrule };
  return at === null ? null : { kind: 'once', value: at };
}

function viewOf(row: Row, language: Language): ScheduleView {
  const { id, name, key, task, status, timezone, revision, words, nextRunAt, nextLocal, payload } = row;
  const { runId, runStatus, runAt, runLocal } = row;
  const at = (instant: Date, local: string | null) =>
    timeOf({ scheduledFor: instant, localTime: local ?? '', note: null }, timezone, language);
  return {
    ...{ payload, cron: row.cron },
    data: {
      ...{ id, name, key, task, text: textIn(payload), status, rule: words },
      ...{ cadence: cadenceOf(row), timezone, revision },
      next: nextRunAt === null ? null : at(nextRunAt, nextLocal),
      last_run:
        runId === null || runStatus === null || runAt === null
          ? null
          : { id: runId, status: runStatus, at: at(runAt, runLocal) },
    },
  };
}

/** @throws ScheduleNotFoundError (CH010) for one that is not there, or not the speaker's */
export async function readSchedule(
  { rows }: ToolActing,
  id: string,
  { locale }: ToolContext,
): Promise<ScheduleView> {
  const [row] = await rows<Row>(
    `select ${columns} from chime.schedules s ${lastRun} where s.id = $2 and s.deleted_at is null`,
    [locale, id],
  );
  if (row === undefined)
    throw new ScheduleNotFoundError(`There is no schedule ${id}.`, {
      hint: 'schedule_search finds those there are, with their ids.',
    });
  return viewOf(row, locale);
}

export interface Search {
  text?: string | undefined;
  status?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Schedules, the newest first, and one more than asked for where there are more. */
export async function findSchedules(
  { rows }: ToolActing,
  { text: words, status, limit, cursor }: Search,
  { locale }: ToolContext,
): Promise<ScheduleView[]> {
  const found = await rows<Row>(
    `select ${columns}
     from (
       select * from chime.search_schedules(text => $2, status => $3::chime.schedule_status[]) f
       where $4::uuid is null or f.id < $4 order by f.id desc limit $5) s
     ${lastRun} order by s.id desc`,
    [locale, words ?? null, status === undefined ? null : [status], cursor ?? null, limit + 1],
  );
  return found.map((row) => viewOf(row, locale));
}

const words = {
  active: 'statusActive',
  paused: 'statusPaused',
  completed: 'statusCompleted',
  cancelled: 'statusCancelled',
  queued: 'runQueued',
  running: 'runRunning',
  retrying: 'runRetrying',
  lost: 'runRetrying',
  succeeded: 'runSucceeded',
  failed: 'runFailed',
  timed_out: 'runTimedOut',
  skipped: 'runSkipped',
} as const;

/** The status of a schedule or a run, in a word or two. */
export const statusText = (status: string, language: Language): string =>
  status in words ? text(language, words[status as keyof typeof words]) : status;
