// A random recurrence rule with a start, a zone and instants to ask from; what the package rrule says of it, and
// why that may differ from what pgchime says.
import rrulePackage from 'rrule';
import { integer, pick, type Random } from './random_cron.ts';
import { type Frequency, type Rrule, randomRrule, writeRrule } from './random_rrule.ts';
import { basicTime } from './rrule_arbitraries.ts';
import { place, type Stretch } from './time_oracle.ts';

const { RRule } = rrulePackage;
const day = 86_400;
/** How far from its start a rule is looked at: as far as the package gets in reasonable time. */
const windows: Record<Frequency, number> = {
  ...{ YEARLY: 24 * 365 * day, MONTHLY: 6 * 365 * day, WEEKLY: 2 * 365 * day, DAILY: 300 * day },
  ...{ HOURLY: 20 * day, MINUTELY: 4 * day, SECONDLY: 7200 },
};

export interface Case {
  rule: Rrule;
  /** Wall seconds: where it begins, and how far it is looked at. */
  start: number;
  end: number;
  zone: string;
  stretches: Stretch[];
  /** Instants to ask from. */
  afters: number[];
}

export const textOf = ({ start }: Case, rule: Rrule) =>
  `DTSTART:${basicTime(start)}\nRRULE:${writeRrule(rule)}`;

/** The instant from which on nothing is known: a clock change may move a fire by a day or so. */
export const known = ({ end, zone }: Case) => (zone === 'UTC' ? end : end - 2 * day);

export function randomCase(random: Random, all: ReadonlyMap<string, Stretch[]>, count: number): Case {
  const rule = randomRrule(random);
  // The package gets through some hours of SECONDLY rules only, too few for a clock change; and it knows
  // nothing of times that do not exist and are not counted.
  const counted = random() < 0.15;
  const zone = rule.freq === 'SECONDLY' || counted ? 'UTC' : pick(random, [...all.keys(), 'UTC', 'UTC']);
  if (counted) rule.count = integer(random, 1, 40);
  const stretches = all.get(zone) as Stretch[];
  const [low, high] = [Date.UTC(1996, 0) / 1000, Date.UTC(2037, 0) / 1000];
  const changes = stretches.filter(({ from }) => from > low && from < high);
  let start = integer(random, low, high);
  if (changes.length > 0 && random() < 0.6) {
    const { from, offset } = pick(random, changes);
    const before = integer(random, 0, rule.freq === 'MINUTELY' ? day : 5 * day);
    start = from + offset - before + integer(random, -4, 4) * 1800;
  }
  start -= start % pick(random, [1, 60, 900, 1800]);
  const asked = { rule, start, end: start + windows[rule.freq], zone, stretches };
  const afters = Array.from({ length: count }, () =>
    integer(random, start - (random() < 0.1 ? day : 0), known({ ...asked, afters: [] }) - 1),
  );
  return { ...asked, afters };
}

/** What a rule names from a wall second on, up to another: by the package, or by an oracle. */
export type Reader = (rule: Rrule, start: number, end: number) => number[];

/** The package's dates are wall-clock times that it calls UTC. */
export const packageWalls: Reader = (rule, start, end) => {
  const options = RRule.parseString(writeRrule(rule));
  const [dtstart, until] = [new Date(start * 1000), new Date(end * 1000)];
  const all = new RRule({ ...options, dtstart, until }).all();
  return all.map((date) => date.getTime() / 1000);
};

/** For each instant the first fire later: none in a gap, in a fold the first, or both where a rule follows real time. */
export function answers(asked: Case, reader: Reader): (number | undefined)[] {
  const { rule, start, end, zone, stretches, afters } = asked;
  const first = (fires: number[]) => afters.map((after) => fires.find((fire) => fire > after));
  if (zone === 'UTC') return first(reader(rule, start, end).sort((a, b) => a - b));
  const unit = { HOURLY: 3600, MINUTELY: 60 }[rule.freq as string] ?? day;
  const realTime = rule.hours === undefined && unit * rule.interval <= 3600;
  const policy = { gap: 'skip', fold: 'first' } as const;
  const near = stretches.filter(({ from, to }) => to > start - 3 * day && from < end + 3 * day);
  // Where it begins in the first pass of a fold, real time comes by earlier wall-clock times again.
  const earlier = realTime ? unit * rule.interval * Math.ceil(day / (unit * rule.interval)) : 0;
  const [begun = place(start, near, false, { gap: 'shift', fold: 'first' })[0] ?? start] = place(
    start,
    near,
    false,
    policy,
  );
  const fires = reader(rule, start - earlier, end).flatMap((wall) => place(wall, near, realTime, policy));
  return first(fires.filter((fire) => !realTime || fire >= begun).sort((a, b) => a - b));
}

/** Why the package is better not asked: what it finds then, if anything, comes after a search up to the year 9999. */
export function unasked({ rule, start, end }: Case, beyond: number): string | undefined {
  const { hours, minutes, seconds, months, yearDays, monthDays, weekdays, interval } = rule;
  const times = hours ?? minutes ?? seconds;
  if (times !== undefined && /MINUTELY|SECONDLY/.test(rule.freq)) {
    const days = months ?? yearDays ?? monthDays ?? weekdays;
    if (interval > 1 || days !== undefined) return 'it jumps past the times that are named, perhaps for ever';
  }
  const numbered = weekdays?.filter(({ nth }) => nth !== undefined).length ?? 0;
  if (weekdays !== undefined && numbered > 0 && numbered < weekdays.length)
    return 'a numbered weekday and a plain one have to hold both at once, which no day does';
  return beyond < end + 3 * (end - start) ? undefined : 'little comes after the time that is looked at';
}

/** Why the package is wrong about a rule, or reads it in another way than we do. */
export function explain({ rule }: Case): string | undefined {
  const { weekdays, weeks, positions, freq } = rule;
  if (weeks !== undefined && (weekdays ?? rule.yearDays ?? rule.monthDays) === undefined)
    return 'BYWEEKNO alone names whole weeks, not the weekday of DTSTART';
  if (weeks?.some((week) => Math.abs(week) >= 52)) return 'weeks at the turn of a year are misnumbered';
  if (positions !== undefined && freq === 'WEEKLY')
    return 'BYSETPOS chooses among what is left of the first week';
  if (rule.count !== undefined && positions?.some((nth) => nth < 0) && positions.some((nth) => nth > 0))
    return 'a time that BYSETPOS names from both ends counts twice';
  if (positions?.some((nth) => nth < -1)) return 'BYSETPOS from the end wraps round in a set that is smaller';
  return undefined;
}
