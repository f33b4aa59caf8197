// Days in Russian: of the week, of the month, by name, by distance.
import { any, dictionary, digits, list, map, not, opt, type Reader, seq, term, w } from '../grammar.ts';
import { dottedDay, numericDate, numericDay } from '../numeric.ts';
import { type Day, type DayPart, type Duration, days, type Piece, seconds } from '../piece.ts';
import {
  anyWeekday,
  month,
  monthDay,
  monthNames,
  shortWeekday,
  sureWeekday,
  weekday,
  year,
} from './calendar.ts';
import { partAdverb } from './clocks.ts';
import { duration, integer, ordinal, ordinalDigits } from './numbers.ts';

export const relativeDay: Reader<Day> = any<Day>(
  map(w('послепослезавтра'), () => ({ is: 'relative', days: 3 })),
  map(any<unknown>(w('послезавтра|послезавтрашнего дня'), seq(w('после'), w('завтра'))), () => ({
    is: 'relative',
    days: 2,
  })),
  map(w('завтра|завтрашнего дня'), () => ({ is: 'relative', days: 1 })),
  map(w('сегодня|сегодняшнего дня'), () => ({ is: 'relative', days: 0 })),
  map(w('позавчера'), () => ({ is: 'relative', days: -2 })),
  map(w('вчера'), () => ({ is: 'relative', days: -1 })),
);

const nextWord = w('следующий|следующую|следующее|следующей|следующего|следующему|следующем|будущем|след');
const thisWord = w(
  'этот|эту|это|этой|этого|этому|ближайший|ближайшую|ближайшее|ближайшей|ближайшего|ближайшему|текущий|текущую|будущий|будущую|будущее',
);
const lastWord = w('прошлый|прошлую|прошлое|прошлой|прошлого|минувший|минувшую');
const weekAhead: Reader<number> = any(
  map(w('на следующей неделе|следующей недели|на будущей неделе|на след неделе'), () => 1),
  map(w('на этой неделе|этой недели'), () => 0),
  map(w('через неделю'), () => 1),
);
const weekdayNamed: Reader<Day> = any<Day>(
  map(
    seq(any(weekAhead), opt(w('в|во|,')), anyWeekday),
    ([weeks, , day]): Day => ({
      is: 'weekdays',
      weekdays: [day],
      which: 'coming',
      weeks,
    }),
  ),
  map(
    seq(opt(w('в|во|к|до')), anyWeekday, weekAhead),
    ([, day, weeks]): Day => ({
      is: 'weekdays',
      weekdays: [day],
      which: 'coming',
      weeks,
    }),
  ),
  map(
    seq(opt(w('в|во|к|до|на')), nextWord, anyWeekday),
    ([, , day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'next' }),
  ),
  map(
    seq(opt(w('в|во|к|до|на')), thisWord, anyWeekday),
    ([, , day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'coming' }),
  ),
  map(
    seq(opt(w('в|во')), lastWord, weekday),
    ([, , day]): Day => ({ is: 'weekdays', weekdays: [day], which: 'last' }),
  ),
);
const coming = (weekdays: number[]): Day => ({ is: 'weekdays', weekdays, which: 'coming' });

const spanWord = any<'week' | 'month' | 'year'>(
  map(w('недели|неделе|неделю'), () => 'week'),
  map(w('месяца|месяце|месяц'), () => 'month'),
  map(w('года|году|год'), () => 'year'),
);
const edges: Reader<Day> = map(
  seq(
    w('в конце|к концу|до конца|в начале|к началу|конец|начало'),
    opt(any<string>(nextWord, w('этого|этой|текущего|текущей'))),
    spanWord,
  ),
  ([edge, which, span]): Day => {
    const isEnd = edge.includes('кон');
    const ahead = which === undefined ? (isEnd ? 0 : 1) : which.startsWith('след') ? 1 : 0;
    return { is: span, ahead, edge: isEnd ? 'end' : 'start' };
  },
);
const spans: Reader<Day> = any<Day>(
  edges,
  map(seq(w('в|на'), nextWord, spanWord), ([, , span]): Day => ({ is: span, ahead: 1 })),
  map(w('на следующей неделе|на будущей неделе'), (): Day => ({ is: 'week', ahead: 1 })),
  map(w('на этой неделе|на неделе'), (): Day => ({ is: 'week', ahead: 0 })),
  map(w('в следующие выходные|на следующих выходных'), (): Day => ({ is: 'weekend', ahead: 1 })),
  map(
    w('в выходные|на выходных|в эти выходные|на этих выходных|в ближайшие выходные'),
    (): Day => ({ is: 'weekend', ahead: 0 }),
  ),
);

