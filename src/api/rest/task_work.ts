// What the routes of tasks do, each within one transaction.
import type { z } from 'zod';
import { scheduleColumns } from '../../client/schedules.ts';
import type { Schedule } from '../../client/types.ts';
import { ChimeError, InvalidRuleError, RevisionConflictError, ScheduleNotFoundError } from '../../errors.ts';
import type { Acting } from './acting.ts';
import { filters, readPage } from './pages.ts';
import type { TaskBody, taskQuery } from './task_schemas.ts';
import { keepsRule, scheduleInput, schedulePatch, taskView } from './task_views.ts';

const visible = 's.tenant_id = (select chime.current_tenant()) and s.deleted_at is null';

export async function listTasks(acting: Acting, query: z.output<typeof taskQuery>) {
  const { task_type: type, is_active: active, tag, page, size } = query;
  const { conditions, values } = filters([
    [type === undefined ? undefined : type === 'scheduled', '(s.at is not null) = #'],
    [active, "(s.status = 'active') = #"],
    [tag, "s.tags <> '{}' and s.tags @> array[#]"],
  ]);
  const found = await readPage<Schedule>(
    acting,
    {
      ...{ table: 'chime.schedules s', columns: scheduleColumns, values },
      conditions: [visible, ...conditions],
    },
    { page, size },
  );
  return { ...found, items: found.items.map(taskView) };
}

export async function findTask({ row }: Acting, id: string): Promise<Schedule> {
  const found = await row<Schedule>(
    `select ${scheduleColumns} from chime.schedules s where s.id = $1 and ${visible}`,
    [id],
  );
  if (found === undefined) throw new ScheduleNotFoundError(`There is no task ${id}.`);
  return found;
}

export async function createTask(
  acting: Acting,
  body: TaskBody,
): Promise<{ schedule: Schedule; created: boolean }> {
  if (keepsRule(body)) throw missingRule();
  const { id, outcome } = await acting.chime.schedules.create(scheduleInput(body));
  const created = outcome === 'created';
  const schedule = await settle(acting, body, await findTask(acting, id));
  return { schedule, created };
}

/** Pauses or resumes it, as the body says; whether that is possible is for the database to say. */
async function settle({ chime }: Acting, body: TaskBody, schedule: Schedule): Promise<Schedule> {
  if (body.is_active && schedule.status !== 'active') return chime.schedules.resume(schedule.id);
  if (!body.is_active && schedule.status === 'active') return chime.schedules.pause(schedule.id);
  return schedule;
}

export async function replaceTask(
  acting: Acting,
  id: string,
  body: TaskBody,
  match: string | undefined,
): Promise<Schedule> {
  if (keepsRule(body)) {
    const { cron, at } = await findTask(acting, id);
    if (cron !== null || at !== null) throw missingRule();
  }
  const expectedRevision = match === undefined ? body.revision : revisionOf(match);
  try {
    const changed = await acting.chime.schedules.update(
      id,
      schedulePatch(body),
      expectedRevision == null ? {} : { expectedRevision },
    );
    return await settle(acting, body, changed);
  } catch (error) {
    if (error instanceof RevisionConflictError && match !== undefined) throw new PreconditionFailed(error);
    throw error;
  }
}

/** The same conflict, where a header of HTTP asked for it to be refused: there it has a status of its own. */
class PreconditionFailed extends ChimeError {
  static override readonly code = RevisionConflictError.code;
  static override readonly status = 412;
  constructor(error: RevisionConflictError) {
    super(error.message, { hint: error.hint, detail: error.detail, cause: error });
    this.name = error.name;
  }
}

/** The revision that an ETag names; -1, which is none, for what was never an ETag of ours; null for any. */
function revisionOf(match: string): number | null {
  if (match.trim() === '*') return null;
  return Number(/^\s*"(\d{1,9})"\s*$/.exec(match)?.[1] ?? -1);
}

function missingRule(): InvalidRuleError {
  return new InvalidRuleError('cron_expression is missing.', {
    hint: 'A repeated task has a cron_expression, or repeat_interval daily, weekly or monthly with scheduled_at.',
    detail: { field: 'cron_expression' },
  });
}
