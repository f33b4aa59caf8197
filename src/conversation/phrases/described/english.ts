// The words of English descriptions.
import { any, map, pattern, type Reader, seq, words } from './reader.ts';
import { number, type Vocabulary } from './vocabulary.ts';

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth'];

const name = (names: readonly string[], first: number): Reader<number> =>
  map(pattern(`(${names.join('|')})`), ([, found = '']) => names.indexOf(found) + first);

/** 1st, 22nd. */
export const dayNumber: Reader<number> = map(pattern('(\\d+)(?:st|nd|rd|th)'), ([, digits]) =>
  Number(digits),
);

const forward = any(name(ordinals, 1), dayNumber);

export const english: Vocabulary = {
  and: ' and ',
  or: ' or ',
  at: words('at '),
  from: words('from '),
  to: words(' to '),
  of: words(' of '),
  within: words(' in '),
  whenever: words('whenever clocks show '),
  andAt: words(' and at '),
  every: (unit) =>
    any(
      map(words(`every ${unit}`), () => 1),
      map(pattern(`every (\\d+) ${unit}s`), ([, digits]) => Number(digits)),
    ),
  atNumbers: (unit, numbers) => map(seq(pattern(`at ${unit}s? `), numbers), ([, values]) => values),
  ofMinutes: (numbers) => map(seq(pattern('minutes? '), numbers), ([, values]) => values),
  ofEveryMinute: words('every minute'),
  fromNumber: (unit) =>
    map(pattern(` from ${unit} (\\d+) to ${unit} (\\d+)`), ([, low, high]) => [Number(low), Number(high)]),
  ofEveryHour: words('every hour'),
  ofHoursThatBegin: pattern('the hours? that begins? at '),
  once: words(', each time of day once'),
  weekday: name(weekdays, 0),
  month: name(months, 1),
  ordinal: any(
    map(seq(forward, words(' to last')), ([back]) => -back),
    map(words('last'), () => -1),
    forward,
  ),
};

export const plainNumber = number;
