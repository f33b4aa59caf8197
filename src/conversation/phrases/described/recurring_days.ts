// The days of a recurrence rule: one way to name days, and what else those have to be.
import { allOf, type MonthDays } from './days.ts';
import { range } from './numbers.ts';
import { any, list, map, opt, type Reader, seq, words } from './reader.ts';
import type { Pace, RecurringDays } from './recurrence.ts';
import { nthsOf } from './recurrence_words.ts';

/** Days, and how often the years, months, weeks or days come that they are of. */
export interface PacedDays {
  days: RecurringDays;
  pace?: Pace;
}

/** What days are of: some months, or every second month or year. */
export interface Slot {
  months?: number[];
  pace?: Pace;
  isOfYear?: boolean;
}

export interface DayWording {
  and: string;
  or: string;
  weekday: Reader<number>;
  ordinals(conjunction: string): Reader<number[]>;
  inMonths: Reader<number[]>;
  /** Monday to Friday, every Monday and Friday. */
  plainWeekdays: Reader<number[] | undefined>;
  /** On Monday and Friday, of a week. */
  onWeekdays: Reader<number[] | undefined>;
  ofMonth: Reader<Slot>;
  ofYear: Reader<Slot>;
  /** What stands before numbered weekdays as a whole, and before each. */
  beforeNths: Reader<unknown>;
  beforeNth: Reader<unknown>;
  beforeMonthDays: Reader<unknown>;
  monthDayParts: Reader<Partial<MonthDays>>;
  ifThereIs: Reader<unknown>;
  /** The 100th and last days. */
  yearDays: Reader<number[]>;
  /** Weeks 1 and 3 to 5. */
  weeks(conjunction: string): Reader<number[]>;
  ofWeeks: Reader<unknown>;
  everyDay: Reader<unknown>;
  /** Where nothing else says what days are of: in every second year. */
  suffix: Reader<Pace>;
  leadDays: Reader<Pace>;
  leadWeeks: Reader<Pace>;
  condition: {
    before: Reader<unknown>;
    after: Reader<unknown>;
    link: Reader<unknown>;
    weekday: Reader<number[] | undefined>;
    beforeNth: Reader<unknown>;
    ofMonth: Reader<unknown>;
    ofYear: Reader<unknown>;
    yearDays: Reader<number[]>;
    inWeeks: Reader<unknown>;
    afterWeeks: Reader<unknown>;
  };
}

const slotted = (days: RecurringDays, { months, pace, isOfYear }: Slot): PacedDays => ({
  days: {
    ...days,
    ...(months && { months }),
    ...(isOfYear === true && days.nths !== undefined && { isOfYear }),
  },
  ...(pace && { pace }),
});

/** Days of a month, those from its end as negative numbers. */
const numbersOf = ({ days, last }: MonthDays): number[] => [...days, ...last.map((back) => -1 - back)];

function weekdayWords(wording: DayWording): Reader<PacedDays> {
  const { and, inMonths, plainWeekdays, beforeNths, beforeNth, ordinals, weekday, ofMonth, ofYear } = wording;
  const item = map(seq(beforeNth, ordinals(and), words(' '), weekday), ([, numbers, , day]) =>
    nthsOf(numbers, day),
  );
  const plain = map(
    seq(plainWeekdays, opt(seq(words(' '), inMonths))),
    ([weekdays, limited]) => weekdays && slotted({ weekdays }, limited ? { months: limited[1] } : {}),
  );
  const numbered = map(
    seq(beforeNths, list(item, and), words(' '), any(ofMonth, ofYear)),
    ([, nths, , slot]) => slotted({ nths: nths.flat() }, slot),
  );
  return any<PacedDays>(
    plain,
    numbered,
    map(seq(plain, words(and), numbered), ([one, , other]) => ({
      ...other,
      days: { ...one.days, ...other.days },
    })),
  );
}

