// Numbers and spans of time in English.
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

const small =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const ordinals =
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'.split(
    ' ',
  );
const dash = opt(w('-'));
const unit = term(dictionary(small.map((word, value) => [word, value])));
const ten = term(dictionary(tens.map((word, index) => [word, (index + 2) * 10])));

/** A whole number in words. */
export const numberWord: Reader<number> = any(
  map(seq(ten, dash, unit), ([many, , few]) => (few >= 1 && few <= 9 ? many + few : undefined)),
  ten,
  unit,
);
export const integer: Reader<number> = any(digits(1, 6), numberWord);

const decimal = map(seq(digits(1, 5), glued(w('.|,')), glued(digits(1, 3))), ([whole, , part]) =>
  Number(`${whole}.${part}`),
);

const ordinalWord = any(
  map(seq(ten, dash, term(dictionary(ordinals.map((word, index) => [word, index + 1])))), ([many, , few]) =>
    few <= 9 ? many + few : undefined,
  ),
  term(
    dictionary([
      ...ordinals.map((word, index): [string, number] => [word, index + 1]),
      ['twentieth', 20],
      ['thirtieth', 30],
    ]),
  ),
);
/** 15th: the letters have to be there. */
export const ordinalDigits: Reader<number> = map(
  seq(
    digits(1, 2),
    any(
      glued(w('st|nd|rd|th')),
      map(seq(glued(w("'|’")), glued(w('th|st|nd|rd'))), () => ''),
    ),
  ),
  ([value]) => value,
);
export const ordinal: Reader<number> = any(ordinalDigits, ordinalWord);

const timeUnits: (readonly [string, Duration])[] = [
  ['sec secs second seconds', seconds(1)],
  ['min mins minute minutes', seconds(60)],
  ['hr hrs hour hours', seconds(3600)],
  ['day days', days(1)],
  ['wk wks week weeks', days(7)],
  ['fortnight fortnights', days(14)],
  ['month months', months(1)],
  ['quarter quarters', months(3)],
  ['year years yr yrs', months(12)],
];
export const unitWord: Reader<Duration> = term(dictionary(timeUnits));
const letter = term(
  dictionary([
    ['s', seconds(1)],
    ['m', seconds(60)],
    ['h', seconds(3600)],
    ['d', days(1)],
    ['w', days(7)],
  ]),
);

const half = map(seq(w('half'), opt(w('a|an|of an')), unitWord), ([, , each]) => timesUnit(0.5, each));
const quarter = map(
  any(
    seq(opt(w('a|one')), w('quarter of an|quarter of a|quarter-|quarter'), w('hour')),
    seq(w('three|3'), w('quarters of an'), w('hour')),
  ),
  ([first]) => seconds(first === 'three' || first === '3' ? 2700 : 900),
);
const aHalf = w('and a half|and half');
const simple: Reader<Duration> = any(
  quarter,
  map(seq(opt(w('a')), half), ([, value]) => value),
  map(seq(any(decimal, integer), aHalf, unitWord), ([amount, , each]) => timesUnit(amount + 0.5, each)),
  map(seq(w('a couple of|couple of|a couple|couple'), unitWord), ([, each]) => timesUnit(2, each)),
  map(
    seq(any(decimal, digits(1, 6)), opt(w('-')), any(unitWord, letter), opt(aHalf)),
    ([amount, , each, more]) => timesUnit(amount + (more === undefined ? 0 : 0.5), each),
  ),
  map(
    seq(
      any(
        numberWord,
        map(w('a|an'), () => 1),
      ),
      unitWord,
      opt(aHalf),
    ),
    ([amount, each, more]) => timesUnit(amount + (more === undefined ? 0 : 0.5), each),
  ),
);
/** 1h30. */
const hourAndMinutes = map(
  seq(digits(1, 2), glued(w('h')), glued(digits(2, 2)), not(glued(w('m|min')))),
  ([hours, , minutes]) => seconds(hours * 3600 + minutes * 60),
);

/** How long: two hours and a half, 1.5 hours, 2h30m. */
export const duration: Reader<Duration> = any(
  hourAndMinutes,
  map(list(simple, opt(w(', and|,|and'))), together),
);
