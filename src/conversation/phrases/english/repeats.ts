// What comes again and again, in English.
import { any, dictionary, digits, list, map, not, opt, type Reader, seq, term, w } from '../grammar.ts';
import {
  type Day,
  type Duration,
  days,
  everyDay,
  months,
  type Piece,
  type Repeat,
  seconds,
  timesUnit,
  weekendDays,
  workdays,
} from '../piece.ts';
import { anyWeekday, monthDay, weekday } from './calendar.ts';
import { partWord } from './clocks.ts';
import { duration, integer, ordinal, ordinalDigits, unitWord } from './numbers.ts';

const every = w('every|each|every single');
const between = w(', and|,|and|&|/|+|and on');

/** Monday to Friday. */
const range: Reader<number[]> = map(
  seq(anyWeekday, w('-|–|to|through|thru|till'), anyWeekday),
  ([from, , to]) => everyDay.map((step) => (from + step) % 7).slice(0, ((to - from + 7) % 7) + 1),
);
const weekdayGroup: Reader<number[]> = any<number[]>(
  range,
  map(
    w(
      'weekday|weekdays|workday|workdays|working day|working days|business day|business days|week day|week days|work day|work days',
    ),
    () => workdays,
  ),
  map(w('weekend|weekends|weekend day|weekend days'), () => weekendDays),
  map(seq(anyWeekday, opt(w("'s"))), ([day]) => [day]),
);
const weekdaySet: Reader<number[]> = map(list(weekdayGroup, opt(between)), (groups) => [
  ...new Set(groups.flat()),
]);

const plural: Reader<number> = term(
  dictionary([
    ["sundays sunday's", 0],
    ["mondays monday's", 1],
    ["tuesdays tuesday's", 2],
    ["wednesdays wednesday's", 3],
    ["thursdays thursday's", 4],
    ["fridays friday's", 5],
    ["saturdays saturday's", 6],
  ]),
);
const pluralGroup: Reader<number[]> = any<number[]>(
  map(plural, (day) => [day]),
  map(w('weekdays|workdays|working days|business days|work days|week days'), () => workdays),
  map(w('weekends'), () => weekendDays),
  range,
);
const pluralSet: Reader<number[]> = map(
  seq(list(pluralGroup, opt(between)), opt(seq(between, list(weekday, between)))),
  ([groups, more]) => [...new Set([...groups.flat(), ...(more?.[1] ?? [])])],
);

const nth: Reader<number> = any(
  map(w('last'), () => -1),
  map(w('second to last|second last|penultimate'), () => -2),
  ordinal,
);
const aMonth = w('month|months');
const everyMonth: Reader<boolean> = any(
  map(seq(w('of|in'), w('every|each'), opt(w('single')), aMonth), () => true),
  map(w('every month|each month|monthly|a month'), () => true),
  map(seq(w('of|in'), w('the'), aMonth), () => false),
);
const nthDays: Reader<number[]> = any<number[]>(
  map(anyWeekday, (day) => [day]),
  map(w('weekday|workday|working day|business day'), () => workdays),
  map(w('weekend day'), () => weekendDays),
);

const repeat = (value: Repeat): Piece[] => [{ kind: 'repeat', repeat: value }];
const interval = (value: Duration): Piece[] => repeat({ is: 'interval', duration: value });

const nthOfMonth: Reader<Piece[]> = any<Piece[]>(
  map(
    seq(opt(w('on')), opt(w('the')), opt(every), list(nth, w('and the|and|, the|,|&')), nthDays, everyMonth),
    ([, , lead, nths, weekdays, isSaid]) =>
      repeat({
        is: 'nth',
        nths,
        weekdays,
        ...(isSaid || lead !== undefined ? {} : { isImplied: true as const }),
      }),
  ),
  // Every month on the first monday.
  map(
    seq(w('on the|on'), list(nth, w('and the|and|, the|,|&')), nthDays, not(w('of'))),
    ([, nths, weekdays]): Piece[] => [
      { kind: 'repeat', repeat: { is: 'nth', nths, weekdays }, needsCompany: true },
    ],
  ),
  map(seq(every, w('first|1st|last'), nthDays), ([, which, weekdays]) =>
    repeat({ is: 'nth', nths: [which === 'last' ? -1 : 1], weekdays }),
  ),
  map(
    seq(
      opt(w('on|at')),
      opt(w('the')),
      opt(every),
      w('last day|final day|first day|1 st day'),
      any(
        everyMonth,
        map(aMonth, () => true),
      ),
    ),
    ([, , , which]) => repeat({ is: 'month_days', days: [/^(last|final)/.test(which) ? -1 : 1] }),
  ),
  map(
    seq(opt(w('on|at')), opt(w('the')), w('end|beginning|start'), w('of'), w('every|each'), aMonth),
    ([, , edge]) => repeat({ is: 'month_days', days: [edge === 'end' ? -1 : 1] }),
  ),
);

