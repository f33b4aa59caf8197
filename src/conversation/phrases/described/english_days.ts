// Days in English.
import {
  allOf,
  type Days,
  everyMonth,
  type MonthDays,
  type NthWeekday,
  stretch,
  type WeekDays,
  weekOf,
  workdays,
} from './days.ts';
import { dayNumber, english } from './english.ts';
import { range } from './numbers.ts';
import { any, list, map, opt, pattern, type Reader, seq, words } from './reader.ts';
import { number } from './vocabulary.ts';

const { and, or, weekday, month, ordinal } = english;

export const monthRange = map(seq(words('from '), month, words(' to '), month), ([, low, , high]) =>
  range(low, high),
);
export const inMonths = any(
  monthRange,
  map(seq(words('in '), list(month, and)), ([, months]) => months),
);
export const ofMonths = any(
  map(words('of the month'), () => everyMonth),
  map(seq(words('of each month '), monthRange), ([, months]) => months),
  map(seq(words('of '), list(month, and)), ([, months]) => months),
);

/** The first and third Monday. */
const nthItem = (conjunction: string): Reader<NthWeekday[]> =>
  map(seq(words('the '), list(ordinal, conjunction), words(' '), weekday), ([, nths, , day]) =>
    nths.map((nth) => ({ weekday: day, nth })),
  );

export const plainWeekdays = any<number[]>(
  map(words('on weekdays'), () => workdays),
  map(seq(weekday, words(' to '), weekday), ([low, , high]) => stretch(low, high)),
  map(seq(words('every '), list(weekday, and)), ([, days]) => days),
);

type WeekPart = { week: WeekDays; months: number[] };
const weekField: Reader<Days> = map(
  list<WeekPart>(
    any<WeekPart>(
      map(seq(plainWeekdays, opt(seq(words(' '), inMonths))), ([weekdays, limited]) => ({
        week: { weekdays, nths: [] },
        months: limited?.[1] ?? everyMonth,
      })),
      map(seq(words('on '), list(nthItem(and), and), words(' '), ofMonths), ([, items, , months]) => ({
        week: { weekdays: [], nths: items.flat() },
        months,
      })),
    ),
    and,
  ),
  weekOf,
);

export const plainDays: Reader<Partial<MonthDays>> = any<Partial<MonthDays>>(
  map(
    seq(words('every '), dayNumber, words(' day from the '), dayNumber, words(' to the '), dayNumber),
    ([, step, , low, , high]) => ({ days: range(low, high, step) }),
  ),
  map(
    seq(
      words('the '),
      list(
        map(seq(dayNumber, opt(seq(words(' to '), dayNumber))), ([low, to]) => range(low, to?.[1] ?? low)),
        and,
      ),
    ),
    ([, items]) => ({ days: items.flat() }),
  ),
);
const nearDays: Reader<Partial<MonthDays>> = map(
  seq(pattern('the nearest weekdays? to the '), list(dayNumber, and)),
  ([, near]) => ({ near }),
);
export const lastDays: Reader<Partial<MonthDays>> = any<Partial<MonthDays>>(
  map(seq(words('the last '), number, words(' days')), ([, count]) => ({ last: range(0, count - 1) })),
  map(seq(words('the '), list(ordinal, and), pattern(' days?')), ([, numbers]) =>
    numbers.every((each) => each < 0) ? { last: numbers.map((each) => -1 - each) } : undefined,
  ),
);
const monthDays: Reader<Days> = map(
  seq(
    words('on '),
    list(
      any(
        plainDays,
        nearDays,
        map(words('the last weekday'), () => ({ lastWeekday: true })),
        lastDays,
      ),
      and,
    ),
    words(' '),
    ofMonths,
    opt(words(' (where there is one)')),
  ),
  ([, parts, , months]) => ({ months, month: allOf(parts) }),
);

/** What a day has to be: a Monday or Friday; a weekday or the last Saturday of the month. */
const condition: Reader<WeekDays> = map(
  seq(
    list(
      any<WeekDays>(
        map(words('a weekday'), () => ({ weekdays: workdays, nths: [] })),
        map(seq(words('a day from '), weekday, words(' to '), weekday), ([, low, , high]) => {
          const weekdays = stretch(low, high);
          return weekdays && { weekdays, nths: [] };
        }),
        map(seq(pattern('(?:a )?'), weekday), ([, day]) => ({ weekdays: [day], nths: [] })),
        map(nthItem(or), (nths) => ({ weekdays: [], nths })),
      ),
      or,
    ),
    opt(words(' of the month')),
  ),
  ([items]) => ({
    weekdays: items.flatMap(({ weekdays }) => weekdays),
    nths: items.flatMap(({ nths }) => nths),
  }),
);

/** The days of a rule of cron, with what joins them to its times. */
export const englishDays: Reader<Days> = any<Days>(
  map(words(''), () => ({ months: everyMonth })),
  map(seq(words(' every day'), opt(seq(words(' '), inMonths))), ([, limited]) => ({
    months: limited?.[1] ?? everyMonth,
  })),
  map(seq(words(' '), inMonths), ([, months]) => ({ months })),
  map(seq(pattern(',? '), weekField), ([, days]) => days),
  map(seq(words(' '), monthDays), ([, days]) => days),
  map(seq(words(' '), monthDays, words(', and also '), weekField), ([, days, , week]) =>
    week.week && days.months.join() === week.months.join() ? { ...days, week: week.week } : undefined,
  ),
  map(seq(words(' '), monthDays, words(' when that is '), condition), ([, days, , week]) => ({
    ...days,
    week,
    isBoth: true,
  })),
);
