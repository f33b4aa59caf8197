// The wall seconds that a recurrence rule names, found the long way: every day of every period is held against
// each part of the rule, as RFC 5545 words it. Shares nothing with the engine. Seconds count from 1970-01-01.
import { frequencies, type Rrule } from './random_rrule.ts';

const day = 86_400;

interface DayOf {
  /** Days since 1970-01-01. */
  number: number;
  year: number;
  month: number;
  date: number;
  weekday: number;
}

function dayOf(number: number): DayOf {
  const at = new Date(number * day * 1000);
  return {
    number,
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    date: at.getUTCDate(),
    weekday: at.getUTCDay(),
  };
}

/** The number of a day; months and dates beyond their range go on in the next year or month. */
const dayNumber = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date) / 1000 / day;

/** Whether a place, counted from 0 among `length`, is in a list that counts from 1, or from -1 at the end. */
const listed = (list: readonly number[], place: number, length: number) =>
  list.includes(place + 1) || list.includes(place - length);

/** The first day of the week that a day lies in. */
const weekOf = ({ number, weekday }: DayOf, weekStart: number) => number - ((weekday - weekStart + 7) % 7);

/** The first day of week 1: the first week with four days in the year. */
function firstWeek(year: number, weekStart: number): number {
  return weekOf(dayOf(dayNumber(year, 1, 4)), weekStart);
}

function inWeeks(list: readonly number[], at: DayOf, weekStart: number): boolean {
  const week = weekOf(at, weekStart);
  const { year } = dayOf(week + 3);
  const [first, next] = [firstWeek(year, weekStart), firstWeek(year + 1, weekStart)];
  return listed(list, (week - first) / 7, (next - first) / 7);
}

/** What RFC 5545 takes from DTSTART where the rule does not say. */
function completed(rule: Rrule, start: number): Rrule {
  const rank = frequencies.indexOf(rule.freq);
  const at = dayOf(Math.floor(start / day));
  const second = ((start % day) + day) % day;
  const full: Rrule = { ...rule };
  const named = rule.weeks ?? rule.yearDays ?? rule.monthDays ?? rule.weekdays;
  if (named === undefined && rule.freq === 'YEARLY') full.months ??= [at.month];
  if (named === undefined && rank <= 1) full.monthDays = [at.date];
  if (rule.weekdays === undefined && rule.freq === 'WEEKLY') full.weekdays = [{ day: at.weekday }];
  const weeksAlone =
    rule.weeks !== undefined && (rule.yearDays ?? rule.monthDays ?? rule.weekdays) === undefined;
  if (weeksAlone) full.weekdays = [{ day: at.weekday }];
  if (rank < 4) full.hours ??= [Math.floor(second / 3600)];
  if (rank < 5) full.minutes ??= [Math.floor(second / 60) % 60];
  if (rank < 6) full.seconds ??= [second % 60];
  return full;
}

function dayMatches(rule: Rrule, at: DayOf): boolean {
  const { months, weeks, yearDays, monthDays, weekdays } = rule;
  const yearStart = dayNumber(at.year, 1, 1);
  const yearLength = dayNumber(at.year + 1, 1, 1) - yearStart;
  const monthStart = dayNumber(at.year, at.month, 1);
  const monthLength = dayNumber(at.year, at.month + 1, 1) - monthStart;
  if (months !== undefined && !months.includes(at.month)) return false;
  if (weeks !== undefined && !inWeeks(weeks, at, rule.weekStart)) return false;
  if (yearDays !== undefined && !listed(yearDays, at.number - yearStart, yearLength)) return false;
  if (monthDays !== undefined && !listed(monthDays, at.date - 1, monthLength)) return false;
  if (weekdays === undefined) return true;
  const inYear = rule.freq === 'YEARLY' && months === undefined;
  const [from, length] = inYear ? [yearStart, yearLength] : [monthStart, monthLength];
  const place = Math.floor((at.number - from) / 7);
  const total = place + 1 + Math.floor((from + length - 1 - at.number) / 7);
  return weekdays.some(
    ({ day: weekday, nth }) => weekday === at.weekday && (nth === undefined || listed([nth], place, total)),
  );
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** The seconds of a day, or of an hour of it, that BYHOUR, BYMINUTE and BYSECOND leave. */
function secondsWithin(rule: Rrule, hours: readonly number[]): number[] {
  const sorted = (list: readonly number[] | undefined, all: number) =>
    list === undefined ? range(all) : [...list].sort((a, b) => a - b);
  const minutes = sorted(rule.minutes, 60);
  const seconds = sorted(rule.seconds, 60);
  return hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => hour * 3600 + minute * 60 + second)),
  );
}

function chosen(times: number[], positions: readonly number[] | undefined): number[] {
  if (positions === undefined) return times;
  return times.filter((_, place) => listed(positions, place, times.length));
}

/** The first day of a period and of the one after the interval. */
function dayPeriod(rule: Rrule, start: DayOf, index: number): [number, number] {
  const ahead = index * rule.interval;
  if (rule.freq === 'YEARLY')
    return [dayNumber(start.year + ahead, 1, 1), dayNumber(start.year + ahead + 1, 1, 1)];
  if (rule.freq === 'MONTHLY')
    return [dayNumber(start.year, start.month + ahead, 1), dayNumber(start.year, start.month + ahead + 1, 1)];
  const length = rule.freq === 'WEEKLY' ? 7 : 1;
  const first = (length === 7 ? weekOf(start, rule.weekStart) : start.number) + ahead * length;
  return [first, first + length];
}

const within = (list: readonly number[] | undefined, value: number) =>
  list === undefined || list.includes(value);

function* periods(rule: Rrule, start: number, end: number): Generator<number[]> {
  const first = dayOf(Math.floor(start / day));
  const hours = [...(rule.hours ?? [])].sort((a, b) => a - b);
  if (frequencies.indexOf(rule.freq) < 4) {
    for (let index = 0; ; index++) {
      const [low, high] = dayPeriod(rule, first, index);
      if (low * day > end) return;
      const days = range(high - low).map((away) => dayOf(low + away));
      const matching = days.filter((at) => dayMatches(rule, at));
      yield matching.flatMap(({ number }) =>
        secondsWithin(rule, hours).map((second) => number * day + second),
      );
    }
  }
  const unit = { HOURLY: 3600, MINUTELY: 60 }[rule.freq as string] ?? 1;
  for (let at = Math.floor(start / unit) * unit; at <= end; at += unit * rule.interval) {
    const second = at % day;
    if (!within(rule.hours, Math.floor(second / 3600))) continue;
    if (unit < 3600 && !within(rule.minutes, Math.floor(second / 60) % 60)) continue;
    if (unit < 60 && !within(rule.seconds, second % 60)) continue;
    if (!dayMatches(rule, dayOf(Math.floor(at / day)))) continue;
    const place = { 3600: rule, 60: { ...rule, minutes: [0] } }[unit];
    yield place === undefined ? [at] : secondsWithin(place, [0]).map((second) => at + second);
  }
}

/** All wall seconds of a rule, from its start up to an end. */
export function rruleWalls(rule: Rrule, start: number, end: number): number[] {
  const full = completed(rule, start);
  const walls: number[] = [];
  for (const times of periods(full, start, end)) {
    for (const wall of chosen(times, full.positions)) if (wall >= start && wall <= end) walls.push(wall);
  }
  return walls.slice(0, rule.count);
}
