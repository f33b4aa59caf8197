// Times of day in English.
import {
  any,
  dictionary,
  digits,
  type Match,
  map,
  not,
  opt,
  type Reader,
  type Source,
  seq,
  term,
  w,
} from '../grammar.ts';
import {
  clockOf,
  clockOfHalf,
  colonTime,
  dotTime,
  hourOnly,
  isLaterHour,
  looseTime,
  openHalf,
  type Shown,
} from '../numeric.ts';
import type { Clock, DayPart, Piece } from '../piece.ts';
import { integer, numberWord } from './numbers.ts';

/** Whether it is of the later half. */
const half: Reader<boolean> = map(any(w('am|pm'), w('a . m .|p . m .|a . m|p . m'), w('a|p')), (word) =>
  word.startsWith('p'),
);
const halfWord: Reader<boolean> = map(any(w('am|pm'), w('a . m .|p . m .|a . m|p . m')), (word) =>
  word.startsWith('p'),
);
const oClock = w("o'clock|oclock|o clock|hours|hrs|h");

const read = (
  { hour, minute, second, hasMinutes, isTwoDigits }: Shown,
  isLater?: boolean,
): Clock | undefined =>
  isLater === undefined
    ? clockOf(hour, minute, second, openHalf(hour, hasMinutes, isTwoDigits))
    : clockOfHalf(hour, minute, isLater, second);

/** 9am, 9:30 pm: nothing else looks like that. */
const plain: Reader<Clock> = any(
  map(seq(any(colonTime, dotTime, hourOnly), halfWord), ([shown, isLater]) => read(shown, isLater)),
  map(
    seq(any(colonTime, hourOnly), (source: Source, at: number) =>
      source.tokens[at]?.glued ? half(source, at) : undefined,
    ),
    ([shown, isLater]) => read(shown, isLater),
  ),
  map(seq(numberWord, opt(numberWord), halfWord), ([hour, minute, isLater]) =>
    clockOfHalf(hour, minute, isLater),
  ),
  map(colonTime, (shown) => read(shown)),
  map(seq(integer, w("o'clock|oclock|o clock")), ([hour]) =>
    clockOf(hour, 0, 0, openHalf(hour, false, false)),
  ),
);

const midnight: Clock = { hour: 0, minute: 0, second: 0, half: 'said', isMidnight: true };
const named: Reader<Clock> = term(
  dictionary<Clock>([
    ['noon midday noontime', { hour: 12, minute: 0, second: 0, half: 'said' }],
    ['midnight', midnight],
  ]),
);

/** Half past six, quarter to five, ten past nine. */
const spoken: Reader<Clock> = map(
  seq(
    any(
      map(w('half|a half'), () => 30),
      map(w('quarter|a quarter'), () => 15),
      map(seq(integer, w('minutes|minute|min|mins')), ([minutes]) => minutes),
      // From nine to ten is no time of day.
      map(integer, (minutes) => (minutes % 5 === 0 ? minutes : undefined)),
    ),
    opt(w('-')),
    w('past|after|to|before|till|til'),
    opt(w('-')),
    any<number | Clock>(integer, named),
    opt(w("o'clock|oclock")),
    opt(halfWord),
  ),
  ([minutes, , side, , hour, , isLater]) => {
    if (minutes < 1 || minutes > 59) return undefined;
    const isBefore = side !== 'past' && side !== 'after';
    const of = typeof hour === 'number' ? hour : hour.hour;
    if (of < 0 || of > 23 || (minutes === 30 && isBefore && typeof hour === 'number')) return undefined;
    const total = (of * 60 + (isBefore ? -minutes : minutes) + 1440) % 1440;
    const [at, minute] = [Math.floor(total / 60), total % 60];
    if (isLater !== undefined) return clockOfHalf(at === 0 ? 12 : at, minute, isLater);
    return clockOf(at, minute, 0, typeof hour !== 'number' || of > 12 ? 'said' : 'asked');
  },
);
/** Half six, as the British say it. */
const halfSix: Reader<Clock> = map(
  seq(w('half'), any(digits(1, 2), numberWord), not(w('hour|an|hours|minutes|days|day|of'))),
  ([, hour]) => (hour >= 1 && hour <= 12 ? clockOf(hour, 30, 0, 'asked') : undefined),
);

/** Nine thirty, nine oh five. */
const twoNumbers: Reader<Clock> = map(seq(numberWord, opt(w('oh|o')), numberWord), ([hour, zero, minute]) =>
  hour >= 1 && hour <= 23 && (zero === undefined ? minute >= 10 : minute >= 1 && minute <= 9)
    ? clockOf(hour, minute, 0, openHalf(hour, true, false))
    : undefined,
);

const fourDigits: Reader<Clock> = map(seq(digits(4, 4), opt(w('hours|hrs|h'))), ([value]) =>
  clockOf(Math.floor(value / 100), value % 100),
);

/** What only is a time where `at` or the like says so. */
const told: Reader<Clock> = any(
  plain,
  named,
  spoken,
  halfSix,
  map(dotTime, (shown) => read(shown)),
  map(looseTime, (shown) => read(shown)),
  twoNumbers,
  fourDigits,
  map(seq(hourOnly, opt(oClock)), ([shown]) => read(shown)),
  map(seq(numberWord, not(w('of|more|time|place'))), ([hour]) =>
    clockOf(hour, 0, 0, openHalf(hour, false, false)),
  ),
);

