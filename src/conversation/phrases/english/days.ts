// Days in English: of the week, of the month, by name, by distance.
import { any, dictionary, digits, list, map, not, opt, type Reader, seq, term, w } from '../grammar.ts';
import { dottedDay, isoInstant, numericDate, numericDay } from '../numeric.ts';
import type { Day, Piece } from '../piece.ts';
import { anyWeekday, dated, month, monthDay, monthNames, weekday, year } from './calendar.ts';
import { bareClock, partWord } from './clocks.ts';
import { duration, ordinal, ordinalDigits } from './numbers.ts';

const feasts: Reader<Day> = any<Day>(
  map(w('christmas eve'), () => dated(12, 24)),
  map(w('christmas day|christmas|xmas'), () => dated(12, 25)),
  map(w("new year's eve|new years eve"), () => dated(12, 31)),
  map(w("new year's day|new years day"), () => dated(1, 1)),
  map(w('halloween'), () => dated(10, 31)),
  map(w("valentine's day|valentines day"), () => dated(2, 14)),
);

export const relativeDay: Reader<Day> = any<Day>(
  map(w('the day after tomorrow|day after tomorrow|overmorrow'), () => ({ is: 'relative', days: 2 })),
  map(w('tomorrow'), () => ({ is: 'relative', days: 1 })),
  map(w('later today|today later|today'), () => ({ is: 'relative', days: 0 })),
  map(w('the day before yesterday|day before yesterday'), () => ({ is: 'relative', days: -2 })),
  map(w('yesterday'), () => ({ is: 'relative', days: -1 })),
);

const aWeek = w('next week|the following week|the week after next|week after next|this week');
const weeksAhead = (word: string): number => (word.includes('after next') ? 2 : word === 'this week' ? 0 : 1);

const between = w(', and|,|and|&|/');
const weekdayNamed: Reader<Day> = any<Day>(
  map(
    seq(aWeek, opt(w('on|,')), anyWeekday),
    ([week, , day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'coming', weeks: weeksAhead(week) }),
  ),
  map(
    seq(anyWeekday, opt(w('of|,')), aWeek),
    ([day, , week]): Day => ({ is: 'weekdays', weekdays: [day], which: 'coming', weeks: weeksAhead(week) }),
  ),
  map(
    seq(w('a week on|a week from|a week from next|week on'), anyWeekday),
    ([, day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'coming', weeks: -1 }),
  ),
  map(
    seq(opt(w('the')), anyWeekday, w('week|after next')),
    ([, day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'coming', weeks: -1 }),
  ),
  map(
    seq(anyWeekday, w('or'), anyWeekday),
    ([one, , other]): Day => ({ is: 'weekdays', weekdays: [one, other], which: 'coming', isEither: true }),
  ),
  map(
    seq(w('this coming|this|coming|the coming|upcoming'), anyWeekday),
    ([, day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'coming' }),
  ),
  map(
    seq(w('next|the next|following'), anyWeekday),
    ([, day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'next' }),
  ),
  map(
    seq(w('last|previous|past'), weekday, not(w('of|in'))),
    ([, day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'last' }),
  ),
);
const coming = (weekdays: number[]): Day => ({ is: 'weekdays', weekdays, which: 'coming' });

const spans: Reader<Day> = any<Day>(
  map(
    seq(opt(w('the')), w('end|beginning|start'), opt(w('of')), opt(w('the|this|next')), w('month|week|year')),
    ([, edge, , which, span]): Day => ({
      is: span as 'week' | 'month' | 'year',
      ahead: which === 'next' || (edge !== 'end' && which !== 'this') ? 1 : 0,
      edge: edge === 'end' ? 'end' : 'start',
    }),
  ),
  map(w('eom'), (): Day => ({ is: 'month', ahead: 0, edge: 'end' })),
  map(w('eow'), (): Day => ({ is: 'week', ahead: 0, edge: 'end' })),
  map(
    seq(w('last day of'), w('this month|next month|the year|the week|the month')),
    ([, of]): Day | undefined =>
      of === 'the month'
        ? undefined
        : {
            is: of.endsWith('year') ? 'year' : of.endsWith('week') ? 'week' : 'month',
            ahead: of === 'next month' ? 1 : 0,
            edge: 'end',
          },
  ),
  map(
    seq(w('first day of|1st day of'), w('next month')),
    (): Day => ({ is: 'month', ahead: 1, edge: 'start' }),
  ),
  map(w('next week'), (): Day => ({ is: 'week', ahead: 1 })),
  map(w('sometime this week|this week|later this week'), (): Day => ({ is: 'week', ahead: 0 })),
  map(w('next month'), (): Day => ({ is: 'month', ahead: 1 })),
  map(w('next year'), (): Day => ({ is: 'year', ahead: 1 })),
  map(w('next weekend'), (): Day => ({ is: 'weekend', ahead: 1 })),
  map(w('this weekend|the weekend|at the weekend|weekend'), (): Day => ({ is: 'weekend', ahead: 0 })),
);

