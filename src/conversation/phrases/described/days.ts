// The days that something fires on, whatever language told of them.
import { range } from './numbers.ts';

export const everyMonth = range(1, 12);
export const workdays = [1, 2, 3, 4, 5];

/** The k-th of a weekday in a month; -1 is the last. */
export interface NthWeekday {
  weekday: number;
  nth: number;
}

export interface WeekDays {
  weekdays: number[];
  nths: NthWeekday[];
}

export interface MonthDays {
  days: number[];
  /** How many days before the last. */
  last: number[];
  /** Days whose nearest weekday is meant. */
  near: number[];
  /** The last weekday of the month. */
  lastWeekday: boolean;
}

export interface Days {
  months: number[];
  month?: MonthDays;
  week?: WeekDays;
  /** Of days of the month and of the week either is enough, or both have to be. */
  isBoth?: boolean;
}

export const noMonthDays: MonthDays = { days: [], last: [], near: [], lastWeekday: false };

/** Some ways to name days of a month as one. */
export const allOf = (parts: readonly Partial<MonthDays>[]): MonthDays => ({
  days: parts.flatMap(({ days = [] }) => days),
  last: parts.flatMap(({ last = [] }) => last),
  near: parts.flatMap(({ near = [] }) => near),
  lastWeekday: parts.some(({ lastWeekday }) => lastWeekday === true),
});

/** Weekdays from one to another, Monday first. */
export function stretch(low: number, high: number): number[] | undefined {
  const [from, to] = [(low + 6) % 7, (high + 6) % 7];
  return from < to ? range(from, to).map((day) => (day + 1) % 7) : undefined;
}

/** Weekdays and numbered ones, each with months of their own, as one; undefined where those differ. */
export function weekOf(parts: readonly { week: WeekDays; months: number[] }[]): Days | undefined {
  const [first] = parts;
  if (first === undefined || parts.some(({ months }) => months.join() !== first.months.join()))
    return undefined;
  return {
    months: first.months,
    week: {
      weekdays: parts.flatMap(({ week }) => week.weekdays),
      nths: parts.flatMap(({ week }) => week.nths),
    },
  };
}
