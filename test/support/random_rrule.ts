// Random recurrence rules, from a seed: of every FREQ, with what RFC 5545 lets go together.
import { integer, pick, type Random } from './random_cron.ts';

export const frequencies = [
  'YEARLY',
  'MONTHLY',
  'WEEKLY',
  'DAILY',
  'HOURLY',
  'MINUTELY',
  'SECONDLY',
] as const;
export type Frequency = (typeof frequencies)[number];

export const weekdayNames = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;

export interface Weekday {
  /** 0 is Sunday. */
  day: number;
  nth?: number;
}

/** The parts of an RRULE; a list that is absent is not in the rule. */
export interface Rrule {
  freq: Frequency;
  interval: number;
  weekStart: number;
  months?: number[];
  weeks?: number[];
  yearDays?: number[];
  monthDays?: number[];
  weekdays?: Weekday[];
  hours?: number[];
  minutes?: number[];
  seconds?: number[];
  positions?: number[];
  count?: number;
}

export function writeRrule(rule: Rrule): string {
  const lists: [string, readonly unknown[] | undefined][] = [
    ['BYMONTH', rule.months],
    ['BYWEEKNO', rule.weeks],
    ['BYYEARDAY', rule.yearDays],
    ['BYMONTHDAY', rule.monthDays],
    ['BYDAY', rule.weekdays?.map(({ day, nth }) => `${nth ?? ''}${weekdayNames[day]}`)],
    ['BYHOUR', rule.hours],
    ['BYMINUTE', rule.minutes],
    ['BYSECOND', rule.seconds],
    ['BYSETPOS', rule.positions],
  ];
  return [
    `FREQ=${rule.freq}`,
    ...(rule.interval === 1 ? [] : [`INTERVAL=${rule.interval}`]),
    ...(rule.weekStart === 1 ? [] : [`WKST=${weekdayNames[rule.weekStart]}`]),
    ...lists.filter(([, list]) => list !== undefined).map(([name, list]) => `${name}=${list}`),
    ...(rule.count === undefined ? [] : [`COUNT=${rule.count}`]),
  ].join(';');
}

/** Distinct values, lowest first: the package takes times of day in the order in which they are written. */
function several(random: Random, most: number, one: () => number): number[] {
  return [...new Set(Array.from({ length: integer(random, 1, most) }, one))].sort((a, b) => a - b);
}

/** A number counted from the start or, now and then, from the end. */
function signed(random: Random, high: number): number {
  return integer(random, 1, high) * (random() < 0.35 ? -1 : 1);
}

function randomWeekdays(random: Random, most: number): Weekday[] {
  const numbered = most > 0 && random() < 0.5;
  const days = several(random, 3, () => integer(random, 0, 6));
  return days.map((day) => (numbered && random() < 0.9 ? { day, nth: signed(random, most) } : { day }));
}

function addDays(random: Random, rule: Rrule): void {
  const { freq } = rule;
  const often = { YEARLY: 0.35, MONTHLY: 0.2, WEEKLY: 0.15, DAILY: 0.2 }[freq as string] ?? 0.05;
  if (random() < often) rule.months = several(random, 4, () => integer(random, 1, 12));
  if (freq === 'YEARLY' && random() < 0.2) rule.weeks = several(random, 3, () => signed(random, 53));
  const byYearDay = freq === 'YEARLY' ? 0.15 : 0.05;
  if (!['MONTHLY', 'WEEKLY', 'DAILY'].includes(freq) && random() < byYearDay)
    rule.yearDays = several(random, 20, () => signed(random, 366));
  if (freq !== 'WEEKLY' && random() < 0.2)
    rule.monthDays = several(random, 5, () => signed(random, pick(random, [28, 31])));
  if (random() < 0.45) {
    const numbers = freq === 'YEARLY' && rule.months === undefined ? 53 : 5;
    const numbered = (freq === 'YEARLY' && rule.weeks === undefined) || freq === 'MONTHLY';
    rule.weekdays = randomWeekdays(random, numbered ? numbers : 0);
  }
}

function addTimes(random: Random, rule: Rrule): void {
  const often = rule.freq === 'SECONDLY' || rule.freq === 'MINUTELY' ? 0.3 : 0.2;
  if (random() < often) rule.hours = several(random, 6, () => integer(random, 0, 23));
  if (random() < often) rule.minutes = several(random, 6, () => integer(random, 0, 59));
  if (random() < often) rule.seconds = several(random, 4, () => integer(random, 0, 59));
}

const intervals: Record<Frequency, readonly number[]> = {
  YEARLY: [2, 3, 4],
  MONTHLY: [2, 3, 5, 12, 18],
  WEEKLY: [2, 3, 4, 7],
  DAILY: [2, 3, 5, 10, 45],
  HOURLY: [2, 3, 5, 7, 24, 30, 48],
  MINUTELY: [2, 7, 15, 45, 60, 61, 90, 240, 1440],
  SECONDLY: [2, 7, 13, 30, 45, 60, 90, 1800, 3601],
};

export function randomRrule(random: Random): Rrule {
  const freq = pick(random, [...frequencies, 'YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY'] as const);
  const rule: Rrule = {
    freq,
    interval: random() < 0.6 ? 1 : pick(random, intervals[freq]),
    weekStart: random() < 0.6 ? 1 : integer(random, 0, 6),
  };
  addDays(random, rule);
  addTimes(random, rule);
  if (random() < 0.15 && /;BY/.test(writeRrule(rule)))
    rule.positions = several(random, 3, () => signed(random, 6));
  return rule;
}
