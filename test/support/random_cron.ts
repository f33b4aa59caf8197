// Random cron expressions, from a seed: the same seed gives the same ones, on every machine.

export type Random = () => number;

/** mulberry32: 32 bits of state, numbers from 0 to 1. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function integer(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[integer(random, 0, choices.length - 1)] as T;
}

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Field {
  low: number;
  high: number;
  /** Written for numbers now and then. */
  names?: readonly string[];
}

function written(random: Random, { low, names }: Field, value: number): string {
  const name = random() < 0.4 ? names?.[value - low] : undefined;
  if (name === undefined) return random() < 0.05 && value < 10 ? `0${value}` : `${value}`;
  return random() < 0.5 ? name : name.toLowerCase();
}

/** Distinct values, lowest first: cron-parser takes no value twice. */
function distinct(random: Random, { low, high }: Field, count: number): number[] {
  const values = new Set<number>();
  while (values.size < count) values.add(integer(random, low, high));
  return [...values].sort((a, b) => a - b);
}

/** Everything that a field of numbers can be but a star; steps stay within their range. */
function restricted(random: Random, field: Field): string {
  const { low, high } = field;
  const one = (value: number) => written(random, field, value);
  const kind = random();
  if (kind < 0.35) return one(integer(random, low, high));
  if (kind < 0.55)
    return distinct(random, field, integer(random, 2, 4))
      .map(one)
      .join(',');
  const [from = low, to = high, apart = high] = distinct(random, field, 3);
  if (kind < 0.7) return `${one(from)}-${one(to)}`;
  if (kind < 0.78) return `${one(from)}-${one(to)}/${integer(random, 1, to - from + 1)}`;
  if (kind < 0.83) return `${one(from)}-${one(to)},${one(apart)}`;
  if (kind < 0.93) return `*/${integer(random, 1, high - low + 1)}`;
  return `${one(from)}/${integer(random, 1, high - from + 1)}`;
}

/** What a library reads that not all of them do. */
export interface Dialect {
  macros: readonly string[];
  /** More days of the month, and more weekdays; the stand-ins n and k are any number that fits: `nW`, `n#k`. */
  monthDays: readonly string[];
  weekdays: readonly string[];
}

/** A form of a dialect, with numbers for its stand-ins. */
function special(random: Random, forms: readonly string[], { low, high }: Field): string {
  return pick(random, forms)
    .replaceAll('n', () => `${integer(random, low, high)}`)
    .replaceAll('k', () => `${integer(random, 1, 5)}`);
}

const sixtyField = { low: 0, high: 59 };
const hourField = { low: 0, high: 23 };
const dayField = { low: 1, high: 31 };
const monthField = { low: 1, high: 12, names: monthNames };
const weekdayField = { low: 0, high: 6, names: weekdayNames };

function hour(random: Random): string {
  const kind = random();
  if (kind < 0.15) return '*';
  // Most clocks change in these hours.
  return kind < 0.5 ? `${integer(random, 0, 4)}` : restricted(random, hourField);
}

function monthDay(random: Random, { monthDays }: Dialect): string {
  const kind = random();
  if (kind < 0.5) return '*';
  if (kind < 0.53) return '?';
  if (kind < 0.6) return special(random, monthDays, dayField);
  return restricted(random, dayField);
}

function weekday(random: Random, { weekdays }: Dialect): string {
  const kind = random();
  if (kind < 0.5) return '*';
  if (kind < 0.53) return '?';
  if (kind < 0.57) return `${pick(random, weekdayNames)}L`;
  if (kind < 0.59) return `${pick(random, weekdayNames).toLowerCase()}#${integer(random, 1, 5)}`;
  if (kind < 0.66) return special(random, weekdays, weekdayField);
  return restricted(random, weekdayField);
}

/** Minutes, most often; now and then seconds too. */
function minutes(random: Random): string {
  const minute = random() < 0.15 ? '*' : restricted(random, sixtyField);
  if (random() > 0.15) return minute;
  return `${random() < 0.15 ? '*' : restricted(random, sixtyField)} ${minute}`;
}

/** Five fields, six or a macro, such as both a library and pgchime read. */
export function randomCron(random: Random, dialect: Dialect): string {
  if (random() < 0.01) return pick(random, dialect.macros);
  return [
    minutes(random),
    hour(random),
    monthDay(random, dialect),
    random() < 0.7 ? '*' : restricted(random, monthField),
    weekday(random, dialect),
  ].join(' ');
}

/** An expression for most days, at about this hour. */
export function randomCronAbout(random: Random, dialect: Dialect, about: number): string {
  const near = () => (about + integer(random, -1, 1) + 24) % 24;
  const hours = pick(random, [
    () => `${near()}`,
    () => `${Math.min(about, 22)},${Math.min(about, 22) + 1}`,
    () => `${Math.max(about - 1, 0)}-${Math.min(about + 1, 23)}`,
    () => pick(random, ['*', '*/2', '*/3', '0-23', '0/1']),
  ]);
  return [
    minutes(random),
    hours(),
    random() < 0.7 ? '*' : monthDay(random, dialect),
    '*',
    random() < 0.7 ? '*' : weekday(random, dialect),
  ].join(' ');
}
