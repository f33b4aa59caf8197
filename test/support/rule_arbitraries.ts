// Random rules of every kind, and the instants to ask them about, most of them next to a clock change.
import fc from 'fast-check';
import { anyCron, type Cron, fixedCron, type minuteCron } from './cron_arbitraries.ts';
import { anyRrule, type Rrule } from './rrule_arbitraries.ts';
import type { Policy, Stretch } from './time_oracle.ts';

/** Changes by half an hour, by three, seven and 24, by seconds, in zones off the hour, and plain ones. */
export const zones = `
  Africa/Cairo Africa/Casablanca Africa/Monrovia America/Caracas America/Havana America/New_York
  America/Recife America/Santiago America/St_Johns Antarctica/Casey Antarctica/Troll Antarctica/Vostok
  Asia/Beirut Asia/Colombo Asia/Gaza Asia/Kathmandu Asia/Pyongyang Asia/Tehran Australia/Lord_Howe
  Europe/Berlin Europe/Dublin Pacific/Apia Pacific/Chatham Pacific/Kiritimati Pacific/Kwajalein
  Pacific/Norfolk UTC`
  .trim()
  .split(/\s+/);

export type Exact = { kind: 'exact'; every: string; anchor: number };
export type Civil = { kind: 'civil'; months: number; days: number; anchor: number };
export type At = { kind: 'at'; at: string };
export type Rule = Cron | Exact | Civil | At | Rrule;

/** A zone and an instant there, in microseconds since 1970-01-01 as everywhere: a number holds them exactly. */
export interface Moment {
  timezone: string;
  after: number;
  /** The clock change nearby, in seconds; any instant, where there is none. */
  change: number;
  /** The wall second at which that change begins to leave out or to repeat the time. */
  wall: number;
}

export interface Asked<Kind = Rule> extends Moment {
  rule: Kind;
  policy: Policy;
}

const day = 86_400;
const second = 1_000_000;

const policy: fc.Arbitrary<Policy> = fc.record({
  gap: fc.constantFrom('next', 'shift', 'skip'),
  fold: fc.constantFrom('first', 'last', 'both'),
});

/** Zones and instants, at and around clock changes or anywhere from 1971 to 2037. */
function moments(stretches: ReadonlyMap<string, Stretch[]>): fc.Arbitrary<Moment> {
  const [low, high] = [Date.parse('1971-01-01') / 1000, Date.parse('2037-01-01') / 1000];
  const anywhere = fc.integer({ min: low, max: high });
  const away = fc.oneof(
    fc.constantFrom(-day, -3600, -1800, -900, -60, -1, 0, 1, 899, 1799, 1800, 3599, 3600),
    fc.integer({ min: -10_000, max: 3600 }),
    fc.integer({ min: -2 * day, max: day }),
  );
  return fc.constantFrom(...zones).chain((timezone) => {
    const all = stretches.get(timezone) ?? [];
    const changes = all.map(({ from }) => from).filter((from) => from > low && from < high);
    const offsetOf = (at: number) => all.find(({ from, to }) => from <= at && at < to)?.offset ?? 0;
    const place = (change: number, at: number) => ({
      after: Math.max(low, at) * second,
      change,
      wall: change + Math.min(offsetOf(change - 1), offsetOf(change)),
    });
    const beside = fc
      .tuple(fc.constantFrom(...(changes.length > 0 ? changes : [low + day])), away)
      .map(([change, seconds]) => place(change, change + seconds));
    const plain = anywhere.map((at) => place(at, at));
    const places = fc.oneof({ weight: 4, arbitrary: beside }, { weight: 1, arbitrary: plain });
    const micros = fc.oneof(fc.constantFrom(0, 1, 999_999), fc.integer({ min: 0, max: 999_999 }));
    return fc
      .tuple(places, micros)
      .map(([found, rest]) => ({ ...found, timezone, after: found.after + rest }));
  });
}

/** An anchor at about the time of day of the change nearby, up to five years before or a month after. */
function anchored<T>({ change }: Moment, every: fc.Arbitrary<T>): fc.Arbitrary<T & { anchor: number }> {
  const days = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -1800, max: 30 }));
  const away = fc.oneof(fc.integer({ min: -4500, max: 4500 }), fc.integer({ min: -day, max: day }));
  const micros = fc.constantFrom(0, 0, 1, 500_000);
  return fc.tuple(every, days, away, micros).map(([rule, back, seconds, rest]) => ({
    ...rule,
    anchor: Math.max(2 * day, change + back * day + seconds) * second + rest,
  }));
}

const exact = fc
  .constantFrom(
    '1 second',
    '1.5 seconds',
    '90 seconds',
    '7 minutes',
    '15 minutes',
    '1 hour',
    '7 hours',
    '100 hours',
  )
  .map((every) => ({ kind: 'exact' as const, every }));
const civil = fc
  .constantFrom([0, 1], [0, 1], [0, 2], [0, 7], [0, 45], [1, 0], [3, 0], [1, 10], [12, 0], [12, 1])
  .map(([months = 0, days = 0]) => ({ kind: 'civil' as const, months, days }));

function civilInterval(moment: Moment): fc.Arbitrary<Civil> {
  return anchored(moment, civil);
}

function instant(after: number): fc.Arbitrary<At> {
  return fc.integer({ min: -2 * day * second, max: 2 * day * second }).map((away) => {
    const [seconds, micros] = [Math.floor((after + away) / second), (after + away) % second];
    const text = new Date(seconds * 1000).toISOString().replace('000Z', `${`${micros}`.padStart(6, '0')}Z`);
    return { kind: 'at', at: text };
  });
}

/** A wall-clock time, most often one that a clock change touches. */
export function wallTime({ wall }: Moment): fc.Arbitrary<At & { named: number }> {
  return fc.integer({ min: -900, max: 4500 }).map((away) => {
    const named = wall + away;
    return { kind: 'at', at: new Date(named * 1000).toISOString().slice(0, 19), named };
  });
}

function hourOf({ wall }: Moment): number {
  return Math.floor(wall / 3600) % 24;
}

/** A rule on the wall clock, to the minute or to the second. */
export function wallRule(cron: typeof minuteCron) {
  return (moment: Moment): fc.Arbitrary<Cron | Civil> => {
    const hour = hourOf(moment);
    return fc.oneof<fc.Arbitrary<Cron | Civil>[]>(cron(hour), fixedCron(hour), civilInterval(moment));
  };
}

export function anyRule(moment: Moment): fc.Arbitrary<Rule> {
  return fc.oneof(
    { weight: 5, arbitrary: anyCron(hourOf(moment)) },
    { weight: 2, arbitrary: fixedCron(hourOf(moment)) },
    { weight: 2, arbitrary: anchored(moment, exact) },
    { weight: 2, arbitrary: civilInterval(moment) },
    { weight: 1, arbitrary: instant(moment.after) },
    { weight: 4, arbitrary: anyRrule(moment.wall) },
  );
}

/** A rule with the zone, the policy and the instant to ask for. */
export function asked<Kind>(
  stretches: ReadonlyMap<string, Stretch[]>,
  rules: (moment: Moment) => fc.Arbitrary<Kind>,
): fc.Arbitrary<Asked<Kind>> {
  return fc
    .tuple(moments(stretches), policy)
    .chain(([moment, chosen]) => rules(moment).map((rule) => ({ ...moment, policy: chosen, rule })));
}
