// Times and dates in digits, the same in both languages.
import {
  any,
  digits,
  glued,
  type Match,
  map,
  not,
  opt,
  type Reader,
  type Source,
  seq,
  w,
} from './grammar.ts';
import type { Clock, Day, Piece } from './piece.ts';

/** A time of day; undefined where no clock shows it. 24:00 is the midnight that ends a day. */
export function clockOf(
  hour: number,
  minute = 0,
  second = 0,
  half: Clock['half'] = 'said',
): Clock | undefined {
  if (hour === 24 && minute === 0 && second === 0)
    return { hour: 0, minute: 0, second: 0, half: 'said', isMidnight: true };
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59))
    return undefined;
  return { hour, minute, second, half };
}

/** An hour of twelve in a half of the day. */
export function clockOfHalf(hour: number, minute = 0, isLater: boolean, second = 0): Clock | undefined {
  if (hour > 12 && hour < 24 && isLater) return clockOf(hour, minute, second);
  if (hour < 1 || hour > 12) return undefined;
  return clockOf((hour % 12) + (isLater ? 12 : 0), minute, second);
}

/** What was not said of an hour: with its minutes it is of the clock of 24 hours, unless something tells. */
export const openHalf = (hour: number, hasMinutes: boolean, isTwoDigits: boolean): Clock['half'] =>
  hour < 1 || hour > 12 || (isTwoDigits && hour < 10) ? 'said' : hasMinutes || hour === 12 ? 'open' : 'asked';

/** 9:30, and 9h30. */
const colon = glued(w(':|h'));
const dot = glued(w('.'));
const dash = glued(w('-|–'));

export interface Shown {
  hour: number;
  minute: number;
  second: number;
  hasMinutes: boolean;
  isTwoDigits: boolean;
}

const shown = (
  source: Source,
  at: number,
  end: number,
  hour: number,
  minute?: number,
  second?: number,
): Match<Shown> => ({
  value: {
    hour,
    minute: minute ?? 0,
    second: second ?? 0,
    hasMinutes: minute !== undefined,
    isTwoDigits: (source.tokens[at]?.text.length ?? 0) === 2,
  },
  end,
});

const withMinutes = seq(digits(1, 2), colon, glued(digits(2, 2)), opt(seq(colon, glued(digits(2, 2)))));
/** 9:30 and 09:30:15, not yet known to be a time. */
export const colonTime: Reader<Shown> = (source, at) => {
  const match = withMinutes(source, at);
  if (match === undefined) return undefined;
  const [hour, , minute, more] = match.value;
  return shown(source, at, match.end, hour, minute, more?.[1]);
};

const withDot = seq(
  digits(1, 2),
  dot,
  glued(digits(2, 2)),
  not(glued(any<unknown>(w('.|,|/'), digits(1, 9)))),
);
/** 9.30, where something has said that it is a time. */
export const dotTime: Reader<Shown> = (source, at) => {
  const match = any(
    withDot,
    map(
      seq(digits(1, 2), dot, glued(digits(2, 2)), w('.')),
      ([hour, , minute]) => [hour, '', minute, true] as [number, string, number, true],
    ),
  )(source, at);
  // The full stop of a sentence is none of its.
  if (match === undefined) return undefined;
  const [hour, , minute] = match.value;
  return shown(source, at, at + 3, hour, minute);
};

/** 10-00 and 10 00, where something has said that it is a time. */
export const looseTime: Reader<Shown> = (source, at) => {
  const match = seq(digits(1, 2), opt(dash), digits(2, 2), not(glued(w(':|-|.|/'))))(source, at);
  const [hour = 0, , minute = 1] = match?.value ?? [];
  if (match === undefined || minute % 15 !== 0 || minute > 59) return undefined;
  return shown(source, at, match.end, hour, minute);
};

export const hourOnly: Reader<Shown> = (source, at) => {
  const match = digits(1, 2)(source, at);
  const next = source.tokens[at + 1];
  const after = source.tokens[at + 2];
  // Not the beginning of another number: 9.5, 1/2, 10%, 3-4 apples is left to windows.
  if (match === undefined) return undefined;
  if (next?.glued && /^[:.,/]$/.test(next.word) && after?.glued && after.kind === 'number') return undefined;
  if (
    next !== undefined &&
    (/^[%$€£₽°]$/.test(next.word) ||
      (next.glued && next.kind === 'mark' && next.word === '-' && after?.glued === true))
  )
    return undefined;
  return shown(source, at, match.end, match.value);
};

