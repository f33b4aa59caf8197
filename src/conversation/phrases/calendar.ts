// Days on the calendar, as YYYY-MM-DD, and times on the clock, as HH:MM or HH:MM:SS. No zone has any part in it.
import type { Clock, Duration } from './piece.ts';

const day = 86_400_000;
const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const dateText = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
export const two = (value: number): string => String(value).padStart(2, '0');

export const addDays = (date: string, days: number): string => dateText(at(date) + days * day);
export const weekdayOf = (date: string): number => new Date(at(date)).getUTCDay();
export const daysBetween = (from: string, to: string): number => Math.round((at(to) - at(from)) / day);
export const yearOf = (date: string): number => Number(date.slice(0, 4));
export const monthOf = (date: string): number => Number(date.slice(5, 7));
export const dayOf = (date: string): number => Number(date.slice(8, 10));

export const monthLength = (year: number, month: number): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate();

/** A day; undefined where that month has none of this number. Day -1 is the last. */
export function dateOf(year: number, month: number, day: number): string | undefined {
  const length = monthLength(year, month);
  if (day === -1) day = length;
  if (month < 1 || month > 12 || day < 1 || day > length || year < 1970 || year > 9998) return undefined;
  return `${year}-${two(month)}-${two(day)}`;
}

/** The same day so many months on, or the last of a month that is shorter. */
export function addMonths(date: string, months: number): string {
  const index = yearOf(date) * 12 + monthOf(date) - 1 + months;
  const [year, month] = [Math.floor(index / 12), (index % 12) + 1];
  return `${year}-${two(month)}-${two(Math.min(dayOf(date), monthLength(year, month)))}`;
}

/** The Monday of the week of a day. */
export const mondayOf = (date: string): string => addDays(date, -((weekdayOf(date) + 6) % 7));

/** The first day from a day on that fits, within so many days. */
export function firstDay(from: string, fits: (date: string) => boolean, within = 3000): string | undefined {
  for (let ahead = 0; ahead < within; ahead++) {
    const date = addDays(from, ahead);
    if (fits(date)) return date;
  }
  return undefined;
}

export const clockText = ({ hour, minute, second }: Pick<Clock, 'hour' | 'minute' | 'second'>): string =>
  `${two(hour)}:${two(minute)}${second === 0 ? '' : `:${two(second)}`}`;

export function clockFrom(text: string): Clock {
  const [hour = 0, minute = 0, second = 0] = text.split(':').map(Number);
  return { hour, minute, second, half: 'said' };
}

/** An interval as Postgres reads it. */
export function intervalText({ months, days, seconds }: Duration): string {
  const words: string[] = [];
  const say = (amount: number, unit: string) => {
    if (amount > 0) words.push(`${amount} ${unit}`);
  };
  say(Math.floor(months / 12), 'year');
  say(months % 12, 'month');
  if (days % 7 === 0) say(days / 7, 'week');
  else say(days, 'day');
  say(Math.floor(seconds / 3600), 'hour');
  say(Math.floor((seconds % 3600) / 60), 'minute');
  say(seconds % 60, 'second');
  return words.join(' ');
}