const daysOfMonth = list(any(ordinal, digits(1, 2)), w('и|, и|,'));
const ahead = any(
  map(w('этого месяца|текущего месяца'), () => 0),
  map(w('следующего месяца|будущего месяца'), () => 1),
);
const monthDays: Reader<Day> = any<Day>(
  map(
    seq(w('в следующем месяце|в этом месяце'), daysOfMonth, opt(w('числа'))),
    ([month, of]): Day | undefined =>
      of.some((day) => day < 1 || day > 31)
        ? undefined
        : { is: 'month_days', days: of, ahead: month === 'в этом месяце' ? 0 : 1 },
  ),
  map(
    seq(opt(w('к|до|на')), daysOfMonth, w('числа|число|числу'), opt(ahead)),
    ([, of, , months]): Day =>
      of.some((day) => day < 1 || day > 31)
        ? { is: 'date', month: 13, day: 1 }
        : { is: 'month_days', days: of, ...(months === undefined ? {} : { ahead: months }) },
  ),
  map(
    seq(opt(w('к|до')), list(ordinalDigits, w('и|, и|,')), not(any<unknown>(monthOrUnit())), opt(ahead)),
    ([, of, , months]): Day | undefined =>
      of.some((day) => day < 1 || day > 31)
        ? undefined
        : { is: 'month_days', days: of, ...(months === undefined ? {} : { ahead: months }) },
  ),
  map(
    seq(w('последнего числа|последний день|последнее число'), ahead),
    ([, months]): Day => ({ is: 'month', ahead: months, edge: 'end' }),
  ),
);
/** 2-й вторник, 5-я неделя, 3-й этаж: no day of the month. */
function monthOrUnit(): Reader<unknown> {
  return ({ tokens }, at) => {
    const token = tokens[at];
    return token?.kind === 'word' &&
      !/^(в|к|во|на|до|с|и|утром|вечером|днем|ночью|каждого|этого|следующего)$/.test(token.word)
      ? { value: true, end: at + 1 }
      : undefined;
  };
}

const day = (value: Day): Piece[] => [{ kind: 'day', day: value }];
const short = (value: Day): Piece[] => [{ kind: 'day', day: value, needsCompany: true }];

export const anyDay: Reader<Day> = any<Day>(
  map(seq(nextWord, spanWord), ([, span]): Day => ({ is: span, ahead: 1, edge: 'start' })),
  numericDate,
  weekdayNamed,
  monthDay,
  relativeDay,
  spans,
  map(
    seq(w('конца|начала'), opt(nextWord), spanWord),
    ([edge, next, span]): Day => ({
      is: span,
      ahead: next === undefined && edge === 'конца' ? 0 : 1,
      edge: edge === 'конца' ? 'end' : 'start',
    }),
  ),
  monthDays,
  numericDay,
  dottedDay,
  map(anyWeekday, (value) => coming([value])),
);

const withPart: Reader<Piece[]> = map(
  seq(
    opt(w('в|во|на|к')),
    any<Day>(
      relativeDay,
      weekdayNamed,
      map(anyWeekday, (value) => coming([value])),
      monthDay,
    ),
    any<DayPart>(
      partAdverb,
      map(w('утро|к утру|с утра'), () => 'morning'),
      map(w('вечер|к вечеру'), () => 'evening'),
      map(w('после обеда'), () => 'afternoon'),
    ),
  ),
  ([, value, part]): Piece[] => [
    { kind: 'day', day: value },
    { kind: 'part', part },
  ],
);
/** Утром в субботу, вечером завтра. */
const partFirst: Reader<Piece[]> = map(
  seq(
    partAdverb,
    opt(w('в|во')),
    any<Day>(
      relativeDay,
      weekdayNamed,
      map(anyWeekday, (value) => coming([value])),
      monthDay,
    ),
  ),
  ([part, , value]): Piece[] => [
    { kind: 'day', day: value },
    { kind: 'part', part },
  ],
);

