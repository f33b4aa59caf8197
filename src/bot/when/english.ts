// The ways to say when in English.
import { clockOf, dayAfter, fromNow, nextWeekday, onDay, onWeekdays, type Unit } from './clock.ts';
import type { Rest, Way } from './way.ts';

const time = String.raw`(?<h>\d{1,2})(?:[:.](?<m>\d{2}))?\s*(?<half>am|pm)?`;
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const weekday = weekdays.join('|');
const units: Readonly<Record<string, Unit>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
};
const unit = `(?<unit>s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)`;

type Groups = Record<string, string | undefined>;

function clock({ h, m, half }: Groups): string | undefined {
  const hour = Number(h);
  if (half === undefined) return clockOf(hour, m);
  if (hour < 1 || hour > 12) return undefined;
  return clockOf((hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0), m);
}

const way = (pattern: string, read: Way['read']): Way => ({
  pattern: new RegExp(String.raw`(?<![\p{L}\d])${pattern}(?![\p{L}\d:])`, 'iu'),
  read,
});

const ways: Way[] = [
  way(String.raw`(?:every\s+day|daily)\s+at\s+${time}`, (g) => onWeekdays('*', clock(g))),
  way(String.raw`(?:every\s+weekday|(?:on\s+)?weekdays)\s+at\s+${time}`, (g) => onWeekdays('1-5', clock(g))),
  way(String.raw`every\s+weekend\s+at\s+${time}`, (g) => onWeekdays('0,6', clock(g))),
  way(
    String.raw`every\s+(?<days>(?:${weekday})(?:(?:\s*,\s*|\s+and\s+)(?:${weekday}))*)\s+at\s+${time}`,
    (g) =>
      onWeekdays(
        (g.days ?? '')
          .toLowerCase()
          .split(/\s*,\s*|\s+and\s+/)
          .map((day) => weekdays.indexOf(day))
          .join(','),
        clock(g),
      ),
  ),
  way(String.raw`every\s+(?:(?<n>\d{1,4})\s*)?(?<unit>minute|hour|day|week|month)s?`, ({ n, unit }) =>
    Number(n ?? 1) > 0 ? { rule: { every: `${Number(n ?? 1)} ${unit?.toLowerCase()}` } } : undefined,
  ),
  way(String.raw`in\s+(?<n>\d{1,4})\s+days?\s+at\s+${time}`, (g, now) =>
    onDay(dayAfter(now.date, Number(g.n)), clock(g)),
  ),
  way(String.raw`in\s+half\s+an\s+hour`, (_g, now) => fromNow(30, 'minute', now)),
  way(String.raw`in\s+(?<n>\d{1,5}|an?)\s*${unit}`, ({ n, unit: u }, now) =>
    fromNow(/^a/i.test(n ?? '') ? 1 : Number(n), units[(u ?? '').charAt(0).toLowerCase()] ?? 'minute', now),
  ),
  way(String.raw`(?<day>today|tomorrow|the\s+day\s+after\s+tomorrow)(?:\s+at)?\s+${time}`, (g, now) =>
    onDay(dayAfter(now.date, ahead(g.day)), clock(g)),
  ),
  way(String.raw`at\s+${time}\s+(?<day>today|tomorrow|the\s+day\s+after\s+tomorrow)`, (g, now) =>
    onDay(dayAfter(now.date, ahead(g.day)), clock(g)),
  ),
  way(String.raw`(?:on\s+)?(?<date>\d{4}-\d{2}-\d{2})(?:\s+at)?\s+${time}`, (g) =>
    onDay(g.date ?? '', clock(g)),
  ),
  way(String.raw`(?:on\s+)?(?<day>${weekday})\s+at\s+${time}`, (g, now) =>
    nextWeekday(weekdays.indexOf((g.day ?? '').toLowerCase()), clock(g), now),
  ),
  way(String.raw`at\s+${time}`, (g) => {
    const at = clock(g);
    const isVague = g.m === undefined && g.half === undefined && Number(g.h) >= 1 && Number(g.h) <= 11;
    return at === undefined ? undefined : { clock: at, isVague };
  }),
];

function ahead(day: string | undefined): number {
  if (/^today$/i.test(day ?? '')) return 0;
  return /^tomorrow$/i.test(day ?? '') ? 1 : 2;
}

const rest: Rest = (text) =>
  text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/^[\s,;:.–—-]*(?:please\s+)?remind\s+(?:me|us)(?:\s+(?:to|that|about)(?=\s|$))?/i, '')
    .replace(/^[\s,;:.–—-]+(?!\d)|[\s,;:–—-]+$/g, '')
    .replace(/^to\s+(?=\p{L})/iu, '')
    .trim();

export const english = { ways, rest };
