// Numbers and spans of time in Russian, in all their cases.
import {
  any,
  dictionary,
  digits,
  glued,
  list,
  map,
  not,
  opt,
  type Reader,
  seq,
  term,
  w,
} from '../grammar.ts';
import { type Duration, days, months, seconds, timesUnit, together } from '../piece.ts';

const cardinals: (readonly [string, number])[] = [
  ['ноль нуль', 0],
  ['один одна одно одну одного одной одному одним', 1],
  ['два две двух двум двумя двое', 2],
  ['три трех трем тремя трое', 3],
  ['четыре четырех четырем четырьмя', 4],
  ['пять пяти', 5],
  ['шесть шести', 6],
  ['семь семи', 7],
  ['восемь восьми', 8],
  ['девять девяти', 9],
  ['десять десяти', 10],
  ['одиннадцать одиннадцати', 11],
  ['двенадцать двенадцати', 12],
  ['тринадцать тринадцати', 13],
  ['четырнадцать четырнадцати', 14],
  ['пятнадцать пятнадцати', 15],
  ['шестнадцать шестнадцати', 16],
  ['семнадцать семнадцати', 17],
  ['восемнадцать восемнадцати', 18],
  ['девятнадцать девятнадцати', 19],
];
const tens: (readonly [string, number])[] = [
  ['двадцать двадцати', 20],
  ['тридцать тридцати', 30],
  ['сорок сорока', 40],
  ['пятьдесят пятидесяти', 50],
  ['шестьдесят шестидесяти', 60],
  ['девяносто девяноста', 90],
];
const few = term(dictionary(cardinals));
const many = term(dictionary(tens));

/** A whole number in words. */
export const numberWord: Reader<number> = any(
  map(seq(many, few), ([high, low]) => (low >= 1 && low <= 9 ? high + low : undefined)),
  many,
  few,
);
export const integer: Reader<number> = any(digits(1, 6), numberWord);

const hard = 'ый ой ая ое ого ому ым ую ые ых ом ой'.split(' ');
const stems =
  'перв втор _ четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат шестнадцат семнадцат восемнадцат девятнадцат двадцат'.split(
    ' ',
  );
const ordinalForms: [string, number][] = stems.flatMap((stem, index): [string, number][] =>
  stem === '_'
    ? 'третий третья третье третьего третьему третьим третью третьей третьи третьих'
        .split(' ')
        .map((form) => [form, 3])
    : hard.map((ending) => [stem + ending, index + 1]),
);
const ordinalTens = term(
  dictionary(['тридцат'].flatMap((stem) => hard.map((ending): [string, number] => [stem + ending, 30]))),
);
const ordinalFew = term(dictionary(ordinalForms));

export const ordinalWord: Reader<number> = any(
  map(seq(many, ordinalFew), ([high, low]) => (low <= 9 && high <= 30 ? high + low : undefined)),
  ordinalTens,
  ordinalFew,
);
/** 15-го, 15го, 2-й. */
export const ordinalDigits: Reader<number> = map(
  seq(digits(1, 2), opt(glued(w('-|‑|–'))), glued(w('го|е|ое|й|ый|ой|му|ого|я|ю|ую|ья|ье'))),
  ([value]) => value,
);
export const ordinal: Reader<number> = any(ordinalDigits, ordinalWord);

/** The hour that is under way, as in "half of the ninth": полдевятого. */
export const hourUnderWay: Reader<number> = term(
  dictionary(
    stems
      .slice(0, 12)
      .map((stem, index): [string, number] => [stem === '_' ? 'третьего' : `${stem}ого`, index + 1]),
  ),
);

const timeUnits: (readonly [string, Duration])[] = [
  ['сек секунда секунду секунды секунд секундах', seconds(1)],
  ['мин минута минуту минуты минут минутку минуток', seconds(60)],
  ['час часа часов часу часик часика', seconds(3600)],
  ['день дня дней дню дн денек сутки суток', days(1)],
  ['неделя неделю недели недель неделе нед недельку', days(7)],
  ['месяц месяца месяцев месяцы мес', months(1)],
  ['квартал квартала кварталов', months(3)],
  ['год года лет годы', months(12)],
];
export const unitWord: Reader<Duration> = map(
  seq(
    term(dictionary(timeUnits)),
    opt((source, at) => shortDot(source, at)),
  ),
  ([value]) => value,
);
const shortDot: Reader<string> = (source, at) =>
  /^(мин|сек|дн|нед|мес)$/.test(source.tokens[at - 1]?.word ?? '') ? glued(w('.'))(source, at) : undefined;
const letter = term(
  dictionary([
    ['с', seconds(1)],
    ['м', seconds(60)],
    ['ч', seconds(3600)],
    ['д', days(1)],
  ]),
);
const decimal = map(seq(digits(1, 5), glued(w('.|,')), glued(digits(1, 3))), ([whole, , part]) =>
  Number(`${whole}.${part}`),
);

const dash = opt(w('-'));
const halves: Reader<Duration> = any(
  map(any<unknown>(w('полчаса|получаса|полчасика'), seq(w('пол'), dash, w('часа'))), () => seconds(1800)),
  map(any<unknown>(w('полминуты'), seq(w('пол'), dash, w('минуты'))), () => seconds(30)),
  map(any<unknown>(w('полгода|полугода'), seq(w('пол'), dash, w('года'))), () => months(6)),
  map(w('полмесяца'), () => days(15)),
  map(w('четверть часа'), () => seconds(900)),
  map(w('три четверти часа'), () => seconds(2700)),
);
const aHalf = w('с половиной');
const oneAndAHalf = w('полтора|полторы|полутора');

const simple: Reader<Duration> = any(
  halves,
  map(seq(oneAndAHalf, unitWord), ([, each]) => timesUnit(1.5, each)),
  map(seq(any(decimal, integer), aHalf, unitWord), ([amount, , each]) => timesUnit(amount + 0.5, each)),
  map(seq(w('пару|пара|пары'), unitWord), ([, each]) => timesUnit(2, each)),
  map(seq(any(decimal, digits(1, 6)), any(unitWord, letter), opt(aHalf)), ([amount, each, more]) =>
    timesUnit(amount + (more === undefined ? 0 : 0.5), each),
  ),
  map(seq(numberWord, unitWord, opt(aHalf)), ([amount, each, more]) =>
    timesUnit(amount + (more === undefined ? 0 : 0.5), each),
  ),
);
const bare: Reader<Duration> = map(seq(unitWord, opt(aHalf)), ([each, more]) =>
  timesUnit(more === undefined ? 1 : 1.5, each),
);
/** Минут десять: about so many. */
const turned: Reader<Duration> = map(
  seq(w('минут|часов|часа|дней|дня|недели|недель'), integer, not(unitWord)),
  ([unit, amount]) =>
    timesUnit(
      amount,
      unit.startsWith('м')
        ? seconds(60)
        : unit.startsWith('ч')
          ? seconds(3600)
          : unit.startsWith('д')
            ? days(1)
            : days(7),
    ),
);
const and = opt(w(', и|,|и'));

/** How long, with a number: 2 часа 30 минут, полтора часа. */
export const counted: Reader<Duration> = map(
  seq(any(simple), opt(seq(and, list(simple, and)))),
  ([first, more]) => together([first, ...(more?.[1] ?? [])]),
);
/** The same, or one of a unit: час, неделю, час и двадцать минут. */
export const duration: Reader<Duration> = any(
  turned,
  counted,
  map(seq(bare, opt(seq(and, list(simple, and)))), ([first, more]) =>
    together([first, ...(more?.[1] ?? [])]),
  ),
);