const unitThrough = any<Duration>(
  map(w('секунд|секунды|секунду'), () => seconds(1)),
  map(w('минут|минуты|минуту'), () => seconds(60)),
  map(w('часов|часа|час'), () => seconds(3600)),
  map(w('дней|дня|день'), () => days(1)),
  map(w('недель|недели|неделю'), () => days(7)),
);
const offset: Reader<Piece[]> = any<Piece[]>(
  map(
    w(
      'завтра в это же время|завтра в это время|в это же время завтра|в это время завтра|завтра в то же время',
    ),
    (): Piece[] => [{ kind: 'offset', duration: days(1) }],
  ),
  map(
    seq(w('через|спустя'), opt(w('примерно|около|ровно|еще|минимум')), duration),
    ([, , value]): Piece[] => [{ kind: 'offset', duration: value }],
  ),
  map(seq(unitThrough, w('через'), integer), ([unit, , amount]): Piece[] => [
    {
      kind: 'offset',
      duration: { months: 0, days: unit.days * amount, seconds: unit.seconds * amount },
    },
  ]),
  map(seq(duration, w('спустя')), ([value]): Piece[] => [{ kind: 'offset', duration: value }]),
  map(seq(duration, w('назад|тому назад')), ([value]): Piece[] => [
    { kind: 'offset', duration: value, isPast: true },
  ]),
);
const eitherDay: Reader<Piece[]> = map(w('через день'), (): Piece[] => [{ kind: 'either_day' }]);

const either: Reader<Day> = map(
  seq(w('в|во'), anyWeekday, w('или в|или во|или'), anyWeekday),
  ([, one, , other]): Day => ({ is: 'weekdays', weekdays: [one, other], which: 'coming', isEither: true }),
);
/** За три дня до 8 марта. */
const shifted: Reader<Day> = map(
  any(seq(w('за'), duration, w('до'), anyDay), seq(w('через|спустя'), duration, w('после'), anyDay)),
  ([lead, by, , from]): Day | undefined =>
    by.seconds + by.months > 0 || from.is === 'relative'
      ? undefined
      : { is: 'shifted', days: lead === 'за' ? -by.days : by.days, from },
);

/** В последнее воскресенье марта. */
const nthWeekday: Reader<Day> = map(
  seq(
    opt(w('в|во')),
    any(
      map(w('последний|последнюю|последнее|последняя'), () => -1),
      ordinal,
    ),
    weekday,
    month,
    opt(year),
  ),
  ([, nth, of, in_, y]): Day | undefined =>
    nth > 5
      ? undefined
      : { is: 'nth_weekday', nth, weekday: of, month: in_, ...(y === undefined ? {} : { year: y }) },
);

export const dayPieces: Reader<Piece[]>[] = [
  map(nthWeekday, day),
  map(either, day),
  map(shifted, day),
  eitherDay,
  offset,
  withPart,
  partFirst,
  map(seq(opt(w('к|до|на|с')), numericDate), ([, value]) => day(value)),
  map(weekdayNamed, day),
  map(seq(opt(seq(opt(w('в|во')), anyWeekday, opt(w(',')))), opt(w('к|до|на')), monthDay), ([, , value]) =>
    day(value),
  ),
  map(seq(opt(w('к|до|на')), relativeDay), ([, value]) => day(value)),
  map(spans, day),
  map(monthDays, day),
  map(seq(w('к|до|на'), any<Day>(numericDay, dottedDay)), ([, value]) => day(value)),
  map(any<Day>(numericDay, dottedDay), short),
  map(
    seq(
      w('в|во|к|ко|до|на'),
      list(
        any(
          map(w('среду|среде|среды'), () => 3),
          sureWeekday,
          shortWeekday,
        ),
        w(', и|,|и в|и во|и|, в|, во'),
      ),
    ),
    ([lead, value]) => (lead === 'в' && value.length === 0 ? undefined : day(coming(value))),
  ),
  map(list(sureWeekday, w(', и|,|и')), (value) => day(coming(value))),
  map(list(anyWeekday, opt(w(', и|,|и|/'))), (value) => short(coming(value))),
  map(seq(w('в'), term(dictionary(monthNames))), ([, value]) => day({ is: 'month_name', month: value })),
];
