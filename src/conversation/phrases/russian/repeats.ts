// What comes again and again, in Russian.
import { any, dictionary, digits, list, map, not, opt, type Reader, seq, term, w } from '../grammar.ts';
import {
  type DayPart,
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
import { counted, duration, integer, ordinal, ordinalDigits, unitWord } from './numbers.ts';

const every = w('каждый|каждая|каждое|каждые|каждую|каждого|каждой|каждому|кажд');
const and = w(', и|,|и|и по|, по|и в|и каждую|и каждый');

const repeat = (value: Repeat): Piece[] => [{ kind: 'repeat', repeat: value }];
const interval = (value: Duration): Piece[] => repeat({ is: 'interval', duration: value });

const range: Reader<number[]> = map(
  any(
    seq(w('с|со'), anyWeekday, w('по'), anyWeekday),
    seq(opt(w('по|в')), anyWeekday, w('-|–|—'), anyWeekday),
  ),
  ([, from, , to]) => everyDay.map((step) => (from + step) % 7).slice(0, ((to - from + 7) % 7) + 1),
);
const group: Reader<number[]> = any<number[]>(
  range,
  map(
    w('будний день|рабочий день|будень|будни|будние дни|рабочие дни|буднего дня|рабочего дня'),
    () => workdays,
  ),
  map(w('выходной|выходные|выходной день|выходные дни'), () => weekendDays),
  map(anyWeekday, (day) => [day]),
);
const set: Reader<number[]> = map(list(group, opt(and)), (groups) => [...new Set(groups.flat())]);

/** Понедельникам, будням: what stands after по. */
const plural: Reader<number[]> = any<number[]>(
  map(
    term(
      dictionary([
        ['воскресеньям воскресениям', 0],
        ['понедельникам', 1],
        ['вторникам', 2],
        ['средам', 3],
        ['четвергам', 4],
        ['пятницам', 5],
        ['субботам', 6],
      ]),
    ),
    (day) => [day],
  ),
  map(w('будням|будним дням|рабочим дням|будним|рабочим'), () => workdays),
  map(w('выходным|выходным дням'), () => weekendDays),
  range,
  map(
    term(
      dictionary([
        ['вс', 0],
        ['пн', 1],
        ['вт', 2],
        ['ср', 3],
        ['чт', 4],
        ['пт', 5],
        ['сб', 6],
      ]),
    ),
    (day) => [day],
  ),
);
const by: Reader<Piece[]> = any<Piece[]>(
  map(seq(w('по'), list(plural, opt(and))), ([, groups]) =>
    repeat({ is: 'weekdays', weekdays: [...new Set(groups.flat())], isPlural: true }),
  ),
  map(w('в будни|в будние дни|в рабочие дни|в будний день'), () =>
    repeat({ is: 'weekdays', weekdays: workdays, isPlural: true }),
  ),
  map(range, (weekdays) => repeat({ is: 'weekdays', weekdays })),
  map(w('по утрам'), () => repeat({ is: 'part', part: 'morning' })),
  map(w('по вечерам'), () => repeat({ is: 'part', part: 'evening' })),
  map(w('по ночам'), () => repeat({ is: 'part', part: 'night' })),
  map(seq(w('по'), list(any(ordinal, digits(1, 2)), w('и|, и|,')), w('числам')), ([, of]) =>
    of.every((day) => day <= 31) ? repeat({ is: 'month_days', days: of }) : undefined,
  ),
);

const nth = any<number>(
  map(w('последний|последнюю|последнее|последняя|последнего|последней'), () => -1),
  map(w('предпоследний|предпоследнюю|предпоследнее|предпоследняя'), () => -2),
  ordinal,
);
const month = any<boolean>(
  map(w('каждого месяца|ежемесячно|каждый месяц|в каждом месяце|в месяце'), () => true),
  map(w('месяца'), () => false),
);
const nthDays: Reader<number[]> = any<number[]>(
  map(w('будний день|рабочий день|будний|рабочий'), () => workdays),
  map(w('выходной'), () => weekendDays),
  map(weekday, (day) => [day]),
);
const nthOfMonth: Reader<Piece[]> = any<Piece[]>(
  map(
    seq(opt(w('в|во')), opt(every), list(nth, w('и|, и|,')), nthDays, month),
    ([, lead, nths, weekdays, isSaid]) =>
      repeat({
        is: 'nth',
        nths,
        weekdays,
        ...(isSaid || lead !== undefined ? {} : { isImplied: true as const }),
      }),
  ),
  map(seq(every, w('первый|первую|первое|последний|последнюю|последнее'), nthDays), ([, which, weekdays]) =>
    repeat({ is: 'nth', nths: [which.startsWith('посл') ? -1 : 1], weekdays }),
  ),
  map(seq(w('в|во'), list(nth, w('и|, и|,')), nthDays), ([, nths, weekdays]): Piece[] => [
    { kind: 'repeat', repeat: { is: 'nth', nths, weekdays }, needsCompany: true },
  ]),
);
const firstDay = w('в первый день|первый день|каждый первый день');
const lastDay = w(
  'в последний день|последний день|последнего числа|последнее число|в последнее число|каждый последний день|каждое последнее число',
);
const monthDays: Reader<Piece[]> = any<Piece[]>(
  map(seq(lastDay, any<unknown>(month, seq(w('числа'), month))), () =>
    repeat({ is: 'month_days', days: [-1] }),
  ),
  map(seq(firstDay, month), () => repeat({ is: 'month_days', days: [1] })),
  map(w('последнего числа'), () => repeat({ is: 'month_days', days: [-1] })),
  map(seq(w('в последний день'), not(w('недели|года'))), (): Piece[] => [
    { kind: 'repeat', repeat: { is: 'month_days', days: [-1] }, needsCompany: true },
  ]),
  map(w('в конце каждого месяца|в конце месяца каждый месяц'), () =>
    repeat({ is: 'month_days', days: [-1] }),
  ),
  map(w('в начале каждого месяца'), () => repeat({ is: 'month_days', days: [1] })),
  map(
    seq(
      opt(every),
      list(any(ordinal, digits(1, 2)), w('и|, и|,')),
      opt(w('числа|число')),
      w('каждого месяца|каждый месяц|ежемесячно'),
    ),
    ([, of]) =>
      of.every((day) => day >= 1 && day <= 31) ? repeat({ is: 'month_days', days: of }) : undefined,
  ),
  map(seq(every, list(any(ordinal, digits(1, 2)), w('и|, и|,')), w('число|числа')), ([, of]) =>
    of.every((day) => day >= 1 && day <= 31) ? repeat({ is: 'month_days', days: of }) : undefined,
  ),
  map(
    seq(
      every,
      list(ordinalDigits, w('и|, и|,')),
      not(any<unknown>(unitWord, anyWeekday, w('будний|рабочий'))),
      opt(month),
    ),
    ([, of]) =>
      of.every((day) => day >= 1 && day <= 31) ? repeat({ is: 'month_days', days: of }) : undefined,
  ),
);

const adverbs: Reader<Piece[]> = any<Piece[]>(
  map(w('ежеминутно'), () => interval(seconds(60))),
  map(w('ежечасно'), () => interval(seconds(3600))),
  map(w('ежедневно|ежедневный|ежедневная|изо дня в день'), () => interval(days(1))),
  map(w('еженедельно'), () => interval(days(7))),
  map(w('ежемесячно'), () => interval(months(1))),
  map(w('ежеквартально'), () => interval(months(3))),
  map(w('ежегодно'), () => interval(months(12))),
);

/** В начале каждого часа, каждый час в 30 минут. */
const ofEveryHour: Reader<Piece[]> = any<Piece[]>(
  map(w('в начале каждого часа|каждый час ровно|ровно каждый час'), () =>
    repeat({ is: 'minute', minute: 0 }),
  ),
  map(seq(w('каждый час'), w('в'), digits(1, 2), w('минут|минуты')), ([, , minute]) =>
    minute < 60 ? repeat({ is: 'minute', minute }) : undefined,
  ),
);

type Per = 'hour' | 'day' | 'week' | 'month' | 'year';
const per = any<Per>(
  map(w('в час'), () => 'hour'),
  map(w('в день|за день|в сутки|каждый день|ежедневно'), () => 'day'),
  map(w('в неделю|за неделю|каждую неделю|еженедельно'), () => 'week'),
  map(w('в месяц|за месяц|каждый месяц|ежемесячно'), () => 'month'),
  map(w('в год|каждый год'), () => 'year'),
);
const howOften = any<number>(
  map(w('дважды'), () => 2),
  map(w('трижды'), () => 3),
  map(seq(integer, w('раз|раза|р')), ([count]) => count),
);
const times: Reader<Piece[]> = any<Piece[]>(
  map(seq(opt(w('один|1')), w('раз'), w('в'), duration), ([, , , value]) => interval(value)),
  map(seq(opt(w('один|1')), w('раз'), every, duration), ([, , , value]) => interval(value)),
  map(seq(opt(w('по')), howOften, per), ([, count, of]) => repeat({ is: 'times', count, per: of })),
);

const stepped: Reader<Piece[]> = any<Piece[]>(
  map(seq(every, ordinal, unitWord), ([, step, unit]) => {
    const value = timesUnit(step, unit);
    return value === undefined ? undefined : interval(value);
  }),
  map(seq(every, ordinal, anyWeekday, not(month)), ([, step, day]) =>
    step >= 2 && step <= 5 ? repeat({ is: 'weekdays', weekdays: [day], step, mayBeNth: true }) : undefined,
  ),
);
const partOf = any<DayPart>(
  map(w('утро|утром'), () => 'morning'),
  map(w('вечер|вечером'), () => 'evening'),
  map(w('ночь|ночью'), () => 'night'),
);
const plain: Reader<Piece[]> = any<Piece[]>(
  map(seq(every, set, opt(partOf)), ([, weekdays, part]): Piece[] => [
    { kind: 'repeat', repeat: { is: 'weekdays', weekdays } },
    ...(part === undefined ? [] : [{ kind: 'part' as const, part }]),
  ]),
  map(seq(every, w('будний|рабочий'), partOf), ([, , part]): Piece[] => [
    { kind: 'repeat', repeat: { is: 'weekdays', weekdays: workdays } },
    { kind: 'part', part },
  ]),
  map(seq(every, duration), ([, value]) => interval(value)),
  map(seq(w('через'), every, counted), ([, , value]) => interval(value)),
  map(seq(every, partOf), ([, part]) => repeat({ is: 'part', part })),
  map(seq(every, monthDay), ([, day]) =>
    day.is === 'date' && day.year === undefined
      ? repeat({ is: 'date', month: day.month, day: day.day })
      : undefined,
  ),
  map(seq(monthDay, w('каждого года|каждый год|ежегодно')), ([day]) =>
    day.is === 'date' && day.year === undefined
      ? repeat({ is: 'date', month: day.month, day: day.day })
      : undefined,
  ),
);
const except: Reader<Piece[]> = map(
  seq(
    w('кроме|за исключением|исключая|но не по|но не в'),
    list(
      any<number[]>(
        plural,
        map(w('выходных|выходного'), () => weekendDays),
        map(w('будней|будних дней|рабочих дней'), () => workdays),
        map(w('сред'), () => [3]),
        map(w('понедельников'), () => [1]),
        map(w('вторников'), () => [2]),
        map(w('четвергов'), () => [4]),
        map(w('пятниц'), () => [5]),
        map(w('суббот'), () => [6]),
        map(w('воскресений'), () => [0]),
        map(anyWeekday, (day) => [day]),
      ),
      w(', и|,|и'),
    ),
  ),
  ([, groups]) => repeat({ is: 'except', weekdays: [...new Set(groups.flat())] }),
);

export const repeatPieces: Reader<Piece[]>[] = [
  nthOfMonth,
  monthDays,
  ofEveryHour,
  adverbs,
  times,
  stepped,
  by,
  plain,
  except,
];
