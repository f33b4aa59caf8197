// The words of Russian descriptions. Of most the beginning says all: their case is of the sentence, and has no meaning of its own.
import { any, map, pattern, type Reader, seq, words } from './reader.ts';
import { stem, type Unit, type Vocabulary } from './vocabulary.ts';

const weekdays = ['воскресен', 'понедельник', 'вторник', 'сред', 'четверг', 'пятниц', 'суббот'];
const months = [
  ...['январ', 'феврал', 'март', 'апрел', 'ма(?=[йяею])', 'июн', 'июл', 'август'],
  ...['сентябр', 'октябр', 'ноябр', 'декабр'],
];
const ordinals = ['предпоследн', 'последн', '—', 'перв', 'втор', 'трет', 'четвёрт', 'пят'];
export const units: Readonly<Record<Unit, string>> = {
  second: 'секунд[уы]?',
  minute: 'минут[уы]?',
  hour: 'час(?:а|ов)?',
  day: '(?:день|дня|дней)',
  week: 'недел[юиь]',
  month: 'месяц(?:а|ев)?',
  year: '(?:год|года|лет)',
};
const end = '(?![а-яё])';

/** 1-го, 15-е, 15-му. */
export const dayNumber: Reader<number> = map(pattern(`(\\d+)-(?:го|е|му|й|ю|я)${end}`), ([, digits]) =>
  Number(digits),
);

/** May is too short a word to be known by its beginning. */
const month: Reader<number> = map(
  pattern(`(январ|феврал|март|апрел|ма|июн|июл|август|сентябр|октябр|ноябр|декабр)[а-яё]*`),
  ([, found = '']) =>
    months.findIndex((each) => each.startsWith(found) && (found === 'ма') === each.startsWith('ма(')) + 1,
);

export const russian: Vocabulary = {
  and: ' и ',
  or: ' или ',
  at: words('в '),
  from: words('с '),
  to: words(' до '),
  of: words(' '),
  within: words(' в течение '),
  whenever: words('каждый раз, когда часы показывают '),
  andAt: words(' и в '),
  every: (unit) =>
    any(
      map(pattern(`кажд(?:ую|ый) ${units[unit]}${end}`), () => 1),
      map(pattern(`каждые (\\d+) ${units[unit]}${end}`), ([, digits]) => Number(digits)),
    ),
  atNumbers: (unit, numbers) =>
    unit === 'minute'
      ? map(seq(words('в '), numbers, pattern(` минут[уы]?${end}`)), ([, values]) => values)
      : map(seq(pattern('на секунд(?:ах|е) '), numbers), ([, values]) => values),
  ofMinutes: (numbers) => map(seq(pattern('минуты? '), numbers), ([, values]) => values),
  ofEveryMinute: words('каждой минуты'),
  fromNumber: (unit) =>
    map(
      pattern(
        unit === 'minute' ? ' с минуты (\\d+) по минуту (\\d+)' : ' с секунды (\\d+) по секунду (\\d+)',
      ),
      ([, low, high]) => [Number(low), Number(high)],
    ),
  ofEveryHour: words('каждого часа'),
  ofHoursThatBegin: pattern('час(?:а, начинающегося|ов, начинающихся) в '),
  once: words(', каждое время суток один раз'),
  weekday: stem(weekdays),
  month,
  ordinal: any(
    map(pattern('(\\d+)-(?:й|е|ю|я) с конца'), ([, digits]) => -Number(digits)),
    map(pattern(`(${ordinals.filter((each) => each !== '—').join('|')})[а-яё]+`), ([, found = '']) => {
      const index = ordinals.indexOf(found) - 2;
      return index === 0 ? undefined : index;
    }),
    dayNumber,
  ),
};
