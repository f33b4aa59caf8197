// Days of the week and of the year by their names, in Russian.
import { any, dictionary, digits, glued, map, not, opt, type Reader, seq, term, w } from '../grammar.ts';
import type { Day } from '../piece.ts';
import { ordinal } from './numbers.ts';

const forms = (stem: string, endings: string) =>
  endings
    .split(' ')
    .map((ending) => stem + (ending === '_' ? '' : ending))
    .join(' ');
const singular: (readonly [string, number])[] = [
  [forms('понедельник', '_ а у ом е'), 1],
  [forms('вторник', '_ а у ом е'), 2],
  [forms('четверг', '_ а у ом е'), 4],
  [forms('пятниц', 'а ы е у ей'), 5],
  [forms('суббот', 'а ы е у ой'), 6],
  [forms('воскресень', 'е я ю ем'), 0],
];
/** Среда is Wednesday, and surroundings too. */
const wednesday: (readonly [string, number])[] = [['среда среду среды среде средой', 3]];
export const weekday: Reader<number> = term(dictionary([...singular, ...wednesday]));
export const sureWeekday: Reader<number> = term(dictionary(singular));
export const shortWeekday: Reader<number> = map(
  seq(
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
    opt(glued(w('.'))),
  ),
  ([value]) => value,
);
export const anyWeekday: Reader<number> = any(weekday, shortWeekday);

export const monthNames: (readonly [string, number])[] = [
  [`${forms('январ', 'я ь е ю')} янв`, 1],
  [`${forms('феврал', 'я ь е ю')} фев февр`, 2],
  [`${forms('март', 'а _ е у')} мар`, 3],
  [`${forms('апрел', 'я ь е ю')} апр`, 4],
  ['мая май мае маю', 5],
  [`${forms('июн', 'я ь е ю')}`, 6],
  [`${forms('июл', 'я ь е ю')}`, 7],
  [`${forms('август', 'а _ е у')} авг`, 8],
  [`${forms('сентябр', 'я ь е ю')} сен сент`, 9],
  [`${forms('октябр', 'я ь е ю')} окт`, 10],
  [`${forms('ноябр', 'я ь е ю')} ноя нояб`, 11],
  [`${forms('декабр', 'я ь е ю')} дек`, 12],
];
export const month: Reader<number> = map(
  seq(term(dictionary(monthNames)), opt(glued(w('.')))),
  ([value]) => value,
);
export const year = map(
  seq(opt(w(',')), digits(4, 4), not(glued(w(':'))), opt(seq(w('года|год|г'), opt(glued(w('.')))))),
  ([, value]) => (value >= 1900 && value <= 2200 ? value : undefined),
);
export const dated = (month: number, day: number, year?: number): Day =>
  year === undefined ? { is: 'date', month, day } : { is: 'date', year, month, day };

/** 1 июня, 1-го июня 2025 года, первого июня. */
export const monthDay: Reader<Day> = map(
  seq(any(ordinal, digits(1, 2)), opt(w('числа')), month, opt(year)),
  ([day, , of, in_]) => dated(of, day, in_),
);