/** The days, the interval that leads them aside. */
function named(wording: DayWording): Reader<PacedDays> {
  const { and, inMonths, beforeMonthDays, monthDayParts, ofMonth, ifThereIs } = wording;
  return any<PacedDays>(
    weekdayWords(wording),
    map(
      seq(beforeMonthDays, list(monthDayParts, and), words(' '), ofMonth, opt(ifThereIs)),
      ([, parts, , slot]) => slotted({ monthDays: numbersOf(allOf(parts)) }, slot),
    ),
    map(seq(wording.yearDays, words(' '), wording.ofYear), ([yearDays, , slot]) =>
      slotted({ yearDays }, slot),
    ),
    map(
      seq(wording.onWeekdays, wording.ofWeeks, wording.weeks(and), words(' '), wording.ofYear),
      ([weekdays, , weeks, , slot]) => weekdays && slotted({ weekdays, weeks }, slot),
    ),
    map(seq(wording.everyDay, opt(seq(words(' '), inMonths))), ([, limited]) =>
      slotted({}, limited ? { months: limited[1] } : {}),
    ),
    map(inMonths, (months) => slotted({}, { months })),
  );
}

function conditionOf({ or, ordinals, weekday, weeks, condition }: DayWording): Reader<RecurringDays> {
  const nth = map(
    seq(condition.beforeNth, ordinals(or), words(' '), weekday),
    ([, numbers, , day]): RecurringDays => ({
      nths: nthsOf(numbers, day),
    }),
  );
  const week = map(
    seq(
      list(
        any<RecurringDays>(
          map(condition.weekday, (weekdays) => weekdays && { weekdays }),
          nth,
        ),
        or,
      ),
      opt(
        any<boolean>(
          map(condition.ofMonth, () => false),
          map(condition.ofYear, () => true),
        ),
      ),
    ),
    ([items, isOfYear]): RecurringDays => {
      const weekdays = items.flatMap((item) => item.weekdays ?? []);
      const nths = items.flatMap((item) => item.nths ?? []);
      return {
        ...(weekdays.length > 0 && { weekdays }),
        ...(nths.length > 0 && { nths }),
        ...(isOfYear === true && { isOfYear }),
      };
    },
  );
  const one = any<RecurringDays>(
    week,
    map(condition.yearDays, (yearDays) => ({ yearDays })),
    map(seq(condition.inWeeks, weeks(or), condition.afterWeeks), ([, of]) => ({ weeks: of })),
  );
  const several = map(
    seq(one, opt(seq(condition.link, one)), opt(seq(condition.link, one))),
    ([first, second, third]) => ({
      ...first,
      ...second?.[1],
      ...third?.[1],
    }),
  );
  return map(seq(condition.before, several, condition.after), ([, days]) => days);
}

export interface DayReaders {
  /** Days that come behind the times in English. */
  days: Reader<PacedDays>;
  /** Days with an interval of their own, which lead the sentence. */
  leading: Reader<PacedDays>;
}

export function dayReaders(wording: DayWording): DayReaders {
  const condition = opt(conditionOf(wording));
  const limited = opt(seq(words(' '), wording.inMonths));
  return {
    days: map(
      seq(
        any<PacedDays>(
          named(wording),
          map(seq(named(wording), words(' '), wording.suffix), ([found, , pace]) => ({ ...found, pace })),
          map(wording.suffix, (pace) => ({ days: {}, pace })),
        ),
        condition,
      ),
      ([found, more]) => ({ ...found, days: { ...found.days, ...more } }),
    ),
    leading: map(
      seq(
        any<PacedDays>(
          map(seq(wording.leadDays, limited), ([pace, months]) => ({
            days: { ...(months && { months: months[1] }) },
            pace,
          })),
          map(
            seq(wording.leadWeeks, words(' '), wording.onWeekdays, limited),
            ([pace, , weekdays, months]) =>
              weekdays && { days: { weekdays, ...(months && { months: months[1] }) }, pace },
          ),
        ),
        condition,
      ),
      ([found, more]) => ({ ...found, days: { ...found.days, ...more } }),
    ),
  };
}

export const allDays = range(0, 6);
