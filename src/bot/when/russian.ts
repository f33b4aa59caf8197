// The ways to say when in Russian.
import { clockOf, dayAfter, fromNow, nextWeekday, onDay, onWeekdays, type Unit } from './clock.ts';
import type { Rest, Way } from './way.ts';

const time = String.raw`(?<h>\d{1,2})(?:[:.](?<m>\d{2}))?(?:\s*час(?:ов|а)?)?(?:\s*(?<part>утра|дня|вечера|ночи))?`;
/** As far as all their forms agree; Sunday first. */
const weekdays = ['воскресень', 'понедельник', 'вторник', 'сред', 'четверг', 'пятниц', 'суббот'];
const weekday = String.raw`(?:воскресень|понедельник|вторник|сред|четверг|пятниц|суббот)\p{L}{0,3}`;
const unit = `(?<unit>сек(?:унд[уы]?)?|мин(?:ут[уы]?)?|ч(?:ас(?:а|ов)?)?|день|дня|дней|недел[юиь])`;

type Groups = Record<string, string | undefined>;

function unitOf(word = ''): Unit {
  if (/^с/i.test(word)) return 'second';
  if (/^м/i.test(word)) return 'minute';
  if (/^ч/i.test(word)) return 'hour';
  return /^н/i.test(word) ? 'week' : 'day';
}

function clock({ h, m, part }: Groups): string | undefined {
  const hour = Number(h);
  if (part === undefined) return clockOf(hour, m);
  if (hour < 1 || hour > 12) return undefined;
  const isLater = /^(дня|вечера)$/i.test(part) || (/^ночи$/i.test(part) && hour >= 9 && hour < 12);
  return clockOf(hour === 12 ? (/^дня$/i.test(part) ? 12 : 0) : hour + (isLater ? 12 : 0), m);
}

const dayOf = (word: string): number => weekdays.findIndex((stem) => word.toLowerCase().startsWith(stem));

const daysOf = (words = ''): string =>
  words
    .split(/\s*,\s*|\s+и\s+/)
    .map(dayOf)
    .join(',');

function ahead(day: string | undefined): number {
  if (/^сегодня$/i.test(day ?? '')) return 0;
  return /^завтра$/i.test(day ?? '') ? 1 : 2;
}

const way = (pattern: string, read: Way['read']): Way => ({
  pattern: new RegExp(String.raw`(?<![\p{L}\d])${pattern}(?![\p{L}\d:])`, 'iu'),
  read,
});

const days = String.raw`(?<days>${weekday}(?:(?:\s*,\s*|\s+и\s+)${weekday})*)`;

const ways: Way[] = [
  way(String.raw`(?:каждый\s+день|ежедневно)\s+в\s+${time}`, (g) => onWeekdays('*', clock(g))),
  way(String.raw`(?:по\s+будн(?:ям|им\s+дням)|каждый\s+будний\s+день)\s+в\s+${time}`, (g) =>
    onWeekdays('1-5', clock(g)),
  ),
  way(String.raw`по\s+выходным\s+в\s+${time}`, (g) => onWeekdays('0,6', clock(g))),
  way(String.raw`(?:по|кажд(?:ый|ую|ое))\s+${days}\s+в\s+${time}`, (g) =>
    onWeekdays(daysOf(g.days), clock(g)),
  ),
  way(
    String.raw`кажд(?:ые|ый|ую|ое)\s+(?:(?<n>\d{1,4})\s*)?(?<unit>минут[уы]?|час(?:а|ов)?|день|дня|дней|недел[юиь]|месяц(?:а|ев)?)`,
    ({ n, unit: u }) => {
      const name = /^мес/i.test(u ?? '') ? 'month' : unitOf(u);
      return Number(n ?? 1) > 0 ? { rule: { every: `${Number(n ?? 1)} ${name}` } } : undefined;
    },
  ),
  way(String.raw`через\s+(?<n>\d{1,4})\s+(?:дня|дней|день)\s+в\s+${time}`, (g, now) =>
    onDay(dayAfter(now.date, Number(g.n)), clock(g)),
  ),
  way(String.raw`через\s+полчаса`, (_g, now) => fromNow(30, 'minute', now)),
  way(String.raw`через\s+(?:(?<n>\d{1,5})\s*)?${unit}`, ({ n, unit: u }, now) =>
    fromNow(Number(n ?? 1), unitOf(u), now),
  ),
  way(String.raw`(?<day>сегодня|завтра|послезавтра)\s+в\s+${time}`, (g, now) =>
    onDay(dayAfter(now.date, ahead(g.day)), clock(g)),
  ),
  way(String.raw`в\s+${time}\s+(?<day>сегодня|завтра|послезавтра)`, (g, now) =>
    onDay(dayAfter(now.date, ahead(g.day)), clock(g)),
  ),
  way(String.raw`(?<date>\d{4}-\d{2}-\d{2})\s+в\s+${time}`, (g) => onDay(g.date ?? '', clock(g))),
  way(String.raw`во?\s+(?<day>${weekday})\s+в\s+${time}`, (g, now) =>
    nextWeekday(dayOf(g.day ?? ''), clock(g), now),
  ),
  way(String.raw`в\s+${time}`, (g) => {
    const at = clock(g);
    const isVague = g.m === undefined && g.part === undefined && Number(g.h) >= 1 && Number(g.h) <= 11;
    return at === undefined ? undefined : { clock: at, isVague };
  }),
];

const rest: Rest = (text) =>
  text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(
      /^[\s,;:.–—-]*(?:пожалуйста,?\s+)?напомни(?:те)?(?:\s+(?:мне|нам))?(?:,?\s+(?:о\s+том,?\s+что|что|про|о|об)(?=\s))?/iu,
      '',
    )
    .replace(/^[\s,;:.–—-]+(?!\d)|[\s,;:–—-]+$/g, '')
    .trim();

export const russian = { ways, rest };