const ofMonth: Reader<number | 'the'> = map(
  seq(w('of'), w('this month|next month|the month|the next month|the current month')),
  ([, word]) => (word === 'the month' ? 'the' : word.includes('next') ? 1 : 0),
);
const monthDays: Reader<Day> = any<Day>(
  map(
    seq(w('next month|this month'), opt(w('on the|on|the')), ordinal),
    ([month, , day]): Day => ({ is: 'month_days', days: [day], ahead: month === 'next month' ? 1 : 0 }),
  ),
  map(
    seq(w('on the|the|by the|on'), list(ordinal, any(w('and the|and|, the|, and|,|&'))), opt(ofMonth)),
    ([, days, of]): Day | undefined => {
      // "the first" may be anything; "the 15th" is a day.
      if (days.some((day) => day < 1 || day > 31)) return { is: 'date', month: 13, day: 1 };
      return {
        is: 'month_days',
        days,
        ...(typeof of === 'number' ? { ahead: of } : {}),
        ...(of === 'the' ? { ofTheMonth: true as const } : {}),
      };
    },
  ),
  map(
    seq(ordinalDigits, ofMonth),
    ([day, of]): Day => ({
      is: 'month_days',
      days: [day],
      ...(typeof of === 'number' ? { ahead: of } : { ofTheMonth: true as const }),
    }),
  ),
);
/** The 15th, but not the first of whatever else. */
const monthDaysSure: Reader<Day> = (source, at) => {
  const match = monthDays(source, at);
  if (match === undefined) return undefined;
  const inDigits = source.tokens.slice(at, match.end).some(({ kind }) => kind === 'number');
  const next = source.tokens[match.end];
  const lead = source.tokens[at]?.word;
  if (
    inDigits &&
    (lead === 'on' ||
      lead === 'next' ||
      lead === 'this' ||
      lead === 'by' ||
      next === undefined ||
      next.kind !== 'word' ||
      /^(at|by|in|to|from|of|every|of|-)$/.test(next.word) ||
      source.tokens[at]?.kind === 'number')
  )
    return match;
  // Words alone: on the fifteenth at 9, on the first of the month.
  const isOn = lead === 'on' && (next === undefined || next.kind !== 'word' || next.word === 'at');
  const ofAMonth = source.tokens[match.end - 1]?.word === 'month';
  return isOn || ofAMonth ? match : undefined;
};

const day = (value: Day): Piece[] => [{ kind: 'day', day: value }];
const short = (value: Day): Piece[] => [{ kind: 'day', day: value, needsCompany: true }];
const on = opt(w('on|by|for|from|before|due|due on|this'));

export const anyDay: Reader<Day> = any<Day>(
  numericDate,
  weekdayNamed,
  monthDay,
  relativeDay,
  spans,
  feasts,
  monthDaysSure,
  numericDay,
  dottedDay,
  map(anyWeekday, (value) => coming([value])),
);

const tonight = any<Piece[]>(
  map(w('tonight|this night|later tonight|tonite'), (): Piece[] => [
    { kind: 'day', day: { is: 'relative', days: 0 } },
    { kind: 'part', part: 'night', isTonight: true },
  ]),
  map(seq(w('this'), partWord), ([, part]): Piece[] => [
    { kind: 'day', day: { is: 'relative', days: 0 } },
    { kind: 'part', part },
  ]),
);
const partOfDay = map(
  seq(
    on,
    any<Day>(
      relativeDay,
      weekdayNamed,
      map(anyWeekday, (value) => coming([value])),
      monthDay,
    ),
    partWord,
  ),
  ([, value, part]): Piece[] => [
    { kind: 'day', day: value },
    { kind: 'part', part },
  ],
);

