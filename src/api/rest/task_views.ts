// Between tasks, as the contract of REST has them, and schedules.
import type { CreateScheduleInput, Schedule, SchedulePatch } from '../../client/types.ts';
import type { TaskBody, TaskView } from './task_schemas.ts';

/** Intervals of the calendar that have a name. */
const namedIntervals: Record<string, TaskView['repeat_interval']> = {
  '1 day': 'daily',
  '7 days': 'weekly',
  '1 mon': 'monthly',
};

/** A schedule as a task. */
export function taskView(schedule: Schedule): TaskView {
  const { id, key, name, description, task, payload, timezone, tags, status, statusReason, revision } =
    schedule;
  const once = schedule.at !== null;
  const interval = schedule.every === null ? undefined : namedIntervals[schedule.every];
  return {
    ...{ id, key, name, description },
    task_type: once ? 'scheduled' : 'repeated',
    ...{ task, payload },
    scheduled_at: once ? timeOf(schedule.at as string) : beginningOf(schedule, interval !== undefined),
    repeat_interval: once ? null : (interval ?? 'custom'),
    cron_expression: schedule.cron,
    ...{ timezone, tags },
    is_active: status === 'active',
    status,
    status_reason: statusReason,
    rule: schedule.cron ?? schedule.every ?? schedule.at ?? schedule.rrule ?? JSON.stringify(schedule.rules),
    deliver: schedule.deliver,
    channel_mapping_id: schedule.channelMappingId,
    next_run_at: isoOrNull(schedule.nextRunAt),
    last_run_id: schedule.lastRunId,
    revision,
    created_at: schedule.createdAt.toISOString(),
    updated_at: schedule.updatedAt.toISOString(),
  };
}

function isoOrNull(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

/** Where an interval counts from something else than its start, that says when it fires. */
function beginningOf({ startsAt, anchor }: Schedule, named: boolean): string | null {
  return isoOrNull(startsAt ?? (named ? anchor : null));
}

const timeParts =
  /^\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?\s*(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?\s*$/;

/** The time of a one-off in one way to write it. Only its text is touched: what it means, the database says. */
function timeOf(at: string): string {
  const [, date, time, seconds = ':00', utc, hours, minutes = '00'] = timeParts.exec(at) ?? [];
  if (date === undefined) return at;
  const offset = hours === undefined ? (utc?.toUpperCase() ?? '') : `${hours}:${minutes}`;
  return `${date}T${time}${seconds}${offset}`;
}

/** The rule that a body names; undefined where it names none, and means the one that is there. */
function ruleOf(body: TaskBody): CreateScheduleInput | Record<string, unknown> | undefined {
  if (body.task_type === 'scheduled') return { at: timeOf(body.scheduled_at) };
  const { repeat_interval: interval, cron_expression: cron, scheduled_at: start } = body;
  if (interval != null && interval !== 'custom') return { repeatInterval: interval, startsAt: start };
  return cron == null ? undefined : { cron, startsAt: start ?? null };
}

/** Whether a body says no more of its rule than that it is of a kind that this API cannot write. */
export function keepsRule(body: TaskBody): boolean {
  return ruleOf(body) === undefined;
}

/** A new schedule from a task. */
export function scheduleInput(body: TaskBody): CreateScheduleInput {
  const { name, description, task, payload, timezone, key, tags } = body;
  const { deliver, channel_mapping_id: mapping } = body;
  const input = {
    ...{ task, timezone: timezone ?? undefined, tags, deliver, channelMappingId: mapping ?? undefined },
    ...{ name: name ?? undefined, description: description ?? undefined, key: key ?? undefined, payload },
    ...ruleOf(body),
  };
  return input as CreateScheduleInput;
}

/** What makes a schedule such as a task says; what it has beside that stays. */
export function schedulePatch(body: TaskBody): SchedulePatch {
  const { name, description, task, payload, timezone, key, tags } = body;
  const { deliver, channel_mapping_id: mapping } = body;
  return {
    ...{ task, timezone: timezone ?? null, tags },
    ...(deliver !== undefined && { deliver }),
    ...(mapping !== undefined && { channelMappingId: mapping }),
    ...{ name: name ?? null, description: description ?? null, key: key ?? null, payload: payload ?? {} },
    ...(body.task_type === 'scheduled' && { startsAt: null }),
    ...ruleOf(body),
  } as SchedulePatch;
}
