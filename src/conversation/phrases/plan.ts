// What was said of a repetition, sorted, before it becomes a rule.
import { clockOfPart, type Desk, inPart, note, say, settled } from './answer.ts';
import { clockFrom, clockText } from './calendar.ts';
import type { When } from './gather.ts';
import { type Clock, type Duration, days, type Repeat } from './piece.ts';
import { sortClocks } from './times.ts';
import { dayWords } from './words.ts';

/** What was said of when, sorted: on which days, how far apart, at what times. */
export interface Plan {
  duration?: Duration;
  weekdays?: number[];
  step?: number;
  mayBeNth?: true;
  monthDays?: number[];
  nth?: Extract<Repeat, { is: 'nth' }>;
  date?: { month: number; day: number };
  times?: Extract<Repeat, { is: 'times' }>;
  minute?: number;
  except: number[];
  /** Undefined where nothing was said of the time of day. */
  clocks?: Clock[];
}

export function planOf(desk: Desk, when: When): Plan {
  const plan: Plan = { except: [] };
  let { part } = when;
  for (const repeat of when.repeats) {
    if (repeat.is === 'interval') {
      plan.duration = repeat.duration;
      if (repeat.doubt !== undefined) note(desk, say(desk)[repeat.doubt]);
    } else if (repeat.is === 'weekdays') {
      plan.weekdays = repeat.weekdays;
      if (repeat.step !== undefined) plan.step = repeat.step;
      if (repeat.mayBeNth) plan.mayBeNth = true;
    } else if (repeat.is === 'month_days') plan.monthDays = repeat.days;
    else if (repeat.is === 'minute') plan.minute = repeat.minute;
    else if (repeat.is === 'nth') plan.nth = repeat;
    else if (repeat.is === 'part') part ??= repeat.part;
    else if (repeat.is === 'date') plan.date = repeat;
    else if (repeat.is === 'times') plan.times = repeat;
    else plan.except = repeat.weekdays;
  }
  const isOfPart = when.repeats.some(({ is }) => is === 'part');
  const { day } = when;
  if (day?.is === 'weekdays') plan.weekdays ??= day.weekdays;
  else if (day?.is === 'month_days') plan.monthDays ??= day.days;
  else if (day?.is === 'date') plan.date ??= day;
  else if (day?.is === 'month' && day.edge !== undefined) plan.monthDays ??= [day.edge === 'end' ? -1 : 1];
  if (when.clocks !== undefined)
    plan.clocks = sortClocks(when.clocks.map((clock) => settled(desk, inPart(clock, part))));
  else if (
    when.window !== undefined &&
    (plan.duration?.seconds ?? 0) === 0 &&
    plan.times === undefined &&
    plan.minute === undefined
  ) {
    note(desk, say(desk).starts(clockText(when.window.from)));
    plan.clocks = [settled(desk, inPart(when.window.from, part))];
  } else if (part !== undefined) plan.clocks = [clockOfPart(desk, part)];
  if (isOfPart && plan.duration === undefined && plan.weekdays === undefined) plan.duration = days(1);
  return plan;
}

/** The times of day; the morning where none was said. */
export function timesOf(desk: Desk, { clocks }: Plan): Clock[] {
  if (clocks !== undefined) return clocks;
  note(desk, say(desk).noTime(desk.dayParts.morning));
  return [clockFrom(desk.dayParts.morning)];
}

export const nowInstant = ({ now }: Desk): string =>
  new Date(Math.floor(now.instant.getTime() / 1000) * 1000).toISOString().replace('.000Z', 'Z');

export const counted = (desk: Desk, date: string, clock: Clock): void =>
  note(desk, say(desk).counted(`${dayWords(date, desk.locale, desk.now.date)}, ${clockText(clock)}`));
