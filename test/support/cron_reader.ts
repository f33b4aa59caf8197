// A second, slow and plain reading of cron expressions, to hold against the one in SQL: sets of numbers, one
// look at each day. It takes only expressions that are known to be right; nothing here checks them.

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const macros: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Where other programs read an expression differently; ours is the default of each. */
export interface Reading {
  /**
   * Two day fields mean both of them: where one begins with a star, or only where one is nothing but a star.
   */
  both?: 'leading star' | 'lone star';
  /** The last weekday that a step without an end reaches: Saturday, or Sunday once more. */
  stepsTo?: 6 | 7;
  /**
   * What follows real time: where a time field begins with a star or the hours are a range or a step, or where a time
   * field has a star or a step anywhere, or nothing.
   */
  realTime?: 'leading star' | 'star or step' | 'never';
}

/** What a rule names on the wall clock. Days are counted from 1970-01-01. */
export interface WallRule {
  /** Follows real time: nothing in a gap, both passes of a fold. */
  realTime: boolean;
  /** The seconds of this day that the rule names, in order. */
  secondsOf(day: number): number[];
}

function numberOf(text: string): number {
  for (const [names, first] of [[monthNames, 1] as const, [weekdayNames, 0] as const]) {
    if (names.includes(text)) return names.indexOf(text) + first;
  }
  return Number(text);
}

/** The plain values of a field; items with L, W or # are left to the days. */
function values(field: string, low: number, high: number, stepsTo = high): Set<number> {
  const result = new Set<number>();
  for (const item of field.split(',')) {
    if (isSpecial(item)) continue;
    const [range = '', step] = item.split('/');
    const [from = '', to] = range.split('-');
    const start = from === '*' || from === '?' ? low : numberOf(from);
    let end = to === undefined ? start : numberOf(to);
    if (from === '*' || from === '?') end = high;
    else if (to === undefined && step !== undefined) end = stepsTo;
    else if (to !== undefined && end === 0 && start > 0) end = 7;
    for (let value = start; value <= end; value += Number(step ?? 1)) result.add(value);
  }
  return result;
}

function isSpecial(item: string): boolean {
  return /#|^(l|\d+)w$|^l(-\d+)?$|^(\d|[a-z]{3})l$/.test(item);
}

interface Day {
  number: number;
  month: number;
  weekday: number;
  length: number;
}

function dayOf(day: number): Day {
  const date = new Date(day * 86_400_000);
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  return {
    number: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    weekday: date.getUTCDay(),
    length: (next - first) / 86_400_000,
  };
}

/** The day on which nW falls: the weekday nearest to day n, within its month. */
function nearestWeekday(wanted: number, { number, weekday, length }: Day): number | undefined {
  if (wanted > length) return undefined;
  const isWeekday = (day: number) =>
    day >= 1 && day <= length && ![0, 6].includes((weekday + day - number + 70) % 7);
  return [wanted, wanted - 1, wanted + 1, wanted - 2, wanted + 2].find(isWeekday);
}

function matchesMonthDay(field: string, plain: Set<number>, day: Day): boolean {
  return field.split(',').some((item) => {
    if (!isSpecial(item)) return plain.has(day.number);
    if (item === 'lw') return nearestWeekday(day.length, day) === day.number;
    if (item.endsWith('w')) return nearestWeekday(Number(item.slice(0, -1)), day) === day.number;
    return day.length - Number(item.slice(2)) === day.number;
  });
}

function matchesWeekday(field: string, plain: Set<number>, day: Day): boolean {
  return field.split(',').some((item) => {
    if (!isSpecial(item)) return plain.has(day.weekday) || (day.weekday === 0 && plain.has(7));
    const [name = '', nth] = item.split('#');
    const weekday = numberOf(nth === undefined ? name.slice(0, -1) : name) % 7;
    if (weekday !== day.weekday) return false;
    return nth === undefined ? day.number + 7 > day.length : Math.ceil(day.number / 7) === Number(nth);
  });
}

function followsRealTime(times: string[], reading: Reading['realTime'] = 'leading star'): boolean {
  if (reading === 'never') return false;
  if (reading === 'star or step') return times.some((field) => /[*/]/.test(field));
  return times.some((field) => field.startsWith('*')) || /[-/]/.test(times.at(-1) as string);
}

export function readCron(
  expression: string,
  { both = 'leading star', stepsTo = 6, realTime }: Reading = {},
): WallRule {
  const text = expression.trim().toLowerCase();
  const fields = (macros[text] ?? text).split(/\s+/);
  if (fields.length < 6) fields.unshift('0');
  const [second, minute, hour, monthDay, month, weekday] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];

  const seconds = [...values(second, 0, 59)].sort((a, b) => a - b);
  const minutes = values(minute, 0, 59);
  const hours = values(hour, 0, 23);
  const times: number[] = [];
  for (let time = 0; time < 86_400; time += 60) {
    if (hours.has(Math.floor(time / 3600)) && minutes.has((time / 60) % 60)) {
      times.push(...seconds.map((value) => time + value));
    }
  }

  const monthDays = values(monthDay, 1, 31);
  const months = values(month, 1, 12);
  const weekdays = values(weekday, 0, 6, stepsTo);
  const star = both === 'leading star' ? /^[*?]/ : /^[*?]$/;
  const either = !star.test(monthDay) && !star.test(weekday);
  const matchesDay = (day: Day): boolean => {
    if (!months.has(day.month)) return false;
    const results = [matchesMonthDay(monthDay, monthDays, day), matchesWeekday(weekday, weekdays, day)];
    return either ? results.includes(true) : !results.includes(false);
  };
  return {
    realTime: followsRealTime([second, minute, hour], realTime),
    secondsOf: (day) => (matchesDay(dayOf(day)) ? times : []),
  };
}
