// Days of the week and of the year by their names, in English.
import { any, dictionary, digits, glued, map, not, opt, type Reader, seq, term, w } from '../grammar.ts';
import type { Day } from '../piece.ts';
import { ordinal } from './numbers.ts';

export const weekday: Reader<number> = term(
  dictionary([
    ['sunday', 0],
    ['monday', 1],
    ['tuesday', 2],
    ['wednesday', 3],
    ['thursday', 4],
    ['friday', 5],
    ['saturday', 6],
  ]),
);
/** Short forms, most of which are words of their own too. */
export const shortWeekday: Reader<number> = map(
  seq(
    term(
      dictionary([
        ['sun', 0],
        ['mon', 1],
        ['tue tues', 2],
        ['wed weds', 3],
        ['thu thur thurs', 4],
        ['fri', 5],
        ['sat', 6],
      ]),
    ),
    opt(glued(w('.'))),
  ),
  ([value]) => value,
);
export const anyWeekday: Reader<number> = any(weekday, shortWeekday);

export const monthNames: (readonly [string, number])[] = [
  ['january jan', 1],
  ['february feb', 2],
  ['march mar', 3],
  ['april apr', 4],
  ['may', 5],
  ['june jun', 6],
  ['july jul', 7],
  ['august aug', 8],
  ['september sep sept', 9],
  ['october oct', 10],
  ['november nov', 11],
  ['december dec', 12],
];
export const month: Reader<number> = map(
  seq(term(dictionary(monthNames)), opt(glued(w('.')))),
  ([value]) => value,
);

export const year = map(seq(opt(w(',|of|in')), digits(4, 4), not(glued(w(':')))), ([, value]) =>
  value >= 1900 && value <= 2200 ? value : undefined,
);
export const dated = (month: number, day: number, year?: number): Day =>
  year === undefined ? { is: 'date', month, day } : { is: 'date', year, month, day };

const dayNumber = any(
  ordinal,
  map(seq(digits(1, 2), not(glued(any<unknown>(w(':|.|/'), w('am|pm|h'))))), ([value]) => value),
);
/** June 1, the 1st of June, 1 June 2025. */
export const monthDay: Reader<Day> = any<Day>(
  map(seq(digits(1, 2), w('-|/|.'), month, w('-|/|.'), digits(4, 4)), ([day, , of, , in_]) =>
    dated(of, day, in_),
  ),
  map(seq(month, w('-|/|.'), digits(1, 2), w('-|/|.'), digits(4, 4)), ([of, , day, , in_]) =>
    dated(of, day, in_),
  ),
  map(seq(digits(4, 4), opt(w('-|/|.')), month, opt(w('-|/|.')), digits(1, 2)), ([in_, , of, , day]) =>
    in_ >= 1900 && in_ <= 2200 ? dated(of, day, in_) : undefined,
  ),
  map(
    seq(month, opt(w('the')), dayNumber, not(seq(opt(w(':')), w('am|pm'))), opt(year)),
    ([of, , day, , in_]) => dated(of, day, in_),
  ),
  map(
    seq(opt(w('the')), any(ordinal, digits(1, 2)), opt(w('of|day of|-')), month, opt(year)),
    ([, day, , of, in_]) => dated(of, day, in_),
  ),
);
