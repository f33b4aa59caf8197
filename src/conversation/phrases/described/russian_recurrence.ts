// Recurrence rules in Russian: what leads, what follows, what limits.
import { workdays } from './days.ts';
import { range } from './numbers.ts';
import { any, list, map, pattern, type Reader, seq, words } from './reader.ts';
import type { Pace } from './recurrence.ts';
import { russianNth, russianOrdinals } from './recurrence_words.ts';
import { allDays, type DayWording, dayReaders, type Slot } from './recurring_days.ts';
import { russian } from './russian.ts';
import { inMonths, lastDays, monthRange, plainDays, plainWeekdays, weekdayRange } from './russian_days.ts';

const { and, weekday, month, ordinal } = russian;

const paced = (unit: 'MONTHLY' | 'YEARLY'): Reader<Slot> =>
  map(russianNth, (pace) => (pace.frequency === unit ? { pace, isOfYear: unit === 'YEARLY' } : undefined));

const wording: DayWording = {
  and,
  or: ' или ',
  weekday,
  ordinals: russianOrdinals,
  inMonths,
  plainWeekdays,
  onWeekdays: any<number[] | undefined>(
    map(words('во все дни'), () => allDays),
    map(words('в будни'), () => workdays),
    weekdayRange,
    map(seq(pattern('во? '), list(weekday, and)), ([, days]) => days),
  ),
  ofMonth: any<Slot>(
    map(seq(words('каждого месяца '), monthRange), ([, months]) => ({ months })),
    map(words('каждого месяца'), () => ({})),
    map(list(month, and), (months) => ({ months })),
    paced('MONTHLY'),
  ),
  ofYear: any<Slot>(
    map(words('каждого года'), () => ({ isOfYear: true })),
    paced('YEARLY'),
  ),
  beforeNths: words(''),
  beforeNth: pattern('во? '),
  beforeMonthDays: words(''),
  monthDayParts: any(plainDays, lastDays),
  ifThereIs: words(' (если оно есть)'),
  yearDays: map(seq(pattern('во? '), russianOrdinals(and), words(' день')), ([, numbers]) => numbers),
  weeks: (conjunction) =>
    map(
      seq(
        list(
          any<number[]>(
            map(pattern('(\\d+)–(\\d+)-й(?! с конца)'), ([, low, high]) => range(Number(low), Number(high))),
            map(ordinal, (nth) => [nth]),
          ),
          conjunction,
        ),
        pattern(' недел[ьи]'),
      ),
      ([items]) => items.flat(),
    ),
  ofWeeks: words(' '),
  everyDay: any(words('ежедневно'), words('каждый день')),
  suffix: russianNth,
  leadDays: map(
    pattern('каждые (\\d+) (?:дня|дней|день)'),
    ([, interval]): Pace => ({ frequency: 'DAILY', interval: Number(interval) }),
  ),
  leadWeeks: map(
    pattern('каждые (\\d+) недел[ьиюя]*|каждую неделю'),
    ([, interval = '1']): Pace => ({
      frequency: 'WEEKLY',
      interval: Number(interval),
    }),
  ),
  condition: {
    before: words(', если это '),
    after: words(','),
    link: words(' и в то же время '),
    weekday: any<number[] | undefined>(
      map(words('будний день'), () => workdays),
      map(seq(words('день '), weekdayRange), ([, days]) => days),
      map(weekday, (day) => [day]),
    ),
    beforeNth: words(''),
    ofMonth: words(' месяца'),
    ofYear: words(' года'),
    yearDays: map(seq(russianOrdinals(' или '), words(' день года')), ([numbers]) => numbers),
    inWeeks: words('день '),
    afterWeeks: words(' года'),
  },
};

export const russianRecurringDays = dayReaders(wording);
