// Whole sentences of recurrence rules: times and days in the order of the language, and behind them what limits both.
import { english } from './english.ts';
import { inMonths as englishMonths } from './english_days.ts';
import { englishRecurringDays } from './english_recurrence.ts';
import { everySixty, range, sorted, type Times } from './numbers.ts';
import { any, map, opt, pattern, type Reader, seq, words } from './reader.ts';
import type { Frequency, Pace, Recurrence, Step } from './recurrence.ts';
import { englishNth, englishTail, russianNth, russianTail, type Tail } from './recurrence_words.ts';
import type { PacedDays } from './recurring_days.ts';
import { russian, units as russianUnits } from './russian.ts';
import { inMonths as russianMonths } from './russian_days.ts';
import { russianRecurringDays } from './russian_recurrence.ts';
import { numbersOf, partOf, spansOf, timesReader } from './times.ts';
import type { Vocabulary } from './vocabulary.ts';

interface StepWording {
  /** Hours, minutes and seconds, as a pattern each. */
  units: readonly [string, string, string];
  every: string;
  everyOne: readonly [string, string, string];
  wallClock: Reader<unknown>;
  eachHour: Reader<unknown>;
  eachMinute: Reader<unknown>;
  only: Reader<unknown>;
  ofHour: Reader<unknown>;
  ofMinute: Reader<unknown>;
}

const sizes = [3600, 60, 1] as const;

/** So many seconds as the largest unit that they are. */
function stepOf(seconds: number): Pace {
  const index = sizes.findIndex((size) => seconds % size === 0);
  return {
    frequency: (['HOURLY', 'MINUTELY', 'SECONDLY'] as const)[index] as Frequency,
    interval: seconds / (sizes[index] ?? 1),
  };
}

function elapsed({ units, every, everyOne }: StepWording): Reader<number> {
  const amounts = units.map((unit) => `(?: (\\d+) (?:${unit})(?![a-zа-яё]))?`).join('');
  return any<number>(
    ...everyOne.map((one, index) => map(pattern(`${one}(?![a-zа-яё])`), () => sizes[index] as number)),
    map(pattern(`${every}${amounts}`), ([, ...found]) => {
      const total = found.reduce((sum, amount, index) => sum + Number(amount ?? 0) * (sizes[index] ?? 0), 0);
      return total > 0 ? total : undefined;
    }),
  );
}

/** When within the hours or minutes of its interval: it says which of both those are. */
function within(language: Vocabulary, wording: StepWording): Reader<Partial<Step>> {
  const minutes = partOf(language, 'minute');
  const seconds = partOf(language, 'second');
  const link = any(language.within, language.of);
  const inHour = any<Partial<Step>>(
    map(minutes, ({ numbers }) => ({ frequency: 'HOURLY', minutes: numbers, seconds: [0] })),
    map(seq(seconds, link, language.ofMinutes(numbersOf(language))), ([part, , of]) => ({
      ...{ frequency: 'HOURLY', minutes: of, seconds: part.numbers },
    })),
    map(seq(seconds, link, language.ofEveryMinute), ([part]) => ({
      ...{ frequency: 'HOURLY', minutes: everySixty, seconds: part.numbers },
    })),
  );
  const inMinute = map(
    seconds,
    ({ numbers }): Partial<Step> => ({ frequency: 'MINUTELY', seconds: numbers }),
  );
  const throughHour = map(
    seconds,
    ({ numbers }): Partial<Step> => ({
      ...{ frequency: 'HOURLY', minutes: everySixty, seconds: numbers },
    }),
  );
  return any<Partial<Step>>(
    map(seq(words(' '), any(inHour, inMinute)), ([, found]) => found),
    map(seq(wording.eachHour, any(inHour, throughHour)), ([, found]) => found),
    map(seq(wording.eachMinute, inMinute), ([, found]) => found),
  );
}

function stepReader(
  language: Vocabulary,
  wording: StepWording,
): { head: Reader<Step>; limits: Reader<Partial<Step>> } {
  const inside = within(language, wording);
  const { only, ofHour, ofMinute } = wording;
  const hours = map(seq(only, spansOf(language)), ([, spans]) =>
    sorted(spans.flatMap(([[low], [high]]) => range(low, high))),
  );
  const minutes = map(
    seq(only, language.atNumbers('minute', numbersOf(language)), ofHour),
    ([, numbers]) => numbers,
  );
  const seconds = map(
    seq(only, language.atNumbers('second', numbersOf(language)), ofMinute),
    ([, numbers]) => numbers,
  );
  return {
    head: map(seq(elapsed(wording), opt(wording.wallClock)), ([size]) => stepOf(size)),
    limits: map(
      seq(opt(inside), opt(hours), opt(minutes), opt(seconds)),
      ([found, ofHours, ofMinutes, ofSeconds]) => ({
        ...found,
        ...(ofHours && { hours: ofHours }),
        ...(ofMinutes && { minutes: ofMinutes }),
        ...(ofSeconds && { seconds: ofSeconds }),
      }),
    ),
  };
}

