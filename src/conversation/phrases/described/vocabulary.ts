// The words of a language that a description is made of, as readers. What they mean is the same in both.

import type { Clock } from './numbers.ts';
import { map, pattern, type Reader, words } from './reader.ts';

export type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

export interface Vocabulary {
  and: string;
  or: string;
  /** What stands before times of the day. */
  at: Reader<unknown>;
  from: Reader<unknown>;
  to: Reader<unknown>;
  of: Reader<unknown>;
  /** Before what something happens in the course of. */
  within: Reader<unknown>;
  whenever: Reader<unknown>;
  andAt: Reader<unknown>;
  /** Every minute, every 15 minutes: how many. */
  every(unit: Unit): Reader<number>;
  /** At minute 5, at seconds 10 and 40: what stands around the numbers. */
  atNumbers(unit: 'minute' | 'second', numbers: Reader<number[]>): Reader<number[]>;
  /** The minutes that something belongs to. */
  ofMinutes(numbers: Reader<number[]>): Reader<number[]>;
  ofEveryMinute: Reader<unknown>;
  /** From minute 5 to minute 50. */
  fromNumber(unit: 'minute' | 'second'): Reader<[low: number, high: number]>;
  ofEveryHour: Reader<unknown>;
  ofHoursThatBegin: Reader<unknown>;
  /** That each of the times comes once, whatever clocks do. */
  once: Reader<unknown>;
  weekday: Reader<number>;
  month: Reader<number>;
  /** First, second to last: 1, -2. */
  ordinal: Reader<number>;
}

export const number: Reader<number> = map(pattern('\\d+'), ([digits]) => Number(digits));

/** 09:00, 09:00:30. */
export const clock: Reader<Clock> = map(
  pattern('(\\d\\d):(\\d\\d)(?::(\\d\\d))?(?![\\d:.])'),
  ([, hour, minute, second = '0']): Clock => [Number(hour), Number(minute), Number(second)],
);

/** A word of which the beginning is enough, whatever its case: its place in the list. */
export const stem = (stems: readonly string[], first = 0): Reader<number> =>
  map(pattern(`(${stems.join('|')})[а-яё]*`), ([, found = '']) => stems.indexOf(found) + first);

export const nothing: Reader<unknown> = words('');
