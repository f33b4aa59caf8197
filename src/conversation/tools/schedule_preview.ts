import { z } from 'zod';
import { assuming, settle } from './cadence.ts';
import { defineTool } from './define.ts';
import { bounds, cadence, questionFields, questionStatuses, timezone } from './schemas.ts';
import { text } from './texts/texts.ts';
import { nextText, time } from './times.ts';
import type { ReadPhrase, Tool } from './tool.ts';

export const schedulePreview = (readPhrase: ReadPhrase): Tool =>
  defineTool({
    name: 'schedule_preview',
    title: 'Preview a schedule',
    description:
      'Says when something would fire, without storing anything. Use it to check what the person means before schedule_create, and to answer when something would be.',
    input: z.strictObject({
      cadence,
      timezone: timezone.optional(),
      bounds: bounds.optional(),
      count: z.int().min(1).max(20).default(5).describe('How many times to look ahead.'),
    }),
    output: z.object({
      status: z.enum(['preview', ...questionStatuses]),
      rule: z.string().optional().describe('When it would fire, in words.'),
      timezone: z.string().optional(),
      next: z.array(time).optional(),
      assumptions: z.array(z.string()).optional(),
      ...questionFields,
    }),
    readOnly: true,
    destructive: false,
    idempotent: true,
    async run({ count, ...wanted }, context) {
      const settled = await settle(wanted, { context, readPhrase, count });
      if (settled.kind === 'asked') return settled;
      const { words, next, rule, assumptions } = settled;
      const { locale } = context;
      const said = text(locale, 'preview', { words, next: nextText(next, locale, 3) });
      return {
        data: { status: 'preview', rule: words, timezone: rule.timezone, next, assumptions },
        say: assuming(settled, context, said),
      };
    },
  });
