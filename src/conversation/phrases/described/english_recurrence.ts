// Recurrence rules in English: what leads, what follows, what limits.
import { stretch, workdays } from './days.ts';
import { english } from './english.ts';
import { inMonths, lastDays, monthRange, plainDays, plainWeekdays } from './english_days.ts';
import { range } from './numbers.ts';
import { any, list, map, pattern, type Reader, seq, words } from './reader.ts';
import type { Pace } from './recurrence.ts';
import { englishNth, englishOrdinals } from './recurrence_words.ts';
import { allDays, type DayWording, dayReaders, type Slot } from './recurring_days.ts';

const { and, weekday, month } = english;

const weekNumbers = (conjunction: string): Reader<number[]> =>
  map(
    list(
      map(pattern('(\\d+)(?:–(\\d+))?'), ([, low, high = low]) => range(Number(low), Number(high))),
      conjunction,
    ),
    (items) => items.flat(),
  );

const paced = (unit: 'month' | 'year'): Reader<Slot> =>
  map(seq(words('of '), englishNth), ([, pace]) =>
    pace.frequency === (unit === 'month' ? 'MONTHLY' : 'YEARLY')
      ? { pace, isOfYear: unit === 'year' }
      : undefined,
  );

const wording: DayWording = {
  and,
  or: ' or ',
  weekday,
  ordinals: englishOrdinals,
  inMonths,
  plainWeekdays,
  onWeekdays: any<number[] | undefined>(
    map(words('on all days'), () => allDays),
    map(words('on weekdays'), () => workdays),
    map(seq(words('from '), weekday, words(' to '), weekday), ([, low, , high]) => stretch(low, high)),
    map(seq(words('on '), list(weekday, and)), ([, days]) => days),
  ),
  ofMonth: any<Slot>(
    map(words('of the month'), () => ({})),
    map(seq(words('of each month '), monthRange), ([, months]) => ({ months })),
    map(seq(words('of '), list(month, and)), ([, months]) => ({ months })),
    paced('month'),
  ),
  ofYear: any<Slot>(
    map(words('of the year'), () => ({ isOfYear: true })),
    paced('year'),
  ),
  beforeNths: words('on '),
  beforeNth: words('the '),
  beforeMonthDays: words('on '),
  monthDayParts: any(plainDays, lastDays),
  ifThereIs: words(' (where there is one)'),
  yearDays: map(seq(words('on the '), englishOrdinals(and), pattern(' days?')), ([, numbers]) => numbers),
  weeks: (conjunction) =>
    map(
      list(
        any<number[]>(
          map(seq(pattern('weeks? '), weekNumbers(conjunction)), ([, numbers]) => numbers),
          map(seq(words('the '), englishOrdinals(conjunction), words(' week')), ([, numbers]) => numbers),
        ),
        conjunction,
      ),
      (parts) => parts.flat(),
    ),
  ofWeeks: words(' of '),
  everyDay: words('every day'),
  suffix: map(seq(pattern('(?:in|of) '), englishNth), ([, pace]) => pace),
  leadDays: map(
    pattern('every (\\d+) days'),
    ([, interval]): Pace => ({ frequency: 'DAILY', interval: Number(interval) }),
  ),
  leadWeeks: map(
    pattern('every (\\d+) weeks|every week'),
    ([, interval = '1']): Pace => ({
      frequency: 'WEEKLY',
      interval: Number(interval),
    }),
  ),
  condition: {
    before: words(' when that is '),
    after: words(''),
    link: words(' and at the same time '),
    weekday: any<number[] | undefined>(
      map(words('a weekday'), () => workdays),
      map(seq(words('a day from '), weekday, words(' to '), weekday), ([, low, , high]) =>
        stretch(low, high),
      ),
      map(seq(pattern('(?:a )?'), weekday), ([, day]) => [day]),
    ),
    beforeNth: words('the '),
    ofMonth: words(' of the month'),
    ofYear: words(' of the year'),
    yearDays: map(
      seq(words('the '), englishOrdinals(' or '), words(' day of the year')),
      ([, numbers]) => numbers,
    ),
    inWeeks: words('a day of '),
    afterWeeks: words(' of the year'),
  },
};

export const englishRecurringDays = dayReaders(wording);