interface Head extends PacedDays {
  times?: Times;
  step?: Step;
}

interface Sentence {
  language: Vocabulary;
  head: Reader<Head>;
  limits: Reader<Partial<Step>>;
  only: Reader<unknown>;
  inMonths: Reader<number[]>;
  nth: Reader<Pace>;
  tail: Reader<Tail>;
}

/** An interval said in smaller units than its times are told in is one of those. */
function completed(step: Step, limits: Partial<Step>): Step | undefined {
  const { frequency = step.frequency } = limits;
  const order: readonly Frequency[] = ['HOURLY', 'MINUTELY', 'SECONDLY'];
  if (order.indexOf(frequency) < order.indexOf(step.frequency)) return undefined;
  const size = (each: Frequency): number => sizes[order.indexOf(each)] ?? 1;
  return {
    ...step,
    ...limits,
    frequency,
    interval: (step.interval * size(step.frequency)) / size(frequency),
  };
}

const sentence = ({ language, head, limits, only, inMonths, nth, tail }: Sentence): Reader<Recurrence> =>
  map(
    seq(
      head,
      limits,
      opt(map(seq(only, inMonths), ([, months]) => months)),
      opt(map(seq(only, nth), ([, pace]) => pace)),
      opt(language.once),
      tail,
    ),
    ([{ times, step, days, pace }, found, months, limit, once, rest]): Recurrence | undefined => {
      const whole = step && completed(step, found);
      if (step === undefined ? Object.keys(found).length > 0 : whole === undefined) return undefined;
      const every = pace ?? limit;
      return {
        ...(times && { times }),
        ...(whole && { step: whole }),
        ...(every && { pace: every }),
        ...{ isOnce: once !== undefined, days: { ...days, ...(months && { months }) } },
        ...rest,
      };
    },
  );

const englishSteps: StepWording = {
  units: ['hours?', 'minutes?', 'seconds?'],
  every: 'every',
  everyOne: ['every hour', 'every minute', 'every second'],
  wallClock: words(' by the wall clock'),
  eachHour: words(', in each such hour '),
  eachMinute: words(', in each such minute '),
  only: words(', only '),
  ofHour: words(' of the hour'),
  ofMinute: words(' of the minute'),
};
const russianSteps: StepWording = {
  units: [russianUnits.hour, russianUnits.minute, russianUnits.second],
  every: 'каждые',
  everyOne: ['каждый час', 'каждую минуту', 'каждую секунду'],
  wallClock: words(' по показаниям часов'),
  eachHour: words(', в каждом таком часе '),
  eachMinute: words(', в каждой такой минуте '),
  only: words(', только '),
  ofHour: words(' каждого часа'),
  ofMinute: words(' каждой минуты'),
};

const none: PacedDays = { days: {} };

function englishReader(): Reader<Recurrence> {
  const times = timesReader(english);
  const { head: step, limits } = stepReader(english, englishSteps);
  const { days, leading } = englishRecurringDays;
  const behind = opt(map(seq(pattern(',? '), days), ([, found]) => found));
  const shared = {
    language: english,
    only: words(', only '),
    inMonths: englishMonths,
    nth: englishNth,
    tail: englishTail,
  };
  return any<Recurrence>(
    sentence({
      ...shared,
      head: any<Head>(
        map(seq(times, behind), ([found, of = none]) => ({ ...of, times: found })),
        map(seq(leading, pattern(',? '), times), ([of, , found]) => ({ ...of, times: found })),
      ),
      limits: map(words(''), () => ({})),
    }),
    // When within an hour stands before the days.
    sentence({
      ...shared,
      head: map(seq(step, opt(within(english, englishSteps)), behind), ([found, inside = {}, of = none]) => {
        const whole = completed(found, inside);
        return whole && { ...of, step: whole };
      }),
      limits,
    }),
  );
}

function russianReader(): Reader<Recurrence> {
  const times = timesReader(russian);
  const { head: step, limits } = stepReader(russian, russianSteps);
  const { days, leading } = russianRecurringDays;
  const before = opt(map(seq(any(days, leading), words(' ')), ([found]) => found));
  const shared = {
    language: russian,
    only: words(', только '),
    inMonths: russianMonths,
    nth: russianNth,
    tail: russianTail,
  };
  return any<Recurrence>(
    sentence({
      ...shared,
      head: map(seq(before, times), ([of = none, found]) => ({ ...of, times: found })),
      limits: map(words(''), () => ({})),
    }),
    sentence({
      ...shared,
      head: map(seq(before, step), ([of = none, found]) => ({ ...of, step: found })),
      limits,
    }),
  );
}

export const englishRecurrence = englishReader();
export const russianRecurrence = russianReader();
