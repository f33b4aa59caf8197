// Sets of numbers, as rules have them.

/** From one number to another, in steps. */
export const range = (low: number, high: number, step = 1): number[] =>
  low > high || step < 1
    ? []
    : Array.from({ length: Math.floor((high - low) / step) + 1 }, (_v, n) => low + n * step);

/** Each once, in order. */
export const sorted = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** A time of the day: hour, minute, second. */
export type Clock = readonly [hour: number, minute: number, second: number];

/** The times of a day: each of these seconds of each of these minutes of each of these hours. */
export interface Times {
  seconds: number[];
  minutes: number[];
  hours: number[];
  /** Told as a list of fixed times, each of which comes once. */
  listed: boolean;
}

export const everyHour = range(0, 23);
export const everySixty = range(0, 59);

/** Times of the clock as what they are made of; undefined where no rule of cron has all of these and no others. */
export function timesOf(clocks: readonly Clock[]): Times | undefined {
  const [hours, minutes, seconds] = [0, 1, 2].map((part) =>
    sorted(clocks.map((clock) => clock[part] as number)),
  ) as [number[], number[], number[]];
  return hours.length * minutes.length * seconds.length === clocks.length
    ? { seconds, minutes, hours, listed: true }
    : undefined;
}
