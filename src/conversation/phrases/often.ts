// Several times a day, a week, a month: how often is said, when is not. There is no more likely one: options.
import { type Answer, type Desk, instantOf, say } from './answer.ts';
import { clockFrom, clockText } from './calendar.ts';
import type { Clock, Repeat } from './piece.ts';
import type { PhraseOption } from './reading.ts';
import { cronOf, cronWeekdays, sortClocks } from './times.ts';
import { weekdayWords } from './words.ts';

type Times = Extract<Repeat, { is: 'times' }>;

const recurring = (label: string, rule: PhraseOption['rule']): PhraseOption => ({
  label,
  kind: 'recurring',
  rule,
});

/** So many times between two hours of a day, evenly. */
const spread = (count: number, from: number, to: number): Clock[] =>
  Array.from({ length: count }, (_, index) => {
    const minutes = Math.round((from + ((to - from) * index) / (count - 1)) * 2) * 30;
    return { hour: Math.floor(minutes / 60) % 24, minute: minutes % 60, second: 0, half: 'said' as const };
  });

function aDay(desk: Desk, count: number): PhraseOption[] {
  const { morning, afternoon, evening } = desk.dayParts;
  const own = count === 2 ? [morning, evening] : count === 3 ? [morning, afternoon, evening] : undefined;
  const sets = [
    ...(own === undefined ? [] : [own.map(clockFrom)]),
    spread(count, 8, 20),
    spread(count, 9, 21),
  ];
  const options = sets.flatMap((clocks) => {
    const sorted = sortClocks(clocks);
    const cron = cronOf(sorted, {});
    return cron === undefined
      ? []
      : [recurring(say(desk).everyDay(sorted.map(clockText).join(', ')), { cron })];
  });
  if (24 % count === 0)
    options.push(
      recurring(say(desk).everyHours(String(24 / count)), {
        every: `${24 / count} hour`,
        anchor: instantOf(desk, `${desk.now.date} ${desk.now.time}`),
      }),
    );
  return options;
}

const weekdaySets: Readonly<Record<number, number[][]>> = {
  2: [
    [1, 4],
    [2, 5],
    [3, 6],
  ],
  3: [
    [1, 3, 5],
    [2, 4, 6],
  ],
  4: [
    [1, 2, 4, 5],
    [1, 3, 5, 0],
  ],
  5: [
    [1, 2, 3, 4, 5],
    [1, 2, 4, 5, 6],
  ],
  6: [[1, 2, 3, 4, 5, 6]],
};
const monthSets: Readonly<Record<number, string[]>> = {
  2: ['1,15', '10,25'],
  3: ['1,11,21', '5,15,25'],
  4: ['1,8,15,22', '5,12,19,26'],
};

function onDays(desk: Desk, { count, per }: Times, clocks: readonly Clock[]): PhraseOption[] {
  const times = clocks.map(clockText).join(', ');
  if (per === 'week')
    return (weekdaySets[count] ?? []).flatMap((weekdays) => {
      const cron = cronOf(clocks, { weekday: cronWeekdays(weekdays) });
      const label = say(desk).everyWeek(weekdayWords(weekdays, desk.locale), times);
      return cron === undefined ? [] : [recurring(label, { cron })];
    });
  return (monthSets[count] ?? []).flatMap((day) => {
    const cron = cronOf(clocks, { day });
    return cron === undefined ? [] : [recurring(say(desk).everyMonthOn(day, times), { cron })];
  });
}

/** @param clocks the times of day that were said, if any */
export function readTimes(desk: Desk, times: Times, clocks: readonly Clock[] | undefined): Answer {
  const { count, per } = times;
  if (per === 'hour') {
    if (count > 60 || 3600 % count !== 0) return { kind: 'none' };
    const anchor = instantOf(desk, `${desk.now.date} ${desk.now.time}`);
    const every =
      3600 % count === 0 && (3600 / count) % 60 === 0 ? `${60 / count} minute` : `${3600 / count} second`;
    return { kind: 'recurring', rule: { every, anchor } };
  }
  const options =
    per === 'day'
      ? count >= 2 && count <= 12
        ? aDay(desk, count)
        : []
      : onDays(desk, times, clocks ?? [clockFrom(desk.dayParts.morning)]);
  const unique = [...new Map(options.map((option) => [JSON.stringify(option.rule), option])).values()].slice(
    0,
    4,
  );
  const [only] = unique;
  if (only === undefined) return { kind: 'none' };
  return unique.length === 1
    ? { kind: 'recurring', rule: only.rule }
    : { kind: 'ambiguous', options: unique };
}