const dayOfMonth = any(
  map(w('last day|last'), () => -1),
  ordinal,
);
const monthDays: Reader<Piece[]> = any<Piece[]>(
  map(
    seq(
      opt(w('on')),
      opt(w('the')),
      list(dayOfMonth, w('and the|and|, the|,|&')),
      opt(w('day|days')),
      everyMonth,
    ),
    ([, , of, , isSaid]) =>
      isSaid && of.every((day) => day <= 31) ? repeat({ is: 'month_days', days: of }) : undefined,
  ),
  map(seq(w('on the'), w('last day')), (): Piece[] => [
    { kind: 'repeat', repeat: { is: 'month_days', days: [-1] }, needsCompany: true },
  ]),
  map(
    seq(
      every,
      list(any(ordinalDigits), w('and the|and|, the|,|&')),
      not(any<unknown>(unitWord, anyWeekday)),
      opt(everyMonth),
    ),
    ([, of]) => (of.every((day) => day <= 31) ? repeat({ is: 'month_days', days: of }) : undefined),
  ),
);

const everyHour = w('every hour|each hour|hourly');
const minutesPast = any<number>(
  map(w('on the hour|at the top of the hour'), () => 0),
  map(seq(w('at'), w(':'), digits(2, 2)), ([, , minute]) => minute),
  map(seq(opt(w('at')), w('half past')), () => 30),
  map(seq(opt(w('at')), opt(w('a')), w('quarter past')), () => 15),
  map(seq(opt(w('at')), opt(w('a')), w('quarter to')), () => 45),
  map(seq(opt(w('at')), integer, w('minutes past|minute past|past')), ([, minute]) => minute),
  map(seq(w('at minute'), digits(1, 2)), ([, minute]) => minute),
);
const minuteOf = (minute: number): Piece[] | undefined =>
  minute < 60 ? repeat({ is: 'minute', minute }) : undefined;
const ofEveryHour: Reader<Piece[]> = any<Piece[]>(
  map(seq(everyHour, minutesPast, opt(w('the hour'))), ([, minute]) => minuteOf(minute)),
  map(seq(minutesPast, opt(w('the hour')), everyHour), ([minute]) => minuteOf(minute)),
);

const adverbs: Reader<Piece[]> = any<Piece[]>(
  map(w('daily|everyday|day after day'), () => interval(days(1))),
  map(w('hourly'), () => interval(seconds(3600))),
  map(w('weekly'), () => interval(days(7))),
  map(w('monthly'), () => interval(months(1))),
  map(w('quarterly'), () => interval(months(3))),
  map(w('yearly|annually'), () => interval(months(12))),
  map(w('half-yearly|half - yearly|semiannually|semi - annually'), () => interval(months(6))),
  map(w('fortnightly'), () => interval(days(14))),
  map(w('biweekly|bi - weekly'), () => repeat({ is: 'interval', duration: days(14), doubt: 'biweekly' })),
  map(w('bimonthly|bi - monthly'), () => repeat({ is: 'interval', duration: months(2), doubt: 'bimonthly' })),
  map(w('nightly'), () => repeat({ is: 'part', part: 'night' })),
);

const per = map(
  w(
    'a day|per day|each day|every day|daily|a week|per week|each week|every week|weekly|a month|per month|each month|every month|monthly|an hour|per hour|every hour|each hour|a year|per year|every year|each year',
  ),
  (word): 'hour' | 'day' | 'week' | 'month' | 'year' =>
    /hour/.test(word)
      ? 'hour'
      : /da/.test(word)
        ? 'day'
        : /week/.test(word)
          ? 'week'
          : /month/.test(word)
            ? 'month'
            : 'year',
);
const howOften = any(
  map(w('once'), () => 1),
  map(w('twice'), () => 2),
  map(w('thrice'), () => 3),
  map(seq(integer, w('times|x')), ([count]) => count),
);
const times: Reader<Piece[]> = any<Piece[]>(
  map(seq(howOften, per), ([count, of]) => repeat({ is: 'times', count, per: of })),
  map(seq(howOften, w('in|every'), duration), ([count, , of]) => (count === 1 ? interval(of) : undefined)),
);

