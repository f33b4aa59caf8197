// Random cron expressions for property tests, with everything that pgchime reads.
import fc from 'fast-check';
import { readCron } from './cron_reader.ts';

export type Cron = { kind: 'cron'; cron: string };

const monthNames = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const weekdayNames = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/** Values, lists, ranges and steps of a cron field, within its bounds. */
function restricted(low: number, high: number, names: readonly string[] = []): fc.Arbitrary<string> {
  const value = fc.integer({ min: low, max: high });
  const step = (most: number) => fc.integer({ min: 1, max: most });
  const one = fc.tuple(value, fc.boolean()).map(([n, named]) => (named && names[n - low]) || `${n}`);
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const list = fc.array(fc.oneof(one, range), { minLength: 2, maxLength: 4 }).map((items) => items.join(','));
  return fc.oneof(
    { weight: 4, arbitrary: one },
    { weight: 3, arbitrary: list },
    { weight: 2, arbitrary: range },
    { weight: 1, arbitrary: fc.tuple(range, step(high - low)).map((parts) => parts.join('/')) },
    { weight: 2, arbitrary: step(high - low + 1).map((n) => `*/${n}`) },
    { weight: 1, arbitrary: value.chain((from) => step(high - from + 1).map((n) => `${from}/${n}`)) },
  );
}

interface Choices {
  star: number;
  plain: fc.Arbitrary<string>;
  special?: string;
}

/** One field: so often a star, else a plain one, now and then one of the special forms. */
function field({ star, plain, special }: Choices): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: star, arbitrary: fc.constant('*') },
    { weight: 8, arbitrary: plain },
    ...(special === undefined ? [] : [{ weight: 3, arbitrary: fc.constantFrom(...special.split(' ')) }]),
  );
}

const minute = field({ star: 1, plain: restricted(0, 59) });
const monthDay = field({
  star: 36,
  plain: restricted(1, 28),
  special: '? L L-1 L-27 LW 1W 15W 28W 31 31W 1,LW 10-20,L',
});
const month = field({ star: 40, plain: restricted(1, 12, monthNames) });
const weekday = field({
  star: 36,
  plain: restricted(0, 6, weekdayNames),
  special: '? 7 FRI-SUN 5-7 FRIL 0L mon#1 6#5 1#2,3L 2,5L */7',
});

/** Hours at about this one, so that a clock change nearby touches them. */
function hourAbout(about: number): fc.Arbitrary<string> {
  const [before, next] = [(about + 23) % 24, (about + 1) % 24];
  return fc.constantFrom(`${about}`, `${before},${about}`, `${about},${next}`, `${next}`);
}

/** Fixed times of every day, about this hour: what a policy for clock changes is for. */
export function fixedCron(hour: number): fc.Arbitrary<Cron> {
  // Round ones most often: they meet the change itself, and each other once they are shifted.
  const value = fc.oneof(fc.constantFrom(0, 0, 15, 30, 45), fc.integer({ min: 0, max: 59 }));
  const minutes = fc.uniqueArray(value, { minLength: 1, maxLength: 4 });
  return fc
    .tuple(minutes, hourAbout(hour))
    .map(([values, hours]): Cron => ({ kind: 'cron', cron: `${values} ${hours} * * *` }));
}

const fortyYears = Array.from({ length: 40 * 366 }, (_, index) => index);

/** Five fields; now and then a day that no month has. */
function fiveFields(hour: number): fc.Arbitrary<Cron> {
  const hours = field({
    star: 1,
    plain: fc.oneof(hourAbout(hour), restricted(0, 23)),
    special: '*/2 */3 0/1 0-23 1-3,12',
  });
  return fc
    .tuple(minute, hours, monthDay, month, weekday)
    .map((fields): Cron => ({ kind: 'cron', cron: fields.join(' ') }));
}

/** To the minute, so that an oracle can go through many of their fires. */
export function minuteCron(hour: number): fc.Arbitrary<Cron> {
  return (
    fiveFields(hour)
      // Not the 31st of February: a rule that never fires is refused.
      .filter(({ cron }) => {
        const rule = readCron(cron);
        return fortyYears.some((day) => rule.secondsOf(day).length > 0);
      })
  );
}

const seconds = field({ star: 1, plain: restricted(0, 59) });

/** One in five with seconds. */
function sixFields(fields: fc.Arbitrary<Cron>): fc.Arbitrary<Cron> {
  const withSeconds = fc
    .tuple(seconds, fields)
    .map(([first, { cron }]): Cron => ({ kind: 'cron', cron: `${first} ${cron}` }));
  return fc.oneof({ weight: 4, arbitrary: fields }, { weight: 1, arbitrary: withSeconds });
}

export function anyCron(hour: number): fc.Arbitrary<Cron> {
  return sixFields(minuteCron(hour));
}

/** Anything that can be written, often with restricted days: some of it never fires. */
export function writtenCron(): fc.Arbitrary<Cron> {
  const days = fc.tuple(
    restrictedOr('* ? L L-1 L-2 L-29 LW 1W 15W 31W 31 1,LW 10-20,L 1W,15W,L-3', restricted(1, 31)),
    restrictedOr('* * JAN', restricted(1, 12, monthNames)),
    restrictedOr('* ? 1-5 6,0 FRI-SUN FRIL 0L mon#1 3#5 1#2,3L 2,5L */7', restricted(0, 6, weekdayNames)),
  );
  const hour = fc.oneof(hourAbout(9), restricted(0, 23));
  const daily = fc.tuple(minute, hour, days).map(([m, h, rest]) => `${m} ${h} ${rest.join(' ')}`);
  const cron = daily.map((text): Cron => ({ kind: 'cron', cron: text }));
  return sixFields(fc.oneof(fiveFields(9), cron));
}

function restrictedOr(special: string, plain: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...special.split(' ')), plain);
}
