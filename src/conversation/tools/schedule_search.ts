import { z } from 'zod';
import { defineTool } from './define.ts';
import { findSchedules, statusText } from './schedule_view.ts';
import { type ScheduleData, schedule, scheduleId } from './schemas.ts';
import { quoted, text } from './texts/texts.ts';
import type { Tool, ToolContext } from './tool.ts';

/** So many are named in the sentence; the data has all of the page. */
const mostNamed = 5;

const named = ({ name, next, status }: ScheduleData, { locale }: ToolContext): string =>
  next === null
    ? text(locale, 'foundIdle', { name: quoted(name), status: statusText(status, locale) })
    : text(locale, 'foundOne', { name: quoted(name), when: next.text });

export const scheduleSearch = (): Tool =>
  defineTool({
    name: 'schedule_search',
    title: 'Find schedules',
    description:
      'Finds schedules of the person, the newest first, each with its rule in words, its next time and its last run. Use it to find the id of a schedule that the person means.',
    input: z.strictObject({
      text: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .optional()
        .describe('Words, or beginnings of words, in the name, the key, the task or the description.'),
      status: z
        .enum(['active', 'paused', 'completed', 'cancelled'])
        .optional()
        .describe('Those in this status; by default all.'),
      limit: z.int().min(1).max(20).default(10).describe('How many at most.'),
      cursor: scheduleId.optional().describe('The next_cursor of the page before.'),
    }),
    output: z.object({
      status: z.literal('found'),
      schedules: z.array(schedule),
      next_cursor: z
        .string()
        .nullable()
        .describe('What to call with as cursor for more; null = that was all.'),
    }),
    readOnly: true,
    destructive: false,
    idempotent: true,
    async run(search, context) {
      const found = await context.act((acting) => findSchedules(acting, search, context));
      const schedules = found.slice(0, search.limit).map(({ data }) => data);
      const isMore = found.length > search.limit;
      const say = text(context.locale, 'found', {
        count: schedules.length,
        list: schedules
          .slice(0, mostNamed)
          .map((each) => named(each, context))
          .join('; '),
        more: isMore || schedules.length > mostNamed ? 1 : 0,
      });
      const next = isMore ? (schedules.at(-1)?.id ?? null) : null;
      return { data: { status: 'found', schedules, next_cursor: next }, say };
    },
  });
