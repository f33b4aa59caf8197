// Two tools over the real database, as small as they can be: one that reads, one that changes. Rights are the speaker's.
import { z } from 'zod';
import type { Tool } from '../../src/conversation/tools/tool.ts';

const input = z.strictObject({ schedule: z.string().max(200) });

export const findSchedule: Tool = {
  name: 'find_schedule',
  title: 'Find a schedule',
  description: 'Says what a schedule is.',
  input,
  output: z.object({ name: z.string() }),
  readOnly: true,
  destructive: false,
  idempotent: true,
  run: ({ schedule }, context) =>
    context.act(async ({ chime }) => {
      const { name, payload } = await chime.schedules.get(String(schedule));
      return { data: { name, payload }, say: `${name} is there.` };
    }),
};

export const pauseSchedule: Tool = {
  ...findSchedule,
  name: 'pause_schedule',
  title: 'Pause a schedule',
  description: 'Pauses a schedule.',
  readOnly: false,
  run: ({ schedule }, context) =>
    context.act(async ({ chime }) => {
      const { name } = await chime.schedules.pause(String(schedule));
      return { data: { name }, say: `${name} is paused.` };
    }),
};

export const deleteSchedule: Tool = {
  ...findSchedule,
  name: 'delete_schedule',
  title: 'Delete a schedule',
  description: 'Deletes a schedule.',
  readOnly: false,
  destructive: true,
  run: ({ schedule }, context) =>
    context.act(async ({ chime }) => {
      const { name } = await chime.schedules.delete(String(schedule));
      return { data: { name }, say: `${name} is deleted.` };
    }),
};

/** Asks which of two times is meant, or says that it cannot read one. */
export const scheduleWords: Tool = {
  ...findSchedule,
  name: 'schedule_words',
  title: 'Schedule in words',
  description: 'Creates a schedule from words.',
  input: z.strictObject({ words: z.string().max(200) }),
  readOnly: false,
  idempotent: false,
  run: async ({ words }) =>
    words === 'half past'
      ? { kind: 'asked', data: { status: 'ambiguous' }, say: 'At 07:30 or at 19:30?' }
      : { kind: 'asked', data: { status: 'unclear' }, say: 'When?' },
};

/** Creates one that fires once, at a time of the wall clock, as the speaker's zone has it. */
export const scheduleOnce: Tool = {
  ...findSchedule,
  name: 'schedule_once',
  title: 'Schedule once',
  description: 'Creates a schedule that fires once.',
  input: z.strictObject({ at: z.string().max(40), text: z.string().max(200) }),
  readOnly: false,
  idempotent: false,
  run: ({ at, text }, { act, timezone }) =>
    act(async ({ chime, rows }) => {
      const payload = { prompt: text };
      const { id } = await chime.schedules.create({
        ...{ task: 'ask_llm', at: String(at), timezone: timezone ?? 'UTC', payload },
      });
      const [row] = await rows<{ local: string }>(
        'select (s.next_run_at at time zone s.timezone)::text as local from chime.schedules s where s.id = $1',
        [id],
      );
      return { data: { id, ...row }, say: `${text}: at ${row?.local}.` };
    }),
};
