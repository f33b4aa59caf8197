import { z } from 'zod';
import { InvalidArgumentError } from '../../errors.ts';
import { assuming, type Settled, settle } from './cadence.ts';
import { defineTool } from './define.ts';
import { requireCreate } from './rights.ts';
import { readSchedule } from './schedule_view.ts';
import {
  bounds,
  cadence,
  name,
  questionFields,
  questionStatuses,
  reminder,
  schedule,
  timezone,
} from './schemas.ts';
import { quoted, type TextKey, text } from './texts/texts.ts';
import { nextText, time } from './times.ts';
import type { ReadPhrase, Tool, ToolContext } from './tool.ts';

const input = z.strictObject({
  cadence,
  timezone: timezone.optional(),
  bounds: bounds.optional(),
  text: reminder.optional(),
  task: z
    .string()
    .trim()
    .min(1)
    .max(80)
    .optional()
    .describe('What is done; by default a reminder that says text. Another task needs payload.'),
  payload: z
    .record(z.string().max(200), z.unknown())
    .optional()
    .describe('What another task than a reminder is given, as its schema wants it.'),
  name: name.optional(),
  key: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe('Makes the call repeatable: with the key of a schedule that is there, that one is changed.'),
});

/** What a reminder is called where nobody says: the first line of its text. */
export function nameOf(written: string): string {
  const [line = ''] = written.trim().split('\n');
  return line.length <= 100 ? line.trim() : `${line.slice(0, 99).toWellFormed().trimEnd()}…`;
}

function work(
  wanted: z.output<typeof input>,
  settled: Settled,
): { task: string; payload: object; name?: string } {
  const { task = 'remind', payload, name: given } = wanted;
  const called = given === undefined ? {} : { name: given };
  if (task !== 'remind') {
    if (wanted.text !== undefined && payload?.text !== undefined)
      throw new InvalidArgumentError('Give text or payload.text, not both.', { detail: { field: 'text' } });
    const said = wanted.text === undefined ? {} : { text: wanted.text };
    return { task, payload: { ...payload, ...said }, ...called };
  }
  const said =
    wanted.text ?? (typeof payload?.text === 'string' ? payload.text : settled.message.slice(0, 2000));
  if (said.trim() === '')
    throw new InvalidArgumentError('text is missing: what is the person reminded of?', {
      hint: 'Ask the person, then call again with text.',
      detail: { field: 'text' },
    });
  return { task, payload: { ...payload, text: said }, name: nameOf(said), ...called };
}

const sentences: Readonly<Record<string, TextKey>> = { changed: 'changedByKey', unchanged: 'unchanged' };

async function create(wanted: z.output<typeof input>, settled: Settled, context: ToolContext) {
  const { rule, next } = settled;
  const { locale, channelMappingId } = context;
  const what = work(wanted, settled);
  return context.act(async (acting) => {
    const { id, outcome } = await acting.chime.schedules.create({
      ...{ ...rule, ...what },
      ...(wanted.key !== undefined && { key: wanted.key }),
      ...(channelMappingId !== null && { channelMappingId }),
    });
    if (outcome === 'created') await context.created?.(id);
    const { data } = await readSchedule(acting, id, context);
    const said = text(locale, sentences[outcome] ?? 'created', {
      name: quoted(data.name),
      words: data.rule,
      next: nextText(next, locale),
    });
    return {
      data: { status: outcome, schedule: data, next, assumptions: settled.assumptions },
      say: assuming(settled, context, said),
    };
  });
}

export const scheduleCreate = (readPhrase: ReadPhrase): Tool =>
  defineTool({
    name: 'schedule_create',
    title: 'Create a schedule',
    description:
      'Creates a reminder or another schedule for the person, delivered to this conversation. If the answer has the status ambiguous, past, unclear or timezone_needed, ' +
      'nothing was created: ask the person the question, and call again with what they choose. Repeat the times of the answer, do not compute your own.',
    input,
    output: z.object({
      status: z.enum(['created', 'changed', 'unchanged', ...questionStatuses]),
      schedule: schedule.optional(),
      next: z.array(time).optional(),
      assumptions: z.array(z.string()).optional().describe('What was taken for granted; tell the person.'),
      ...questionFields,
    }),
    readOnly: false,
    destructive: false,
    idempotent: false,
    async run(wanted, context) {
      await requireCreate(context);
      const settled = await settle(wanted, { context, readPhrase });
      return settled.kind === 'asked' ? settled : create(wanted, settled, context);
    },
  });
