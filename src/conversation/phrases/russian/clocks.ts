// Times of day in Russian.
import {
  any,
  dictionary,
  digits,
  glued,
  type Match,
  map,
  not,
  opt,
  type Reader,
  seq,
  term,
  w,
} from '../grammar.ts';
import { clockOf, colonTime, dotTime, hourOnly, isLaterHour, looseTime, openHalf } from '../numeric.ts';
import type { Clock, DayPart, Piece } from '../piece.ts';
import { hourUnderWay, integer, numberWord } from './numbers.ts';

const half = w('утра|дня|вечера|ночи');

/** An hour in the part of the day that was said of it. */
function inPart(clock: Clock, part: string | undefined): Clock | undefined {
  if (part === undefined) return clock;
  const { hour, minute, second } = clock;
  if (hour > 12) return clock;
  const isLater = part === 'дня' || part === 'вечера' || (part === 'ночи' && hour >= 9 && hour < 12);
  const real = hour === 12 ? (part === 'дня' ? 12 : 0) : hour === 0 ? 0 : hour + (isLater ? 12 : 0);
  const made = clockOf(real, minute, second);
  return made !== undefined && real === 0 && minute === 0 && hour === 12
    ? { ...made, isMidnight: true }
    : made;
}

const withPart = (clock: Reader<Clock>): Reader<Clock> =>
  map(seq(clock, opt(half)), ([value, part]) => inPart(value, part));

const hourWord = w('час|часа|часов|часам|ч');
const minuteWord = w('минут|минуты|минута|минуту|мин|м');

/** 9 часов 30 минут, 9 ч 30, два часа. */
const inWords: Reader<Clock> = map(
  seq(
    integer,
    hourWord,
    opt(glued(w('.'))),
    opt(
      any(
        map(seq(integer, opt(minuteWord)), ([value]) => value),
        map(w('ровно'), () => 0),
      ),
    ),
  ),
  ([hour, , , minute]) => clockOf(hour, minute ?? 0, 0, openHalf(hour, minute !== undefined, false)),
);
/** Час means one o'clock. */
const oneHour: Reader<Clock> = map(
  seq(
    w('час'),
    opt(
      any(
        map(seq(integer, minuteWord), ([value]) => value),
        map(numberWord, (value) => (value >= 10 ? value : undefined)),
      ),
    ),
  ),
  ([, minute]) => clockOf(1, minute ?? 0, 0, 'asked'),
);

const midnight: Clock = { hour: 0, minute: 0, second: 0, half: 'said', isMidnight: true };
const named: Reader<Clock> = term(
  dictionary<Clock>([
    ['полдень полдня полудню', { hour: 12, minute: 0, second: 0, half: 'said' }],
    ['полночь полночи полуночи', midnight],
  ]),
);

const pastHour = (next: number, minute: number): Clock | undefined =>
  next >= 1 && next <= 12 ? clockOf(next === 1 ? 12 : next - 1, minute, 0, 'asked') : undefined;

/** Полдевятого, as one word. */
const glueHalf: Reader<number> = ({ tokens }, at) => {
  const word = tokens[at]?.word ?? '';
  if (!word.startsWith('пол') || word.length < 8) return undefined;
  const rest = hourUnderWay(
    {
      tokens: [
        { kind: 'word', word: word.slice(3), text: '', start: 0, end: 0, glued: false, isSlip: false },
      ],
      language: 'ru',
      repeats: false,
    },
    0,
  );
  return rest === undefined ? undefined : { value: rest.value, end: at + 1 };
};
const nextHour = any(
  hourUnderWay,
  map(seq(digits(1, 2), opt(w('-')), w('го')), ([value]) => value),
);
/** Половина десятого, без четверти пять, десять минут шестого. */
const spoken: Reader<Clock> = any<Clock>(
  map(glueHalf, (next) => pastHour(next, 30)),
  map(seq(w('пол|половина|половине|половину'), opt(w('-')), nextHour), ([, , next]) => pastHour(next, 30)),
  map(seq(w('четверть|четверти'), nextHour), ([, next]) => pastHour(next, 15)),
  map(seq(integer, w('минут|минуты|минута|минуту'), hourUnderWay), ([minute, , next]) =>
    minute < 60 ? pastHour(next, minute) : undefined,
  ),
  map(
    seq(
      w('без'),
      any(
        map(w('четверти'), () => 15),
        map(seq(integer, opt(w('минут|минуты|мин'))), ([value]) => value),
      ),
      any(
        map(w('час'), () => 1),
        integer,
      ),
      opt(w('часов|часа')),
    ),
    ([, minutes, hour]) => {
      if (minutes < 1 || minutes > 30 || hour < 1 || hour > 24) return undefined;
      const before = (hour + 23) % 24 === 0 && hour === 1 ? 12 : hour - 1;
      return clockOf(before, 60 - minutes, 0, hour > 12 ? 'said' : 'asked');
    },
  ),
);

const shownTime: Reader<Clock> = map(colonTime, ({ hour, minute, second, isTwoDigits }) =>
  clockOf(hour, minute, second, openHalf(hour, true, isTwoDigits)),
);
const dotted: Reader<Clock> = map(dotTime, ({ hour, minute, second, isTwoDigits }) =>
  clockOf(hour, minute, second, openHalf(hour, true, isTwoDigits)),
);
const bareHour: Reader<Clock> = map(hourOnly, ({ hour, isTwoDigits }) =>
  clockOf(hour, 0, 0, openHalf(hour, false, isTwoDigits)),
);
const bareWord: Reader<Clock> = map(
  seq(numberWord, opt(map(seq(numberWord, opt(minuteWord)), ([value]) => value))),
  ([hour, minute]) =>
    minute !== undefined && minute < 10
      ? undefined
      : clockOf(hour, minute ?? 0, 0, openHalf(hour, minute !== undefined, false)),
);
const bareWordAlone: Reader<Clock> = map(numberWord, (hour) =>
  clockOf(hour, 0, 0, openHalf(hour, false, false)),
);

