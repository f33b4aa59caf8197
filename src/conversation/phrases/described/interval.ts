// Intervals and one-offs: every 2 weeks on Monday at 09:00, counted from 2026-01-05.

import { weekdayOf } from '../calendar.ts';
import { english } from './english.ts';
import { date, foldOffset, type SaidInstant, saidInstant, time } from './instants.ts';
import { any, map, opt, pattern, type Reader, seq, words } from './reader.ts';
import { russian, units as russianUnits } from './russian.ts';
import type { Unit } from './vocabulary.ts';

export type Counted = { is: 'every'; every: string; anchor?: SaidInstant } | { is: 'once'; at: SaidInstant };

const small: readonly Unit[] = ['hour', 'minute', 'second'];
const large: readonly Unit[] = ['year', 'month', 'week', 'day'];

interface Wording {
  unit(unit: Unit): string;
  every: string;
  everyOne(unit: Unit): string;
  and: string;
  /** Which day of the week it is, which is that of what is counted from. */
  weekday: Reader<number>;
  /** Which day of the month or year. */
  day: string;
  at: string;
  from: string;
  creation: string;
  once: Reader<unknown>;
}

const englishWording: Wording = {
  unit: (unit) => `${unit}s?`,
  every: 'every ',
  everyOne: (unit) => `every ${unit}`,
  and: ' and ',
  weekday: map(seq(words(' on '), english.weekday), ([, day]) => day),
  day: '(?: on (?:the )?\\d[A-Za-z0-9 ]*?(?: \\([^)]*\\))?)?',
  at: ' at ',
  from: ', counted from ',
  creation: ', counted from its creation',
  once: words('once, on '),
};
const russianWording: Wording = {
  unit: (unit) => russianUnits[unit],
  every: 'каждые ',
  everyOne: (unit) => `кажд(?:ую|ый) ${russianUnits[unit]}`,
  and: ' и ',
  weekday: map(seq(pattern(' во? '), russian.weekday), ([, day]) => day),
  day: '(?: \\d+-го числа(?: \\([^)]*\\))?| \\d+ [а-яё]+(?: \\([^)]*\\))?)?',
  at: ' в ',
  from: ', считая с ',
  creation: ', считая с момента создания',
  once: words('один раз, '),
};

/** 15 minutes; 25 hours 30.5 seconds; 2 months and 3 days. */
function spanOf(wording: Wording, units: readonly Unit[], link: string): Reader<string> {
  const amounts = units.map((unit) => `(?:(\\d+(?:[.,]\\d+)?) ${wording.unit(unit)}(?![a-zа-яё]))?`);
  const several = map(pattern(`${wording.every}${amounts.join(`(?:${link})?`)}`), ([, ...found]) => {
    const parts = found.flatMap((amount, index) =>
      amount === undefined ? [] : [`${amount.replace(',', '.')} ${units[index]}`],
    );
    return parts.length === 0 ? undefined : parts.join(' ');
  });
  return any(
    ...units.map((unit) => map(pattern(`${wording.everyOne(unit)}(?![a-zа-яё])`), () => `1 ${unit}`)),
    several,
  );
}

function everyReader(wording: Wording): Reader<Counted> {
  const from = any<SaidInstant | undefined>(
    map(seq(words(wording.from), saidInstant), ([, instant]) => instant),
    map(words(wording.creation), () => undefined),
  );
  const fromDay = any<SaidInstant | undefined>(
    map(seq(words(wording.from), date), ([, day]) => ({ date: day })),
    from,
  );
  const counted = (every: string, anchor: SaidInstant | undefined): Counted => ({
    ...{ is: 'every', every },
    ...(anchor && { anchor }),
  });
  return any<Counted>(
    map(seq(spanOf(wording, small, ' '), from), ([every, anchor]) => counted(every, anchor)),
    map(
      seq(
        spanOf(wording, large, wording.and),
        opt(wording.weekday),
        opt(seq(pattern(`${wording.day}${wording.at}`), time)),
        fromDay,
      ),
      ([every, weekday, clock, anchor]) => {
        // At another time than that, or on another day, it is a recurrence rule.
        if (anchor?.time !== undefined && clock !== undefined && anchor.time !== clock[1]) return undefined;
        if (weekday !== undefined && anchor !== undefined && weekdayOf(anchor.date) !== weekday)
          return undefined;
        const at = anchor?.time ?? clock?.[1];
        return counted(every, anchor && at !== undefined ? { ...anchor, time: at } : anchor);
      },
    ),
  );
}

const two = (number: number): string => String(number).padStart(2, '0');

function onceReader(wording: Wording): Reader<Counted> {
  const isEnglish = wording === englishWording;
  const { weekday, month } = isEnglish ? english : russian;
  const before = isEnglish ? words('') : pattern('во? ');
  return map(
    seq(
      ...([wording.once, before, weekday, pattern(' (\\d+) '), month] as const),
      ...([pattern(isEnglish ? ' (\\d{4,}) at ' : ' (\\d{4,}) года в '), time, foldOffset] as const),
    ),
    ([, , , [, day], named, [, year], clock, offset]) => ({
      is: 'once',
      at: {
        date: `${year}-${two(named)}-${two(Number(day))}`,
        time: clock,
        ...(offset !== undefined && { offset }),
      },
    }),
  );
}

export const englishCounted = any(onceReader(englishWording), everyReader(englishWording));
export const russianCounted = any(onceReader(russianWording), everyReader(russianWording));