/** Every other, second, third. */
const step = any(
  map(w('other'), () => 2),
  ordinal,
);
const stepped: Reader<Piece[]> = any<Piece[]>(
  map(seq(every, step, weekdaySet, not(w('of|in'))), ([, by, weekdays]) =>
    repeat({ is: 'weekdays', weekdays, step: by }),
  ),
  map(seq(every, ordinal, unitWord), ([, by, unit]) => {
    const value = timesUnit(by, unit);
    return value === undefined ? undefined : interval(value);
  }),
  map(seq(every, w('other'), unitWord), ([, , unit]) => {
    const value = timesUnit(2, unit);
    return value === undefined ? undefined : interval(value);
  }),
);
/** Every second Tuesday: every other, or the second of the month. */
const doubtful: Reader<Piece[]> = map(seq(every, ordinal, anyWeekday, not(w('of|in'))), ([, by, day]) =>
  by >= 2 && by <= 5 ? repeat({ is: 'weekdays', weekdays: [day], step: by, mayBeNth: true }) : undefined,
);

const plain: Reader<Piece[]> = any<Piece[]>(
  map(seq(every, weekdaySet, partWord), ([, weekdays, part]): Piece[] => [
    { kind: 'repeat', repeat: { is: 'weekdays', weekdays } },
    { kind: 'part', part },
  ]),

  map(seq(every, weekdaySet), ([, weekdays]) => repeat({ is: 'weekdays', weekdays })),
  map(seq(every, duration), ([, value]) => interval(value)),
  map(seq(every, unitWord, opt(w('and a half'))), ([, unit, half]) => {
    const value = timesUnit(half === undefined ? 1 : 1.5, unit);
    return value === undefined ? undefined : interval(value);
  }),
  map(seq(w('once'), every, unitWord), ([, , value]) => interval(value)),
  map(seq(every, partWord), ([, part]) => repeat({ is: 'part', part })),
  map(seq(w('in the'), w('mornings|afternoons|evenings')), ([, part]) =>
    repeat({ is: 'part', part: part.slice(0, -1) as 'morning' }),
  ),
  map(seq(every, monthDay), ([, day]) => yearly(day)),
  map(
    seq(opt(w('on')), weekdaySet, w('mornings|afternoons|evenings|nights')),
    ([, weekdays, part]): Piece[] => [
      { kind: 'repeat', repeat: { is: 'weekdays', weekdays } },
      { kind: 'part', part: part.slice(0, -1) as 'morning' },
    ],
  ),
);
function yearly(day: Day): Piece[] | undefined {
  return day.is === 'date' && day.year === undefined
    ? repeat({ is: 'date', month: day.month, day: day.day })
    : undefined;
}

const sets: Reader<Piece[]> = any<Piece[]>(
  map(seq(opt(w('on')), pluralSet), ([, weekdays]) => repeat({ is: 'weekdays', weekdays, isPlural: true })),
  map(seq(w('on|during|from'), range), ([, weekdays]) => repeat({ is: 'weekdays', weekdays })),
);
/** Weekday 9am: each of them, where a time stands beside it. */
const weekdayAlone: Reader<Piece[]> = map(w('weekday|workday|weekend'), (word): Piece[] => [
  {
    kind: 'repeat',
    repeat: { is: 'weekdays', weekdays: word === 'weekend' ? weekendDays : workdays },
    needsCompany: true,
  },
]);
const except: Reader<Piece[]> = map(
  seq(
    w('except|except for|except on|but not|but not on|excluding|but'),
    opt(w('on')),
    any(pluralSet, weekdaySet),
  ),
  ([, , weekdays]) => repeat({ is: 'except', weekdays }),
);

export const repeatPieces: Reader<Piece[]>[] = [
  nthOfMonth,
  monthDays,
  ofEveryHour,
  adverbs,
  times,
  doubtful,
  stepped,
  plain,
  sets,
  weekdayAlone,
  except,
];
