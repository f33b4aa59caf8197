// Random recurrence rules for property tests, most of them about the time of day of a clock change.
import fc from 'fast-check';

export type Rrule = { kind: 'rrule'; rrule: string };

const weekdays = 'SU MO TU WE TH FR SA'.split(' ');
const day = 86_400;

/** A wall second as iCalendar writes it. */
export function basicTime(wall: number): string {
  return new Date(wall * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

function some<T>(values: readonly T[], most = 3): fc.Arbitrary<string> {
  return fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most }).map(String);
}

const numbers = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, n) => low + n);

/** Parts that name days, such as some day meets within a few years. */
const dayParts: Record<string, fc.Arbitrary<string>> = {
  YEARLY: fc.oneof(
    fc.constant(''),
    some(numbers(1, 12)).map((months) => `;BYMONTH=1,${months}`),
    some([1, 60, 100, 365, -1, -365]).map((days) => `;BYYEARDAY=${days}`),
    fc
      .tuple(some([1, 20, 52, -1]), some(weekdays))
      .map(([weeks, days]) => `;BYWEEKNO=${weeks};BYDAY=${days}`),
    some(['1MO', '20FR', '-1SU', 'TU']).map((days) => `;BYDAY=${days}`),
  ),
  MONTHLY: fc.oneof(
    fc.constant(''),
    some([1, 15, 28, 31, -1, -5]).map((days) => `;BYMONTHDAY=${days}`),
    some(['1MO', '-1FR', '2SU', 'WE']).map((days) => `;BYDAY=${days}`),
    some([1, 2, -1, -2]).map((places) => `;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=${places}`),
  ),
  WEEKLY: fc.oneof(
    fc.constant(''),
    some(weekdays).map((days) => `;BYDAY=${days}`),
    some(weekdays).map((days) => `;BYDAY=${days};WKST=SU;BYSETPOS=-1`),
  ),
  DAILY: fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: some(weekdays).map((days) => `;BYDAY=${days}`) },
  ),
  HOURLY: fc.constantFrom('', ';BYMINUTE=0,30', ';BYHOUR=0,1,2,3,23', ';BYMINUTE=0,15,45;BYSETPOS=2'),
  MINUTELY: fc.constantFrom('', ';BYHOUR=1,2,3', ';BYSECOND=0,30', ';BYDAY=SA,SU'),
  SECONDLY: fc.constantFrom('', ';BYMINUTE=0,30', ';BYHOUR=2'),
};

const intervals: Record<string, number[]> = {
  ...{ YEARLY: [1, 1, 2], MONTHLY: [1, 1, 2, 5], WEEKLY: [1, 1, 2], DAILY: [1, 1, 1, 2, 40] },
  ...{ HOURLY: [1, 2, 5, 24, 36], MINUTELY: [1, 7, 15, 45, 90], SECONDLY: [1, 7, 30] },
};

const timeParts = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: some([0, 1, 2, 3, 23]).map((hours) => `;BYHOUR=${hours};BYMINUTE=0,30`) },
);

/** Any recurrence rule that fires, begun up to three years before a wall second or a month after. */
export function anyRrule(wall: number): fc.Arbitrary<Rrule> {
  const begun = fc.tuple(
    fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -1000, max: 30 })),
    fc.oneof(fc.constantFrom(-900, 0, 1800, 3600), fc.integer({ min: -4500, max: 4500 })),
  );
  return fc.tuple(fc.constantFrom(...Object.keys(dayParts)), begun).chain(([freq, [away, seconds]]) => {
    const start = Math.max(2 * day, wall + away * day + seconds);
    const end = fc.oneof(
      { weight: 4, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }).map((count) => `;COUNT=${count}`) },
      {
        weight: 1,
        arbitrary: fc
          .integer({ min: 0, max: 400 * day })
          .map((seconds) => `;UNTIL=${basicTime(start + (freq === 'YEARLY' ? 3000 : 600) * day + seconds)}Z`),
      },
    );
    const dates = fc.oneof(
      { weight: 4, arbitrary: fc.constant('') },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('RDATE', 'EXDATE'), fc.integer({ min: -day, max: 3 * day }))
          .map(([name, away]) => `\n${name}:${basicTime(start + 40 * day + Math.round(away / 1800) * 1800)}`),
      },
    );
    const interval = fc.constantFrom(...(intervals[freq] as number[]));
    const times = ['HOURLY', 'MINUTELY', 'SECONDLY'].includes(freq) ? fc.constant('') : timeParts;
    return fc
      .tuple(interval, dayParts[freq] as fc.Arbitrary<string>, times, end, dates)
      .map(([every, days, at, until, extra]): Rrule => {
        // Every 24 hours there is but one hour.
        const named = freq === 'HOURLY' && every >= 24 ? '' : days;
        const parts = `FREQ=${freq};INTERVAL=${every}${named}${at}${until}`;
        return { kind: 'rrule', rrule: `DTSTART:${basicTime(start)}\n${parts}${extra}` };
      });
  });
}
