import { z } from 'zod';
import type { SchedulePatch } from '../../client/types.ts';
import { InvalidArgumentError } from '../../errors.ts';
import { assuming, type Settled, settle } from './cadence.ts';
import { defineTool } from './define.ts';
import { requireChange } from './rights.ts';
import { nameOf } from './schedule_create.ts';
import { readSchedule, type ScheduleView } from './schedule_view.ts';
import {
  bounds,
  cadence,
  name,
  questionFields,
  questionStatuses,
  reminder,
  schedule,
  scheduleId,
  timezone,
} from './schemas.ts';
import { quoted, text } from './texts/texts.ts';
import { nextText, time } from './times.ts';
import type { ReadPhrase, Tool, ToolContext } from './tool.ts';

const input = z.strictObject({
  schedule_id: scheduleId,
  cadence: cadence
    .optional()
    .describe('When it fires from now on; where only a time of day is said, it keeps its days.'),
  timezone: timezone
    .optional()
    .describe('IANA time zone, if that changes. By default the zone of the schedule.'),
  bounds: bounds.optional(),
  name: name.optional(),
  text: reminder.optional().describe('Of a reminder, what it says from now on.'),
  revision: z
    .int()
    .min(1)
    .optional()
    .describe('The revision that the change is meant for: refused if somebody has changed it since.'),
});
type Wanted = z.output<typeof input>;

/** What is said from now on; a reminder that was called as it said is called as it says. */
function textPatch({ text: said, name: given }: Wanted, { data, payload }: ScheduleView): SchedulePatch {
  if (said === undefined) return given === undefined ? {} : { name: given };
  if (data.text === null)
    throw new InvalidArgumentError(`The task ${data.task} says no text.`, {
      hint: 'Create a new schedule with the payload that is wanted.',
      detail: { field: 'text' },
    });
  const called = data.name === nameOf(data.text) ? { name: nameOf(said) } : {};
  return {
    payload: { ...(payload as object), text: said },
    ...(given === undefined ? called : { name: given }),
  };
}

function rulePatch({ rule }: Settled): SchedulePatch {
  const { timezone: zone, cron, every, rrule, at, anchor, ...others } = rule;
  return {
    ...{ timezone: zone, ...others },
    ...(cron !== undefined && { cron }),
    ...(rrule !== undefined && { rrule }),
    ...(at !== undefined && { at }),
    ...(every !== undefined && { every }),
    ...(anchor !== undefined && { anchor }),
  };
}

async function change(
  wanted: Wanted,
  before: ScheduleView,
  settled: Settled | undefined,
  context: ToolContext,
) {
  const { schedule_id: id, revision, timezone: zone } = wanted;
  const patch = {
    ...textPatch(wanted, before),
    ...(settled === undefined ? (zone === undefined ? {} : { timezone: zone }) : rulePatch(settled)),
  };
  const { locale } = context;
  return context.act(async (acting) => {
    await acting.chime.schedules.update(
      id,
      patch,
      revision === undefined ? {} : { expectedRevision: revision },
    );
    const { data: after } = await readSchedule(acting, id, context);
    const next = settled?.next ?? (after.next === null ? [] : [after.next]);
    const said = text(locale, after.revision === before.data.revision ? 'editedNothing' : 'edited', {
      ...{ name: quoted(after.name), words: after.rule, next: nextText(next, locale) },
    });
    return {
      data: {
        status: after.revision === before.data.revision ? 'unchanged' : 'changed',
        ...{ before: before.data, after, next },
      },
      say: settled === undefined ? said : assuming(settled, context, said),
    };
  });
}

export const scheduleEdit = (readPhrase: ReadPhrase): Tool =>
  defineTool({
    name: 'schedule_edit',
    title: 'Change a schedule',
    description:
      'Changes when a schedule fires, what it is called, or what it says; the rest stays. Answers how it was and how it is. If the answer has the status ambiguous, past, unclear or ' +
      'timezone_needed, nothing was changed: ask the person, and call again.',
    input,
    output: z.object({
      status: z.enum(['changed', 'unchanged', ...questionStatuses]),
      before: schedule.optional(),
      after: schedule.optional(),
      next: z.array(time).optional(),
      ...questionFields,
    }),
    readOnly: false,
    destructive: true,
    idempotent: true,
    async run(wanted, context) {
      const { schedule_id: id, cadence: when, timezone: zone, bounds: limits } = wanted;
      if ([when, zone, wanted.name, wanted.text].every((each) => each === undefined))
        throw new InvalidArgumentError('There is nothing to change: give cadence, timezone, name or text.', {
          detail: { field: 'cadence' },
        });
      if (limits !== undefined && when === undefined)
        throw new InvalidArgumentError('bounds belong to a cadence: give both.', {
          detail: { field: 'bounds' },
        });
      const before = await context.act((acting) => readSchedule(acting, id, context));
      await requireChange(context, id);
      if (when === undefined) return change(wanted, before, undefined, context);
      const settled = await settle(
        { cadence: when, timezone: zone ?? before.data.timezone, bounds: limits },
        { context, readPhrase, keeping: before.cron },
      );
      return settled.kind === 'asked' ? settled : change(wanted, before, settled, context);
    },
  });
