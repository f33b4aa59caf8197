import { z } from 'zod';
import { onlyTime, settle } from './cadence.ts';
import { defineTool } from './define.ts';
import { requireCreate } from './rights.ts';
import { type Cadence, questionFields, questionStatuses, timezone } from './schemas.ts';
import { text } from './texts/texts.ts';
import { saidOf, time } from './times.ts';
import type { ReadPhrase, Tool } from './tool.ts';

const isTime = (value: string): boolean =>
  /^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?\s*$/i.test(value);

export const scheduleFollowup = (readPhrase: ReadPhrase): Tool =>
  defineTool({
    name: 'schedule_followup',
    title: 'Follow up later',
    description:
      'Says something to the person at a later time, unless they say anything in this conversation before: then it is cancelled. Use it to ask how something went, or for an answer that is ' +
      'missing; for what they want to be reminded of in any case use schedule_create.',
    input: z.strictObject({
      follow_up_time: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .describe(
          'When: as a person says it ("in 2 hours", "завтра в 10"), or "2026-12-01 09:00" on the clock of timezone, or an instant with Z.',
        ),
      message_template: z
        .string()
        .trim()
        .min(1)
        .max(2000)
        .describe(
          'What is said then. {{person}} in it becomes the name of the person, {{reason}} the reason.',
        ),
      reason: z
        .string()
        .trim()
        .min(1)
        .max(500)
        .describe('Why, in a few words; people see it as the name of the schedule.'),
      timezone: timezone.optional(),
    }),
    output: z.object({
      status: z.enum(['scheduled', ...questionStatuses]),
      follow_up_id: z.string().optional(),
      schedule_id: z
        .string()
        .optional()
        .describe('The schedule that fires once; schedule_control deletes it.'),
      at: time.optional(),
      ...questionFields,
    }),
    readOnly: false,
    destructive: false,
    idempotent: false,
    async run({ follow_up_time: when, message_template: template, reason, timezone: zone }, context) {
      await requireCreate(context);
      const cadence: Cadence = { kind: isTime(when) ? 'once' : 'phrase', value: when };
      const settled = await settle({ cadence, timezone: zone }, { context, readPhrase, count: 1 });
      if (settled.kind === 'asked') return settled;
      const { rule } = settled;
      const at = onlyTime(settled, when, context);
      const { locale, channelMappingId, userId } = context;
      return context.act(async ({ rows }) => {
        const [made] = await rows<{ id: string; scheduleId: string }>(
          `select f.id, f.schedule_id from chime.schedule_follow_up(follow_up_time => $1, message_template => $2, reason => $3, timezone => $4,
             channel_mapping_id => $5, person_id => $6) f`,
          [rule.at, template, reason, rule.timezone, channelMappingId, userId],
        );
        if (made !== undefined) await context.created?.(made.scheduleId);
        return {
          data: { status: 'scheduled', follow_up_id: made?.id, schedule_id: made?.scheduleId, at },
          say: text(locale, 'followUp', { when: saidOf(at, locale) }),
        };
      });
    },
  });
