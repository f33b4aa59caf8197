// Random rules of every kind, and the instants to ask them about, half of them next to a clock change.
import fc from 'fast-check';
import type { Policy, Stretch } from './time_oracle.ts';

/** Changes of half an hour, of 24, of three and of seven hours, by 45 minutes off the hour, by seconds, and plain ones. */
export const zones = [
  ...['Africa/Cairo', 'Africa/Casablanca', 'Africa/Monrovia', 'America/Caracas', 'America/Havana'],
  ...['America/New_York', 'America/Recife', 'America/Santiago', 'America/St_Johns', 'Antarctica/Casey'],
  ...['Antarctica/Troll', 'Antarctica/Vostok', 'Asia/Beirut', 'Asia/Colombo', 'Asia/Gaza', 'Asia/Kathmandu'],
  ...['Asia/Pyongyang', 'Asia/Tehran', 'Australia/Lord_Howe', 'Europe/Berlin', 'Europe/Dublin', 'Pacific/Apia'],
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
const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Values, lists, ranges and steps of a cron field, within its bounds. */
function restricted(low: number, high: number, names: readonly string[] = []): fc.Arbitrary<string> {
  const one = fc
    .tuple(fc.integer({ min: low, max: high }), fc.boolean())
    .map(([value, named]) => (named ? (names[value - low] ?? `${value}`) : `${value}`));
  const range = fc
    .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
    .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  return fc.oneof(
    { weight: 4, arbitrary: one },
    { weight: 3, arbitrary: fc.array(fc.oneof(one, range), { minLength: 2, maxLength: 4 }).map((items) => items.join(',')) },
    { weight: 2, arbitrary: range },
    { weight: 1, arbitrary: fc.tuple(range, fc.integer({ min: 1, max: high - low })).map(([r, step]) => `${r}/${step}`) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: high - low + 1 }).map((step) => `*/${step}`) },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: low, max: high })
        .chain((from) => fc.integer({ min: 1, max: high - from + 1 }).map((step) => `${from}/${step}`)),
    },
  );
}

function field(star: number, ...others: fc.WeightedArbitrary<string>[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: star, arbitrary: fc.constant('*') }, ...others);
}

const minute = field(2, { weight: 8, arbitrary: restricted(0, 59) });
const hour = field(
  2,
  // Most clocks change in these hours.
  { weight: 6, arbitrary: fc.constantFrom('0', '1', '2', '3', '4', '23', '0,2', '2,3', '1-3', '*/2', '0/1') },
  { weight: 3, arbitrary: restricted(0, 23) },
);
const monthDay = field(
  6,
  { weight: 2, arbitrary: restricted(1, 28) },
  { weight: 1, arbitrary: fc.constantFrom('?', 'L', 'L-1', 'L-27', 'LW', '1W', '15W', '28W', '31', '31W', '1,LW', '10-20,L') },
);
const month = field(8, { weight: 2, arbitrary: restricted(1, 12, monthNames) });
const weekday = field(
  6,
  { weight: 2, arbitrary: restricted(0, 6, weekdayNames) },
  { weight: 1, arbitrary: fc.constantFrom('?', '7', 'FRI-SUN', '5-7', 'FRIL', '0L', 'mon#1', '6#5', '1#2,3L', '2,5L', '*/7') },
);
const fiveFields = fc.tuple(minute, hour, monthDay, month, weekday).map((fields) => fields.join(' '));
const secondsField = field(1, { weight: 5, arbitrary: restricted(0, 59) });

export const cron: fc.Arbitrary<Cron> = fc
  .oneof({ weight: 4, arbitrary: fiveFields }, { weight: 1, arbitrary: fc.tuple(secondsField, fiveFields).map((both) => both.join(' ')) })
  .map((expression) => ({ kind: 'cron', cron: expression }));

/** To the minute, so that an oracle can go through many of their fires. */
export const minuteCron: fc.Arbitrary<Cron> = fiveFields.map((expression) => ({ kind: 'cron', cron: expression }));

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
    const changes = (stretches.get(timezone) ?? []).map(({ from }) => from).filter((from) => from > low && from < high);
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
        .tuple(fc.oneof(beside, anywhere), fc.oneof(fc.constantFrom(0, 1, 999_999), fc.integer({ min: 0, max: 999_999 })))
        .map(([seconds, rest]) => seconds * second + rest),
    });
  });
}

/** An anchor up to five years before, or a month after. */
function anchored<T>(after: number, every: fc.Arbitrary<T>): fc.Arbitrary<T & { anchor: number }> {
  const away = fc.oneof(fc.integer({ min: -2 * day, max: 2 * day }), fc.integer({ min: -1800 * day, max: 30 * day }));
  const earliest = 2 * day * second;
  return fc
    .tuple(every, away, fc.constantFrom(0, 0, 1, 500_000))
    .map(([rest, seconds, micros]) => ({ ...rest, anchor: Math.max(earliest, after + seconds * second) - (after % second) + micros }));
}

const exact = fc
  .constantFrom('1 second', '1.5 seconds', '90 seconds', '7 minutes', '15 minutes', '1 hour', '7 hours', '12 hours', '100 hours')
  .map((every) => ({ kind: 'exact' as const, every }));
const civil = fc
  .constantFrom([0, 1], [0, 2], [0, 7], [0, 45], [1, 0], [3, 0], [1, 10], [12, 0], [12, 1])
  .map(([months = 0, days = 0]) => ({ kind: 'civil' as const, months, days }));

export function asked(stretches: ReadonlyMap<string, Stretch[]>): fc.Arbitrary<Asked> {
  return fc.tuple(moments(stretches), policy).chain(([moment, chosen]) =>
    fc
      .oneof(
        { weight: 6, arbitrary: cron },
        { weight: 2, arbitrary: anchored(moment.after, exact) },
        { weight: 2, arbitrary: anchored(moment.after, civil) },
      )
      .map((rule) => ({ ...moment, policy: chosen, rule })),
  );
}