/** Nothing else looks like that. */
const plain: Reader<Clock> = any(
  withPart(shownTime),
  withPart(spoken),
  map(seq(any(dotted, inWords, bareHour, oneHour, bareWord, bareWordAlone), half), ([clock, part]) =>
    inPart(clock, part),
  ),
);
const untold = w(
  'минут|минуты|минуту|минутах|минутку|мин|секунд|секунды|дня|дней|день|недель|недели|неделю|месяц|месяца|месяцев|раз|раза|человек|руб|рублей|процентов|%|лет|года|год|штук|шт|км|кг|число|числа|числах|этаж|этаже|классе|класс|шагах|метрах|часах|днях|местах|томах|частях',
);
/** What only is a time where в or the like says so. */
const told: Reader<Clock> = any(
  plain,
  named,
  withPart(inWords),
  withPart(dotted),
  withPart(
    map(looseTime, ({ hour, minute, isTwoDigits }) =>
      clockOf(hour, minute, 0, openHalf(hour, true, isTwoDigits)),
    ),
  ),
  map(seq(bareHour, not(untold)), ([clock]) => clock),
  map(seq(oneHour, not(w('пик|икс'))), ([clock]) => clock),
  map(seq(bareWord, not(untold)), ([clock]) => clock),
  map(seq(bareWordAlone, not(untold)), ([clock]) => clock),
);

const preposition = w(
  'в|к|на|около|ко|до|с|после|ровно в|примерно в|где - то в|часов в|часиков в|не позднее|не позже',
);
const sure = w('в|к|ко|ровно в|примерно в|часов в|часиков в|около');
const more = seq(w(', и|,|и|или|/'), opt(w('в|к|около')));

const clocks =
  (first: Reader<Clock>): Reader<Clock[]> =>
  (source, at) => {
    const one = first(source, at);
    if (one === undefined) return undefined;
    const values = [one.value];
    let { end } = one;
    for (;;) {
      const gap = more(source, end);
      if (gap === undefined) break;
      const isTold =
        source.tokens[gap.end - 1]?.word === 'в' || source.repeats || isLaterHour(source, gap.end, values);
      const next: Match<Clock> | undefined = (isTold ? told : any(plain, named))(source, gap.end);
      if (next === undefined) break;
      values.push(next.value);
      end = next.end;
    }
    return { value: values, end };
  };
const piece = (value: Clock[]): Piece[] => [{ kind: 'clock', clocks: value }];

/** What has the look of a time, and is none. */
const impossible: Reader<Piece[]> = map(
  seq(sure, any(colonTime)),
  ([, { hour, minute, second }]): Piece[] | undefined =>
    clockOf(hour, minute, second) === undefined ? [{ kind: 'impossible', what: 'clock' }] : undefined,
);

export const partWord: Reader<DayPart> = term(
  dictionary<DayPart>([
    ['утром утречком утро утра', 'morning'],
    ['днем', 'afternoon'],
    ['вечером вечерком вечер вечера', 'evening'],
    ['ночью ночь', 'night'],
  ]),
);
const adverb: Reader<DayPart> = term(
  dictionary<DayPart>([
    ['утром утречком', 'morning'],
    ['днем', 'afternoon'],
    ['вечером вечерком', 'evening'],
    ['ночью', 'night'],
  ]),
);
export const partAdverb = adverb;
const parts: Reader<Piece[]> = any<Piece[]>(
  map(seq(opt(w('рано|поздно|с|под')), adverb), ([, part]): Piece[] => [{ kind: 'part', part }]),
  map(w('с утра|с утра пораньше|к утру|под утро'), (): Piece[] => [{ kind: 'part', part: 'morning' }]),
  map(w('после обеда|в обед|к обеду'), (): Piece[] => [{ kind: 'part', part: 'afternoon' }]),
  map(w('под вечер|к вечеру|ближе к вечеру'), (): Piece[] => [{ kind: 'part', part: 'evening' }]),
);

/** С 9 до 18, между девятью и шестью. */
const instrumental: Reader<Clock> = map(
  term(
    dictionary([
      ['девятью', 9],
      ['десятью', 10],
      ['восемью', 8],
      ['семью', 7],
      ['шестью', 6],
      ['пятью', 5],
    ]),
  ),
  (hour) => clockOf(hour, 0, 0, 'asked'),
);
const bound = any(told, instrumental);
const window: Reader<Piece[]> = map(
  any(
    seq(w('с|от|начиная с|со'), bound, w('до|по|-|–'), bound),
    seq(w('между'), bound, w('и'), bound),
    seq(w('в промежутке с|в период с|в промежутке от'), bound, w('до|по'), bound),
    seq(opt(w('в')), any(shownTime), w('-|–|—'), any(shownTime, bareHour)),
  ),
  ([, from, , to]): Piece[] => [{ kind: 'window', from, to }],
);

export const bareClock: Reader<Piece[]> = map(seq(bareHour, not(untold)), ([clock]): Piece[] => [
  { kind: 'clock', clocks: [clock], isBare: true },
]);
export const clockPieces: Reader<Piece[]>[] = [
  window,
  map(seq(sure, clocks(told)), ([, value]) => piece(value)),
  map(seq(opt(preposition), clocks(any(plain, named))), ([, value]) => piece(value)),
  impossible,
  parts,
];
export { told as clock };
