// Random rules of every kind, and the instants to ask them about, half of them next to a clock change.
import fc from 'fast-check';
import { readCron } from './cron_reader.ts';
import type { Policy, Stretch } from './time_oracle.ts';

/** Changes of half an hour, of 24, of three and of seven hours, by 45 minutes off the hour, by seconds, and plain ones. */
export const zones = [
  ...['Africa/Cairo', 'Africa/Casablanca', 'Africa/Monrovia', 'America/Caracas', 'America/Havana'],
  ...['America/New_York', 'America/Recife', 'America/Santiago', 'America/St_Johns', 'Antarctica/Casey'],
  ...['Antarctica/Troll', 'Antarctica/Vostok', 'Asia/Beirut', 'Asia/Colombo', 'Asia/Gaza', 'Asia/Kathmandu'],
  ...[
    'Asia/Pyongyang',
    'Asia/Tehran',
    'Australia/Lord_Howe',
    'Europe/Berlin',
    'Europe/Dublin',
    'Pacific/Apia',
  ],
  ...['Pacific/Chatham', 'Pacific/Kiritimati', 'Pacific/Kwajalein', 'Pacific/Norfolk', 'UTC'],
] as const;

export type Cron = { kind: 'cron'; cron: string };
export type Exact = { kind: 'exact'; every: string; anchor: number };
export type Civil = { kind: 'civil'; months: number; days: number; anchor: number };
export type At = { kind: 'at'; at: string };

export interface Asked<Rule = Cron | Exact | Civil | At> {
  rule: Rule;
  timezone: string;
  policy: Policy;
  /** Microseconds since 1970-01-01, as all instants here. */
  after: number;
}

const day = 86_400;
const second = 1_000_000;
const policy: fc.Arbitrary<Policy> = fc.record({
  gap: fc.constantFrom('next', 'shift', 'skip'),
  fold: fc.constantFrom('first', 'last', 'both'),
});

interface Moment {
  timezone: string;
  after: number;
}

/** Zones and instants, at and around clock changes or anywhere from 1971 to 2037. */
function moments(stretches: ReadonlyMap<string, Stretch[]>): fc.Arbitrary<Moment> {
  const [low, high] = [Date.parse('1971-01-01') / 1000, Date.parse('2037-01-01') / 1000];
  const anywhere = fc.integer({ min: low, max: high });
  return fc.constantFrom(...zones).chain((timezone) => {
    const changes = (stretches.get(timezone) ?? [])
      .map(({ from }) => from)
      .filter((from) => from > low && from < high);
    const beside = fc
      .tuple(
        fc.constantFrom(...(changes.length > 0 ? changes : [low])),
        fc.oneof(
          fc.constantFrom(-1, 0, 1, -60, -900, -1800, -3600, 899, 1799, 1800, 3599, 3600, 7200, -day, day),
          fc.integer({ min: -2 * day, max: 2 * day }),
        ),
      )
      .map(([change, away]) => change + away);
    return fc.record({
      timezone: fc.constant(timezone),
      after: fc
        .tuple(
          fc.oneof(beside, anywhere),
          fc.oneof(fc.constantFrom(0, 1, 999_999), fc.integer({ min: 0, max: 999_999 })),
        )
        .map(([seconds, rest]) => seconds * second + rest),
    });
  });
}

/** An anchor up to five years before, or a month after. */
function anchored<T>(after: number, every: fc.Arbitrary<T>): fc.Arbitrary<T & { anchor: number }> {
  const away = fc.oneof(
    fc.integer({ min: -2 * day, max: 2 * day }),
    fc.integer({ min: -1800 * day, max: 30 * day }),
  );
  const earliest = 2 * day * second;
  return fc.tuple(every, away, fc.constantFrom(0, 0, 1, 500_000)).map(([rest, seconds, micros]) => ({
    ...rest,
    anchor: Math.max(earliest, after + seconds * second) - (after % second) + micros,
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
    '12 hours',
    '100 hours',
  )
  .map((every) => ({ kind: 'exact' as const, every }));
const civil = fc
  .constantFrom([0, 1], [0, 2], [0, 7], [0, 45], [1, 0], [3, 0], [1, 10], [12, 0], [12, 1])
  .map(([months = 0, days = 0]) => ({ kind: 'civil' as const, months, days }));

function instant(after: number): fc.Arbitrary<At> {
  return fc.integer({ min: -2 * day * second, max: 2 * day * second }).map((away) => {
    const at = after + away;
    const micros = `${((at % second) + second) % second}`.padStart(6, '0');
    return {
      kind: 'at',
      at: new Date(Math.floor(at / second) * 1000).toISOString().replace('000Z', `${micros}Z`),
    };
  });
}

/** A rule of any kind. */
export function anyRule(after: number): fc.Arbitrary<Cron | Exact | Civil | At> {
  return fc.oneof(
    { weight: 6, arbitrary: cron },
    { weight: 2, arbitrary: anchored(after, exact) },
    { weight: 2, arbitrary: civilInterval(after) },
    { weight: 1, arbitrary: instant(after) },
  );
}

export function civilInterval(after: number): fc.Arbitrary<Civil> {
  return anchored(after, civil);
}

/** A wall-clock time, most often one that a clock change touches. */
export function wallTime(stretches: ReadonlyMap<string, Stretch[]>) {
  return (after: number, timezone: string): fc.Arbitrary<At & { wall: number }> => {
    const at = Math.floor(after / second);
    const offset = stretches.get(timezone)?.find(({ from, to }) => from <= at && at < to)?.offset ?? 0;
    return fc.integer({ min: -10_000, max: 10_000 }).map((away) => {
      const wall = at + offset + away;
      return { kind: 'at', at: new Date(wall * 1000).toISOString().slice(0, 19), wall };
    });
  };
}

/** A rule with the zone, the policy and the instant to ask for. */
export function asked<Rule>(
  stretches: ReadonlyMap<string, Stretch[]>,
  rules: (after: number, timezone: string) => fc.Arbitrary<Rule>,
): fc.Arbitrary<Asked<Rule>> {
  return fc
    .tuple(moments(stretches), policy)
    .chain(([moment, chosen]) =>
      rules(moment.after, moment.timezone).map((rule) => ({ ...moment, policy: chosen, rule })),
    );
}
