// Days in Russian. They come before the times.
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
import { range } from './numbers.ts';
import { any, list, map, opt, pattern, type Reader, seq, words } from './reader.ts';
import { dayNumber, russian } from './russian.ts';
import { number } from './vocabulary.ts';

const { and, or, weekday, month, ordinal } = russian;

export const monthRange = map(seq(words('с '), month, words(' по '), month), ([, low, , high]) =>
  range(low, high),
);
export const inMonths = any(
  monthRange,
  map(seq(words('в '), list(month, and)), ([, months]) => months),
);
export const ofMonths = any(
  map(seq(words('каждого месяца '), monthRange), ([, months]) => months),
  map(words('каждого месяца'), () => everyMonth),
  list(month, and),
);

export const weekdayRange = map(seq(pattern('со? '), weekday, words(' по '), weekday), ([, low, , high]) =>
  stretch(low, high),
);

/** The first and third Monday; `before` is what stands before it. */
const nthItem = (before: Reader<unknown>, conjunction: string): Reader<NthWeekday[]> =>
  map(seq(before, list(ordinal, conjunction), words(' '), weekday), ([, nths, , day]) =>
    nths.map((nth) => ({ weekday: day, nth })),
  );

export const plainWeekdays = any<number[]>(
  map(words('по будням'), () => workdays),
  weekdayRange,
  map(seq(words('по '), list(weekday, and)), ([, days]) => days),
);

type WeekPart = { week: WeekDays; months: number[] };
const weekField: Reader<Days> = map(
  list<WeekPart>(
    any<WeekPart>(
      map(seq(plainWeekdays, opt(seq(words(' '), inMonths))), ([weekdays, limited]) => ({
        week: { weekdays, nths: [] },
        months: limited?.[1] ?? everyMonth,
      })),
      map(seq(list(nthItem(pattern('во? '), and), and), words(' '), ofMonths), ([items, , months]) => ({
        week: { weekdays: [], nths: items.flat() },
        months,
      })),
    ),
    and,
  ),
  weekOf,
);

export const plainDays: Reader<Partial<MonthDays>> = any<Partial<MonthDays>>(
  map(pattern('каждый (\\d+)-й день с (\\d+)-го по (\\d+)-е число'), ([, step, low, high]) => ({
    days: range(Number(low), Number(high), Number(step)),
  })),
  map(
    seq(
      list(
        any<number[]>(
          map(pattern('с (\\d+)-го по (\\d+)-е'), ([, low, high]) => range(Number(low), Number(high))),
          map(dayNumber, (day) => [day]),
        ),
        and,
      ),
      pattern(' числ[ао]'),
    ),
    ([items]) => ({ days: items.flat() }),
  ),
  // The name of a month follows.
  map(
    list(
      any<number[]>(
        map(pattern('с (\\d+) по (\\d+)'), ([, low, high]) => range(Number(low), Number(high))),
        map(pattern('(\\d+)(?![-\\d:])'), ([, day]) => [Number(day)]),
      ),
      and,
    ),
    (items) => ({ days: items.flat() }),
  ),
);
const nearDays: Reader<Partial<MonthDays>> = map(
  seq(pattern('в ближайши[ей]й? к '), list(dayNumber, and), pattern(' числ(?:ам будние дни|у будний день)')),
  ([, near]) => ({ near }),
);
export const lastDays: Reader<Partial<MonthDays>> = any<Partial<MonthDays>>(
  map(seq(words('в последние '), number, pattern(' (?:дня|дней|день)')), ([, count]) => ({
    last: range(0, count - 1),
  })),
  map(seq(pattern('во? '), list(ordinal, and), words(' день')), ([, numbers]) =>
    numbers.every((each) => each < 0) ? { last: numbers.map((each) => -1 - each) } : undefined,
  ),
);
const monthDays: Reader<Days> = map(
  seq(
    list(
      any(
        plainDays,
        nearDays,
        map(words('в последний будний день'), () => ({ lastWeekday: true })),
        lastDays,
      ),
      and,
    ),
    words(' '),
    ofMonths,
    opt(words(' (если оно есть)')),
  ),
  ([parts, , months]) => ({ months, month: allOf(parts) }),
);

const condition: Reader<WeekDays> = map(
  seq(
    list(
      any<WeekDays>(
        map(words('будний день'), () => ({ weekdays: workdays, nths: [] })),
        map(seq(words('день '), weekdayRange), ([, weekdays]) => ({ weekdays, nths: [] })),
        map(weekday, (day) => ({ weekdays: [day], nths: [] })),
        map(nthItem(words(''), or), (nths) => ({ weekdays: [], nths })),
      ),
      or,
    ),
    opt(words(' месяца')),
  ),
  ([items]) => ({
    weekdays: items.flatMap(({ weekdays }) => weekdays),
    nths: items.flatMap(({ nths }) => nths),
  }),
);

/** The days of a rule of cron, with what joins its times to them. */
export const russianDays: Reader<Days> = any<Days>(
  map(words(''), () => ({ months: everyMonth })),
  map(seq(words('ежедневно '), opt(seq(inMonths, words(' ')))), ([, limited]) => ({
    months: limited?.[0] ?? everyMonth,
  })),
  map(seq(inMonths, words(' ')), ([months]) => ({ months })),
  map(seq(weekField, words(' ')), ([days]) => days),
  map(seq(monthDays, words(' ')), ([days]) => days),
  map(seq(monthDays, words(', а также '), weekField, words(', ')), ([days, , week]) =>
    week.week && days.months.join() === week.months.join() ? { ...days, week: week.week } : undefined,
  ),
  map(seq(monthDays, words(', если это '), condition, words(', ')), ([days, , week]) => ({
    ...days,
    week,
    isBoth: true,
  })),
);