const offset: Reader<Piece[]> = any<Piece[]>(
  map(
    w(
      'this time tomorrow|same time tomorrow|at the same time tomorrow|tomorrow at this time|tomorrow at the same time|tomorrow same time',
    ),
    (): Piece[] => [{ kind: 'offset', duration: { months: 0, days: 1, seconds: 0 } }],
  ),
  map(
    seq(
      w('in|after|within|in about|in around|in exactly|in the next|in another'),
      opt(w('about|around|exactly')),
      duration,
      opt(w("' time|time|'")),
      not(w('ago')),
    ),
    ([, , value]): Piece[] => [{ kind: 'offset', duration: value }],
  ),
  map(seq(duration, w('from now|from today|later|hence')), ([value]): Piece[] => [
    { kind: 'offset', duration: value },
  ]),
  map(seq(duration, w('ago')), ([value]): Piece[] => [{ kind: 'offset', duration: value, isPast: true }]),
  map(seq(duration, w('from tomorrow')), ([value]): Piece[] | undefined =>
    value.seconds > 0 ? undefined : [{ kind: 'offset', duration: { ...value, days: value.days + 1 } }],
  ),
);

/** Three days before Christmas, the day after the 20th. */
const shifted: Reader<Day> = map(
  seq(
    any(
      map(w('the day|a day|one day'), () => ({ months: 0, days: 1, seconds: 0 })),
      map(w('the week|a week'), () => ({ months: 0, days: 7, seconds: 0 })),
      duration,
    ),
    w('before|after'),
    opt(w('the')),
    any<Day>(
      numericDate,
      monthDay,
      feasts,
      map(anyWeekday, (value) => coming([value])),
    ),
  ),
  ([by, side, , from]): Day | undefined =>
    by.seconds + by.months > 0
      ? undefined
      : { is: 'shifted', days: side === 'before' ? -by.days : by.days, from },
);
/** The end of a day is its evening. */
const endOfDay: Reader<Piece[]> = map(
  seq(opt(w('by|at|before')), opt(w('the')), w('end of day|end of the day|eod|close of business|cob')),
  (): Piece[] => [{ kind: 'part', part: 'evening' }],
);

/** Friday the 13th. */
const weekdayAndDay: Reader<Day> = map(
  seq(anyWeekday, opt(w(',')), w('the'), ordinal, not(w('of'))),
  ([, , , number]): Day => ({ is: 'month_days', days: [number] }),
);

/** 9 tonight. */
const bareTonight: Reader<Piece[]> = map(seq(bareClock, tonight), ([clock, day]) => [...clock, ...day]);

/** The third Thursday of November. */
const nthWeekday: Reader<Day> = map(
  seq(
    opt(w('on')),
    opt(w('the')),
    any(
      ordinal,
      map(w('last'), () => -1),
    ),
    weekday,
    w('of|in'),
    month,
    opt(year),
  ),
  ([, , nth, of, , in_, y]): Day | undefined =>
    nth > 5
      ? undefined
      : { is: 'nth_weekday', nth, weekday: of, month: in_, ...(y === undefined ? {} : { year: y }) },
);

export const dayPieces: Reader<Piece[]>[] = [
  map(nthWeekday, day),
  bareTonight,
  map(seq(on, weekdayAndDay), ([, value]) => day(value)),
  map(shifted, day),
  endOfDay,
  isoInstant,
  tonight,
  partOfDay,
  offset,
  map(seq(on, numericDate), ([, value]) => day(value)),
  map(seq(on, weekdayNamed, opt(seq(w(','), monthDay))), ([, value, more]) => day(more?.[1] ?? value)),
  map(seq(on, opt(seq(anyWeekday, opt(w(',|the')))), monthDay), ([, , value]) => day(value)),
  map(seq(opt(w('by|for|from|before|on|until')), relativeDay), ([, value]) => day(value)),
  map(seq(opt(w('at|by|in|on|over|before|during')), spans), ([, value]) => day(value)),
  map(seq(opt(w('on|at|for|by')), feasts), ([, value]) => day(value)),
  map(seq(opt(w('by')), monthDaysSure), ([, value]) => day(value)),
  map(seq(w('on|by|at|for|due|before'), any<Day>(numericDay, dottedDay)), ([, value]) => day(value)),
  map(any<Day>(numericDay, dottedDay), short),
  map(seq(w('on|by|this|for|due|before'), list(anyWeekday, between)), ([, value]) => day(coming(value))),
  map(list(weekday, between), (value) => day(coming(value))),
  map(list(anyWeekday, opt(between)), (value) => short(coming(value))),
  map(
    seq(w('in|by'), term(dictionary(monthNames)), not(any<unknown>(digits(1, 4), ordinal))),
    ([lead, value]): Piece[] | undefined =>
      lead === 'in' ? day({ is: 'month_name', month: value }) : undefined,
  ),
];