/** A number goes on with a list of times where it is a later hour than the last. */
export const isLaterHour = ({ tokens }: Source, at: number, clocks: readonly Clock[]): boolean => {
  const token = tokens[at];
  const hour = Number(token?.text);
  return token?.kind === 'number' && hour < 24 && hour > (clocks.at(-1)?.hour ?? 24);
};

const date = (year: number | undefined, month: number, day: number): Day =>
  year === undefined ? { is: 'date', month, day } : { is: 'date', year, month, day };

const slash = glued(w('/'));
const fullYear = (year: number): number => (year < 100 ? 2000 + year : year);
const isoDate: Reader<Day> = map(
  any(
    seq(digits(4, 4), dash, glued(digits(2, 2)), dash, glued(digits(2, 2))),
    seq(digits(4, 4), slash, glued(digits(1, 2)), slash, glued(digits(1, 2))),
    seq(digits(4, 4), dot, glued(digits(2, 2)), dot, glued(digits(2, 2))),
  ),
  ([year, , month, , day]) => date(year, month, day),
);

/** Dates in digits. With dots the day comes first; with slashes who knows. */
export const numericDate: Reader<Day> = any<Day>(
  isoDate,
  map(
    seq(digits(1, 2), dot, glued(digits(2, 2)), dot, glued(any(digits(4, 4), digits(2, 2)))),
    ([day, , month, , year]) => date(fullYear(year), month, day),
  ),
  map(
    seq(digits(1, 2), slash, glued(digits(1, 2)), slash, glued(any(digits(4, 4), digits(2, 2)))),
    ([first, , second, , year]): Day => ({ is: 'numeric', first, second, year: fullYear(year) }),
  ),
  map(
    seq(digits(1, 2), dash, glued(digits(2, 2)), dash, glued(digits(4, 4))),
    ([first, , second, , year]): Day => ({ is: 'numeric', first, second, year }),
  ),
);

/** Without a year: 05/06, and 05.06 where it cannot be a number or a time. */
export const numericDay: Reader<Day> = any<Day>(
  map(
    seq(digits(1, 2), slash, glued(digits(1, 2)), not(glued(any<unknown>(w('/|%'), digits(1, 9))))),
    ([first, , second]): Day => ({ is: 'numeric', first, second }),
  ),
);
export const dottedDay: Reader<Day> = map(
  seq(digits(1, 2), dot, glued(digits(2, 2)), not(glued(any<unknown>(w(':|/|%'), digits(1, 9)))), opt(dot)),
  ([day, , month]) =>
    month >= 1 && month <= 12 && day >= 1 && day <= 31 ? date(undefined, month, day) : undefined,
);

const offset = map(
  seq(w('+|-'), glued(any(digits(2, 2), digits(4, 4))), opt(seq(colon, glued(digits(2, 2))))),
  ([sign, first, more]) =>
    `${sign}${String(first).padStart(first > 99 ? 4 : 2, '0')}${more === undefined ? '' : `:${String(more[1]).padStart(2, '0')}`}`,
);

/** A day with a time as ISO 8601 has them: an instant where it says its offset. */
export const isoInstant: Reader<Piece[]> = (source, at) => {
  const day = isoDate(source, at);
  const t = day === undefined ? undefined : glued(w('t'))(source, day.end);
  if (day === undefined || t === undefined || day.value.is !== 'date') return undefined;
  const time = glued(colonTime)(source, t.end);
  if (time === undefined) return undefined;
  const fraction = seq(dot, glued(digits(1, 9)))(source, time.end);
  const from = fraction?.end ?? time.end;
  const { hour, minute, second } = time.value;
  const clock = clockOf(hour, minute, second);
  const zone = glued(
    any<string>(
      map(w('z'), () => 'Z'),
      offset,
    ),
  )(source, from);
  if (clock === undefined) return { value: [{ kind: 'impossible', what: 'clock' }], end: zone?.end ?? from };
  if (zone === undefined)
    return {
      value: [
        { kind: 'day', day: day.value },
        { kind: 'clock', clocks: [clock] },
      ],
      end: from,
    };
  const text = source.tokens
    .slice(at, from)
    .map((token) => token.text)
    .join('');
  const instant = Date.parse(
    `${text
      .replace(/\.\d+$/, '')
      .replace(/t/i, 'T')
      .replaceAll(
        '/',
        '-',
      )}${zone.value.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2').replace(/^([+-]\d\d)$/, '$1:00')}`,
  );
  if (Number.isNaN(instant)) return { value: [{ kind: 'impossible', what: 'date' }], end: zone.end };
  return { value: [{ kind: 'instant', instant: new Date(instant).toISOString() }], end: zone.end };
};
