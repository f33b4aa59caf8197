// The times of a day: a list of them, a frequency, or minutes of hours.
import { type Clock, everyHour, everySixty, range, sorted, type Times, timesOf } from './numbers.ts';
import { any, list, map, opt, pattern, type Reader, seq } from './reader.ts';
import { clock, type Vocabulary } from './vocabulary.ts';

/** 0, 15 and 30–40. */
export const numbersOf = ({ and }: Vocabulary): Reader<number[]> =>
  map(
    list(
      map(pattern('(\\d+)(?:–(\\d+))?'), ([, low, high = low]) => range(Number(low), Number(high))),
      and,
    ),
    (items) => sorted(items.flat()),
  );

/** From 09:00 to 12:45 and from 14:00 to 17:45. */
export const spansOf = ({ and, from, to }: Vocabulary): Reader<[Clock, Clock][]> =>
  list(
    map(seq(from, clock, to, clock), ([, low, , high]): [Clock, Clock] => [low, high]),
    and,
  );

interface Part {
  numbers: number[];
  /** Every so many from 0 on. */
  whole: boolean;
}

/** Seconds of a minute, or minutes of an hour. */
export function partOf(language: Vocabulary, unit: 'minute' | 'second'): Reader<Part> {
  return any<Part>(
    map(seq(language.every(unit), language.fromNumber(unit)), ([step, [low, high]]) => ({
      numbers: range(low, high, step),
      whole: false,
    })),
    map(language.every(unit), (step) =>
      60 % step === 0 ? { numbers: range(0, 59, step), whole: true } : undefined,
    ),
    map(language.atNumbers(unit, numbersOf(language)), (numbers) => ({ numbers, whole: false })),
  );
}

/** The hours that minutes belong to. */
const hoursOf = (language: Vocabulary): Reader<number[]> =>
  any<number[]>(
    map(seq(language.ofEveryHour, pattern(' '), spansOf(language)), ([, , spans]) =>
      spans.flatMap(([[low], [high]]) => range(low, high)),
    ),
    map(language.ofEveryHour, () => everyHour),
    map(seq(language.ofHoursThatBegin, list(clock, language.and)), ([, clocks]) =>
      clocks.map(([hour]) => hour),
    ),
  );

const frequent = (hours: number[], minutes: number[], seconds: number[]): Times => ({
  ...{ hours: sorted(hours), minutes: sorted(minutes), seconds: sorted(seconds) },
  listed: false,
});

function nested(language: Vocabulary): Reader<Times> {
  const { of, within, ofEveryMinute } = language;
  const hours = hoursOf(language);
  const minutes = partOf(language, 'minute');
  const seconds = partOf(language, 'second');
  const ofMinutes = language.ofMinutes(numbersOf(language));
  const joined = (part: Part, link: 'of' | 'within') => (part.whole ? 'within' : 'of') === link;
  const link = any<'of' | 'within'>(
    map(within, () => 'within' as const),
    map(of, () => 'of' as const),
  );
  return any<Times>(
    map(seq(minutes, link, hours), ([part, between, of24]) =>
      joined(part, between) ? frequent(of24, part.numbers, [0]) : undefined,
    ),
    map(minutes, (part) => (part.whole ? frequent(everyHour, part.numbers, [0]) : undefined)),
    map(seq(seconds, link, ofMinutes, of, hours), ([part, between, among, , of24]) =>
      joined(part, between) ? frequent(of24, among, part.numbers) : undefined,
    ),
    map(seq(seconds, of, ofEveryMinute, of, hours), ([part, , , , of24]) =>
      part.whole ? undefined : frequent(of24, everySixty, part.numbers),
    ),
    map(seq(seconds, of, ofEveryMinute), ([part]) =>
      part.whole ? undefined : frequent(everyHour, everySixty, part.numbers),
    ),
    map(seq(seconds, within, hours), ([part, , of24]) =>
      part.whole ? frequent(of24, everySixty, part.numbers) : undefined,
    ),
    map(seconds, (part) => (part.whole ? frequent(everyHour, everySixty, part.numbers) : undefined)),
  );
}

/** Some hours at one second of each. */
function hourly(language: Vocabulary): Reader<Times> {
  const alone = opt(map(seq(language.andAt, list(clock, language.and)), ([, clocks]) => clocks));
  return any<Times>(
    map(language.every('hour'), (step) =>
      24 % step === 0 ? frequent(range(0, 23, step), [0], [0]) : undefined,
    ),
    map(
      seq(language.every('hour'), pattern(' '), spansOf(language), alone),
      ([step, , spans, others = []]) => {
        const [, minute, second] = spans[0]?.[0] ?? [0, 0, 0];
        const hours = spans.flatMap(([[low], [high]]) => range(low, high, step));
        return frequent([...hours, ...others.map(([hour]) => hour)], [minute], [second]);
      },
    ),
    map(seq(language.whenever, list(clock, language.or)), ([, clocks]) => {
      const times = timesOf(clocks);
      return times === undefined ? undefined : { ...times, listed: false };
    }),
  );
}

/** Every so many minutes or seconds from one time to another. */
function walk(language: Vocabulary): Reader<Times> {
  const of = (unit: 'minute' | 'second'): Reader<Times> =>
    map(seq(language.every(unit), pattern(' '), spansOf(language)), ([step, , spans]) => {
      const [[, lowMinute, lowSecond], [, highMinute, highSecond]] = spans[0] as [Clock, Clock];
      const hours = spans.flatMap(([[low], [high]]) => range(low, high));
      return unit === 'minute'
        ? frequent(hours, range(lowMinute, highMinute, step), [lowSecond])
        : frequent(hours, range(lowMinute, highMinute), range(lowSecond, highSecond, step));
    });
  return any(of('minute'), of('second'));
}

/** When in a day something fires. */
export const timesReader = (language: Vocabulary): Reader<Times> =>
  any<Times>(
    map(seq(language.at, list(clock, language.and)), ([, clocks]) => timesOf(clocks)),
    hourly(language),
    walk(language),
    nested(language),
  );
