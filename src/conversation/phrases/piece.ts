// What the words of a text may say of when: pieces, the same in both languages. They are put together in gather.ts.
import type { DayParts } from './reading.ts';

export type DayPart = keyof DayParts;

/** A time of day. */
export interface Clock {
  hour: number;
  minute: number;
  second: number;
  /** Which half of the day is meant: said; not said, and of the clock of 24 hours unless something tells; or to be asked for. */
  half: 'said' | 'open' | 'asked';
  /** Where a day begins, or where it ends. */
  isMidnight?: true;
}

/** A span of time; days and months are those of the calendar. */
export interface Duration {
  months: number;
  days: number;
  seconds: number;
}

/** A day, or a span that a day has to be chosen from. Sunday is 0. */
export type Day =
  | { is: 'relative'; days: number }
  | { is: 'weekdays'; weekdays: number[]; which: 'coming' | 'next' | 'last'; weeks?: number; isEither?: true }
  /** So many days after another day, or before it. */
  | { is: 'shifted'; days: number; from: Day }
  | { is: 'date'; year?: number; month: number; day: number }
  /** 05/06: which of them is the month the language says, or nobody. */
  | { is: 'numeric'; first: number; second: number; year?: number }
  /** Days of this month or the next, or the first that comes; -1 is the last of the month. */
  | { is: 'month_days'; days: number[]; ahead?: number; ofTheMonth?: true }
  | { is: 'week' | 'month' | 'year'; ahead: number; edge?: 'start' | 'end' }
  | { is: 'weekend'; ahead: number }
  | { is: 'month_name'; month: number }
  /** The third Thursday of November; -1 is the last. */
  | { is: 'nth_weekday'; nth: number; weekday: number; month: number; year?: number };

export type Repeat =
  | { is: 'interval'; duration: Duration; doubt?: 'biweekly' | 'bimonthly' }
  /** Days of the week; step 2 is every other of them. */
  | { is: 'weekdays'; weekdays: number[]; step?: number; mayBeNth?: true; isPlural?: true }
  | { is: 'month_days'; days: number[] }
  /** The first, second ... (-1: last) of these days of the week, in a month. */
  | { is: 'nth'; nths: number[]; weekdays: number[]; isImplied?: true }
  /** At a minute of every hour. */
  | { is: 'minute'; minute: number }
  | { is: 'part'; part: DayPart }
  | { is: 'times'; count: number; per: 'hour' | 'day' | 'week' | 'month' | 'year' }
  | { is: 'date'; month: number; day: number }
  | { is: 'except'; weekdays: number[] };

export type Piece =
  | { kind: 'clock'; clocks: Clock[]; isBare?: true }
  | { kind: 'part'; part: DayPart; isTonight?: true }
  | { kind: 'day'; day: Day; needsCompany?: true }
  | { kind: 'offset'; duration: Duration; isPast?: true }
  /** In one day, or every other day. */
  | { kind: 'either_day' }
  | { kind: 'repeat'; repeat: Repeat; needsCompany?: true }
  | { kind: 'window'; from: Clock; to: Clock; isBare?: true }
  | { kind: 'start'; day: Day }
  | { kind: 'until'; day?: Day; clock?: Clock }
  | { kind: 'lasting'; duration: Duration }
  | { kind: 'count'; count: number }
  | { kind: 'zone'; zone: string; isExact: boolean }
  | { kind: 'instant'; instant: string }
  | { kind: 'cron'; cron: string }
  /** What no clock and no calendar shows. */
  | { kind: 'impossible'; what: 'clock' | 'date' };

export const everyDay = [0, 1, 2, 3, 4, 5, 6];
export const workdays = [1, 2, 3, 4, 5];
export const weekendDays = [0, 6];

export const seconds = (amount: number): Duration => ({ months: 0, days: 0, seconds: amount });
export const days = (amount: number): Duration => ({ months: 0, days: amount, seconds: 0 });
export const months = (amount: number): Duration => ({ months: amount, days: 0, seconds: 0 });

export const together = (parts: readonly Duration[]): Duration =>
  parts.reduce((sum, each) => ({
    months: sum.months + each.months,
    days: sum.days + each.days,
    seconds: sum.seconds + each.seconds,
  }));

/** So many of a unit; undefined where the calendar has no such fraction. */
export function timesUnit(amount: number, unit: Duration): Duration | undefined {
  if (!(amount > 0 && amount <= 100_000)) return undefined;
  const of = (value: number) => value * amount;
  // Half a day is twelve hours, half a week three days and a half.
  if (unit.days > 0 && !Number.isInteger(of(unit.days))) {
    const whole = Math.floor(of(unit.days));
    return { months: 0, days: whole, seconds: Math.round((of(unit.days) - whole) * 86_400) };
  }
  if (!Number.isInteger(of(unit.months))) return undefined;
  return { months: of(unit.months), days: of(unit.days), seconds: Math.round(of(unit.seconds)) };
}
