// Times and days as an expression of cron.
import { type Days, everyMonth, type MonthDays, type WeekDays } from './days.ts';
import { everyHour, everySixty, range, sorted, type Times } from './numbers.ts';

const isAll = (numbers: readonly number[], all: readonly number[]): boolean =>
  sorted(numbers).join() === all.join();

/** 1-5,10: stretches by their ends. */
function ranges(numbers: readonly number[]): string {
  const items: [number, number][] = [];
  for (const number of sorted(numbers)) {
    const last = items.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else items.push([number, number]);
  }
  return items.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(',');
}

/**
 * The hours, so that the rule follows real time or does not: it does where a field begins with `*`, or the hours have a range.
 */
function hoursField(hours: readonly number[], isReal: boolean): string {
  if (!isReal) return sorted(hours).join();
  if (isAll(hours, everyHour)) return '*';
  const [first = 0, ...others] = sorted(hours);
  const text = ranges(hours);
  return text.includes('-') ? text : [`${first}-${first}`, ...others].join();
}

/** Days of the month; empty where any will do. `isStarred` has it begin with `*`, which makes both day fields count. */
function monthField({ days, last, near, lastWeekday }: MonthDays, isStarred: boolean): string | undefined {
  if (isStarred && !days.includes(1)) return undefined;
  const plain = isStarred ? days.filter((day) => day !== 1) : days;
  return [
    ...(isStarred ? ['*/31'] : []),
    ...(plain.length > 0 ? [ranges(plain)] : []),
    ...near.map((day) => `${day}W`),
    ...(lastWeekday ? ['LW'] : []),
    ...last.map((back) => (back === 0 ? 'L' : `L-${back}`)),
  ].join();
}

function weekField({ weekdays, nths }: WeekDays, isStarred: boolean): string | undefined {
  if (isStarred && !weekdays.includes(0)) return undefined;
  const plain = isStarred ? weekdays.filter((day) => day !== 0) : weekdays;
  return [
    ...(isStarred ? ['*/7'] : []),
    ...(plain.length > 0 ? [ranges(plain)] : []),
    ...nths.map(({ weekday, nth }) => (nth === -1 ? `${weekday}L` : `${weekday}#${nth}`)),
  ].join();
}

/** Both day fields; undefined where they cannot be written so. */
function dayFields({ month, week, isBoth = false }: Days): [string, string] | undefined {
  if (month === undefined || week === undefined)
    return [
      month === undefined ? '*' : (monthField(month, false) ?? ''),
      week === undefined ? '*' : (weekField(week, false) ?? ''),
    ];
  if (!isBoth) return [monthField(month, false) ?? '', weekField(week, false) ?? ''];
  const starred = monthField(month, true);
  if (starred !== undefined) return [starred, weekField(week, false) ?? ''];
  const starredWeek = weekField(week, true);
  return starredWeek === undefined ? undefined : [monthField(month, false) ?? '', starredWeek];
}

/** @param isOnce that each of the times comes once, whatever clocks do, has been said */
export function cronOf(times: Times, days: Days, isOnce: boolean): string | undefined {
  const fields = dayFields(days);
  if (fields === undefined || times.hours.length === 0) return undefined;
  const { seconds, minutes, hours, listed } = times;
  const isReal = !listed && !isOnce;
  const sixty = (numbers: readonly number[]): string =>
    isReal && isAll(numbers, everySixty) ? '*' : ranges(numbers);
  const [day, weekday] = fields;
  const months = isAll(days.months, everyMonth) ? '*' : ranges(days.months);
  const clock = `${sixty(minutes)} ${hoursField(hours, isReal)}`;
  const second = isAll(seconds, range(0, 0)) ? '' : `${sixty(seconds)} `;
  return `${second}${clock} ${day} ${months} ${weekday}`;
}
