// The words of each language that only recurrence rules need: their pace, what is left of their days, their beginning and their end.
import type { NthWeekday } from './days.ts';
import { english, dayNumber as englishNumber } from './english.ts';
import { date, foldOffset, type SaidInstant, time } from './instants.ts';
import { range } from './numbers.ts';
import { any, list, map, opt, pattern, type Reader, seq, words } from './reader.ts';
import type { Frequency, Pace } from './recurrence.ts';
import { russian, dayNumber as russianNumber } from './russian.ts';

export interface Tail {
  positions?: { numbers: number[]; frequency: Frequency };
  weekStart?: number;
  start?: SaidInstant;
  count?: number;
  until?: SaidInstant;
  added?: SaidInstant[];
  excluded?: SaidInstant[];
}

/** A date, with a time or without. */
const moment: Reader<SaidInstant> = map(
  seq(date, opt(seq(pattern(' '), time, foldOffset))),
  ([day, clock]): SaidInstant => ({
    date: day,
    ...(clock && { time: clock[1] }),
    ...(clock?.[2] !== undefined && { offset: clock[2] }),
  }),
);

/** First, third, 10th to 20th, last. */
export const englishOrdinals = (conjunction: string): Reader<number[]> =>
  map(
    list(
      any<number[]>(
        map(
          seq(any(english.ordinal, englishNumber), words(' to '), any(english.ordinal, englishNumber)),
          ([low, , high]) => (low > 0 && high > low ? range(low, high) : undefined),
        ),
        map(english.ordinal, (nth) => [nth]),
      ),
      conjunction,
    ),
    (items) => items.flat(),
  );
export const russianOrdinals = (conjunction: string): Reader<number[]> =>
  map(
    list(
      any<number[]>(
        map(pattern('(\\d+)–(\\d+)-(?:го|й|е|ю|я)(?! с конца)'), ([, low, high]) =>
          range(Number(low), Number(high)),
        ),
        map(russian.ordinal, (nth) => [nth]),
      ),
      conjunction,
    ),
    (items) => items.flat(),
  );

const periods: readonly Frequency[] = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY'];
const period = (names: readonly string[]): Reader<Frequency> =>
  any(...names.map((name, index) => map(words(name), () => periods[index] as Frequency)));

interface TailWording {
  positions: Reader<{ numbers: number[]; frequency: Frequency }>;
  weekStart: Reader<number>;
  start: Reader<unknown>;
  times: Reader<number>;
  until: Reader<unknown>;
  added: Reader<unknown>;
  excluded: Reader<unknown>;
  and: string;
}

/** What is said behind times and days. */
const tailOf = ({
  positions,
  weekStart,
  start,
  times,
  until,
  added,
  excluded,
  and,
}: TailWording): Reader<Tail> =>
  map(
    seq(
      opt(positions),
      opt(weekStart),
      opt(map(seq(start, moment), ([, from]) => from)),
      opt(
        any<{ count: number } | { until: SaidInstant }>(
          map(times, (count) => ({ count })),
          map(seq(until, moment), ([, last]) => ({ until: last })),
        ),
      ),
      opt(map(seq(added, list(moment, and)), ([, dates]) => dates)),
      opt(map(seq(excluded, list(moment, and)), ([, dates]) => dates)),
    ),
    ([chosen, first, from, end, more, fewer]): Tail => ({
      ...(chosen && { positions: chosen }),
      ...(first !== undefined && { weekStart: first }),
      ...(from && { start: from }),
      ...end,
      ...(more && { added: more }),
      ...(fewer && { excluded: fewer }),
    }),
  );

export const englishTail = tailOf({
  positions: map(
    seq(
      words(', only the '),
      englishOrdinals(' and '),
      words(' of these in each '),
      period(['year', 'month', 'week', 'day', 'hour']),
    ),
    ([, numbers, , frequency]) => ({ numbers, frequency }),
  ),
  weekStart: map(seq(words(', weeks beginning on '), english.weekday), ([, day]) => day),
  start: pattern(', (?:counted )?from '),
  times: any(
    map(words(', only once'), () => 1),
    map(pattern(', (\\d+) times'), ([, count]) => Number(count)),
  ),
  until: pattern(',? until '),
  added: words(', also on '),
  excluded: words(', but not on '),
  and: ' and ',
});
export const russianTail = tailOf({
  positions: map(
    seq(
      words(', только '),
      russianOrdinals(' и '),
      words(' срабатывание '),
      period(['каждого года', 'каждого месяца', 'каждой недели', 'каждого дня', 'каждого часа']),
    ),
    ([, numbers, , frequency]) => ({ numbers, frequency }),
  ),
  weekStart: map(seq(pattern(', неделя начинается со? '), russian.weekday), ([, day]) => day),
  start: pattern(', (?:считая )?с '),
  times: any(
    map(words(', только один раз'), () => 1),
    map(pattern(', (\\d+) раза?'), ([, count]) => Number(count)),
  ),
  until: pattern(',? по '),
  added: words(', а также '),
  excluded: words(', кроме '),
  and: ' и ',
});

const units: readonly Frequency[] = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY'];
const pace = (frequency: Frequency, interval: number): Pace => ({ frequency, interval });

/** Every 2nd month, as what something belongs to or as a limit. */
export const englishNth: Reader<Pace> = map(
  pattern('every (\\d+)(?:st|nd|rd|th) (year|month|week|day)'),
  ([, interval, unit = '']) =>
    pace(units[['year', 'month', 'week', 'day'].indexOf(unit)] as Frequency, Number(interval)),
);
export const russianNth: Reader<Pace> = map(
  pattern('кажд(?:ый|ого|ую) (\\d+)-(?:й|го|ю) (год|месяц|недел|день)[аюи]?'),
  ([, interval, unit = '']) =>
    pace(units[['год', 'месяц', 'недел', 'день'].indexOf(unit)] as Frequency, Number(interval)),
);

/** Some weekdays, each with its numbers: the first and last Monday, the 20th Friday. */
export const nthsOf = (numbers: readonly number[], weekday: number): NthWeekday[] =>
  numbers.map((nth) => ({ weekday, nth }));
export { englishNumber, russianNumber };
