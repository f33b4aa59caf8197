// Times of day, on some days, as a rule: cron where cron can say it, else a recurrence rule.
import { clockText } from './calendar.ts';
import type { Clock } from './piece.ts';

/** The day fields of cron. */
export interface Days {
  day?: string;
  month?: string;
  weekday?: string;
}

const numbers = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

export const sortClocks = (clocks: readonly Clock[]): Clock[] => {
  const seen = new Map(clocks.map((clock) => [clockText(clock), clock]));
  return [...seen.values()].sort((a, b) => (clockText(a) < clockText(b) ? -1 : 1));
};

interface Times {
  hours: number[];
  minutes: number[];
  /** Whether it is each of these minutes of each of these hours. */
  isWhole: boolean;
}

function timesOf(clocks: readonly Clock[]): Times {
  const hours = numbers(clocks.map(({ hour }) => hour));
  const minutes = numbers(clocks.map(({ minute }) => minute));
  const isWhole =
    clocks.every(({ second }) => second === 0) && hours.length * minutes.length === sortClocks(clocks).length;
  return { hours, minutes, isWhole };
}

/** The expression; undefined where cron cannot say these times. */
export function cronOf(
  clocks: readonly Clock[],
  { day = '*', month = '*', weekday = '*' }: Days,
): string | undefined {
  const { hours, minutes, isWhole } = timesOf(clocks);
  return isWhole ? `${minutes.join(',')} ${hours.join(',')} ${day} ${month} ${weekday}` : undefined;
}

/** The parts of a recurrence rule that say the times of its days; those that its hours and minutes make too many are left out by position. */
export function timeParts(clocks: readonly Clock[]): string {
  const { hours, minutes, isWhole } = timesOf(clocks);
  const seconds = numbers(clocks.map(({ second }) => second));
  const base = `BYHOUR=${hours.join(',')};BYMINUTE=${minutes.join(',')};BYSECOND=${seconds.join(',')}`;
  if (isWhole) return base;
  const wanted = new Set(clocks.map(clockText));
  const all = hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => clockText({ hour, minute, second }))),
  );
  const positions = all.flatMap((text, index) => (wanted.has(text) ? [index + 1] : []));
  return positions.length === all.length ? base : `${base};BYSETPOS=${positions.join(',')}`;
}

const names = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
export const weekdayNames = (weekdays: readonly number[], nth = ''): string =>
  weekdays.map((day) => `${nth}${names[day]}`).join(',');

/** Weekdays as cron has them: 1-5 where they are a row. */
export function cronWeekdays(weekdays: readonly number[]): string {
  const sorted = numbers(weekdays);
  if (sorted.length === 7) return '*';
  const first = sorted[0] ?? 0;
  const isRow = sorted.length > 2 && sorted.every((day, index) => day === first + index);
  return isRow ? `${first}-${sorted.at(-1)}` : sorted.join(',');
}

/** A recurrence rule that counts from a day. */
export const anchored = (zone: string, date: string, clock: Clock, rule: string): string =>
  `DTSTART;TZID=${zone}:${date.replaceAll('-', '')}T${clockText({ ...clock, second: 0 }).replace(':', '')}${String(clock.second).padStart(2, '0')}\nRRULE:${rule}`;