const notATime = not(
  w(
    '%|percent|degrees|dollars|euros|usd|eur|km|miles|kg|pm2|people|times|minutes|mins|hours|days|weeks|months|years|items|things',
  ),
);

const partWords: Reader<DayPart> = term(
  dictionary<DayPart>([
    ['morning mornings', 'morning'],
    ['afternoon afternoons', 'afternoon'],
    ['evening evenings', 'evening'],
    ['night nights', 'night'],
  ]),
);
export const partWord = partWords;

const preposition = w(
  'at|@|by|around|about|at around|at about|at exactly|for|till|before|after|no later than|at approximately|approx|circa',
);
const sure = w('at|@|at around|at about|around|at exactly|by|at approximately');
const clockPreposition = opt(w('at|@'));

const more = seq(any(w(', and|,|and|&|or'), w('/')), clockPreposition);

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
      // A number alone goes on with a list only where something comes again and again.
      const isTold =
        source.tokens[gap.end - 1]?.word === 'at' || source.repeats || isLaterHour(source, gap.end, values);
      const next: Match<Clock> | undefined = (isTold ? told : any(plain, named))(source, gap.end);
      if (next === undefined || notATime(source, next.end) === undefined) break;
      values.push(next.value);
      end = next.end;
    }
    return { value: values, end };
  };

const piece = (value: Clock[]): Piece[] => [{ kind: 'clock', clocks: value }];

const toldClocks = map(seq(sure, clocks(told), notATime), ([, value]) => piece(value));
const plainClocks = map(seq(opt(preposition), clocks(any(plain, named, spoken))), ([, value]) =>
  piece(value),
);

/** What has the look of a time, and is none. */
const impossible: Reader<Piece[]> = map(
  seq(
    sure,
    any(
      colonTime,
      map(seq(hourOnly, halfWord), ([shown]) => shown),
    ),
    opt(halfWord),
  ),
  ([, shown, isLater]): Piece[] | undefined =>
    read(shown, isLater) === undefined && (shown.hour > 12 || shown.minute > 59)
      ? [{ kind: 'impossible', what: 'clock' }]
      : undefined,
);

const inPart = map(
  any<[unknown, DayPart]>(
    seq(w('in the|during the|of the'), partWords),
    seq(
      w('at'),
      map(w('night'), (): DayPart => 'night'),
    ),
  ),
  ([, part]): Piece[] => [{ kind: 'part', part }],
);
const habits: Reader<Piece[]> = any<Piece[]>(
  map(w('at lunch|at lunchtime|after lunch|at lunch time'), (): Piece[] => [
    { kind: 'part', part: 'afternoon' },
  ]),
  map(w('at bedtime|before bed|before bedtime|before going to bed'), (): Piece[] => [
    { kind: 'part', part: 'night' },
  ]),
);

/** From 5 to 6pm: what is said of the end holds for the beginning, where that is before it then. */
const sameHalf = (from: Clock, to: Clock): Clock =>
  from.half !== 'said' && to.half === 'said' && from.hour < 12 && to.hour >= 12 && from.hour + 12 < to.hour
    ? { ...from, hour: from.hour + 12, half: 'said' }
    : from;

/** From 9 to 18, between nine and five. */
/** Without "5 to 6", which is a time of day elsewhere. */
const bound: Reader<Clock> = any(
  plain,
  named,
  map(dotTime, (shown) => read(shown)),
  map(seq(hourOnly, opt(oClock)), ([shown]) => read(shown)),
  map(numberWord, (hour) => clockOf(hour, 0, 0, openHalf(hour, false, false))),
);
export const window: Reader<Piece[]> = map(
  any(
    seq(w('between'), bound, w('and|-|to'), bound),
    seq(w('from'), bound, w('to|till|until|-|–|through|til'), bound),
    seq(opt(w('at')), any(plain, hourOrDashed()), w('-|–|—|to'), plain),
  ),
  ([, from, , to]): Piece[] => [{ kind: 'window', from: sameHalf(from, to), to }],
);
/** 9-18: two numbers, which may be anything. */
const bareWindow: Reader<Piece[]> = map(
  seq(
    hourOrDashed(),
    w('-|–|—'),
    map(seq(hourOnly, notATime), ([shown]) => read(shown)),
  ),
  ([from, , to]): Piece[] => [{ kind: 'window', from: sameHalf(from, to), to, isBare: true }],
);

/** 9-18: a number with a dash behind it. */
function hourOrDashed(): Reader<Clock> {
  return ({ tokens }, at) => {
    const token = tokens[at];
    const dash = tokens[at + 1];
    if (token?.kind !== 'number' || token.text.length > 2 || !/^[-–—]$/.test(dash?.word ?? ''))
      return undefined;
    const hour = Number(token.text);
    const clock = clockOf(hour, 0, 0, openHalf(hour, false, token.text.length === 2));
    return clock === undefined ? undefined : { value: clock, end: at + 1 };
  };
}

/** A number alone: a time where a day stands before it. */
const bareTime = any<Clock>(
  // 2025 is a year.
  (source, at) => (source.tokens[at]?.text.startsWith('0') ? fourDigits(source, at) : undefined),
  map(hourOnly, (shown) => read(shown)),
);
export const bareClock: Reader<Piece[]> = map(seq(bareTime, notATime), ([clock]): Piece[] | undefined => {
  return [{ kind: 'clock', clocks: [clock], isBare: true }];
});

export const clockPieces: Reader<Piece[]>[] = [
  window,
  bareWindow,
  toldClocks,
  plainClocks,
  impossible,
  inPart,
  habits,
];
export { told as clock };
