// Intervals of hours, minutes and seconds that no day divides into, against a walk along every step of them.
import fc from 'fast-check';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { check } from '../support/properties.ts';

const database = await createDatabase();
const start = Date.UTC(2026, 0, 6, 9, 30, 15) / 1000;
const units = { HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 };

interface Asked {
  freq: keyof typeof units;
  interval: number;
  hours: number[];
  minutes: number[];
  seconds: number[];
  days: number[];
  after: number;
}

const weekdays = 'SU MO TU WE TH FR SA'.split(' ');

function ruleOf({ freq, interval, hours, minutes, seconds, days }: Asked): string {
  const parts = {
    BYHOUR: hours,
    BYMINUTE: minutes,
    BYSECOND: seconds,
    BYDAY: days.map((day) => weekdays[day]),
  };
  const given = Object.entries(parts).filter(([, list]) => list.length > 0);
  return [`FREQ=${freq};INTERVAL=${interval}`, ...given.map(([name, list]) => `${name}=${list}`)].join(';');
}

/** The first time that matches, step by step, in seconds, or how far it was looked for. */
function walk(asked: Asked): { at?: number; until: number } {
  const { freq, interval, days, after } = asked;
  const unit = units[freq];
  const sorted = (list: number[], own: number) => (list.length > 0 ? [...list].sort((a, b) => a - b) : [own]);
  // What is smaller than the unit is as it is written, or as it was at the start.
  const minutes = freq === 'HOURLY' ? sorted(asked.minutes, 30) : [0];
  const seconds = freq === 'SECONDLY' ? [0] : sorted(asked.seconds, 15);
  const matches = (list: number[], value: number) => list.length === 0 || list.includes(value);
  const steps = Math.floor((after - start) / unit / interval) - 1;
  let at = Math.floor(start / unit) * unit + Math.max(0, steps) * interval * unit;
  const until = at + 500_000 * interval * unit;
  for (; at < until; at += interval * unit) {
    if (!matches(asked.hours, Math.floor((at % 86400) / 3600))) continue;
    if (freq !== 'HOURLY' && !matches(asked.minutes, Math.floor((at % 3600) / 60))) continue;
    if (freq === 'SECONDLY' && !matches(asked.seconds, at % 60)) continue;
    if (!matches(days, (Math.floor(at / 86400) + 4) % 7)) continue;
    for (const minute of minutes) {
      for (const second of seconds) {
        const fire = at + minute * 60 + second;
        if (fire > after && fire >= start) return { at: fire, until };
      }
    }
  }
  return { until };
}

/** How many stretches of a week, or of a smaller circle, the parts leave: more than 300 are only tried, not solved for. */
function stretches({ freq, hours, minutes, seconds, days }: Asked): number {
  const levels = [
    { list: seconds, width: 60 },
    { list: minutes, width: 60 },
    { list: hours, width: 24 },
    { list: days, width: 7 },
  ].slice(['SECONDLY', 'MINUTELY', 'HOURLY'].indexOf(freq));
  while (levels.at(-1)?.list.length === 0) levels.pop();
  return levels.reduce(
    (count, { list, width }) => (count === 0 ? list.length : count * (list.length || width)),
    0,
  );
}

async function ask(asked: Asked): Promise<number | undefined> {
  const { rows } = await database.pool.query<{ at: number }>(
    `select extract(epoch from chime_private.next_fire(chime_private.read_rule(null, null, null, $1, 'UTC', null, null, $2, null, null),
       to_timestamp($3)))::float8 as at`,
    [ruleOf(asked), new Date(start * 1000), asked.after],
  );
  return rows[0]?.at ?? undefined;
}

t.test('as every step of the way', async (test) => {
  const some = (most: number, length: number) =>
    fc.uniqueArray(fc.integer({ min: 0, max: most }), { minLength: 0, maxLength: length });
  const values = fc.record({
    freq: fc.constantFrom('HOURLY', 'MINUTELY', 'SECONDLY'),
    interval: fc.oneof(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 200, max: 100_000 })),
    hours: some(23, 3),
    minutes: some(59, 4),
    seconds: some(59, 3),
    days: some(6, 3),
    after: fc.integer({ min: start - 1, max: start + 4 * 31_556_952 }),
  });
  const century = 100 * 31_556_952;
  let [found, absent] = [0, 0];
  await check(test, { runs: 400, values }, async (asked) => {
    if (stretches(asked as Asked) > 300) return;
    const wanted = walk(asked as Asked);
    const got = await ask(asked as Asked).catch((error: { code?: string }) => {
      if (error.code !== 'CH002') throw error;
      return undefined;
    });
    // What lies further away than a hundred years, or than was walked, is anybody's guess.
    const isFar =
      wanted.at === undefined ? (got ?? wanted.until) >= wanted.until : wanted.at > start + century;
    if (got !== wanted.at && !isFar)
      throw new Error(`${ruleOf(asked as Asked)} after ${asked.after}: ${got}, not ${wanted.at}`);
    if (wanted.at === undefined) absent++;
    else found++;
  });
  test.ok(found > 200 && absent > 0, `${found} found, ${absent} that have none`);
});

t.test('a time of day that steps come to once in years', async (test) => {
  const cases: [string, string][] = [
    ['FREQ=MINUTELY;INTERVAL=1009;BYHOUR=9;BYMINUTE=0', '2028-09-20 09:00:15+00'],
    ['FREQ=SECONDLY;INTERVAL=86399;BYHOUR=9;BYMINUTE=0;BYSECOND=0', '2030-12-26 09:00:00+00'],
  ];
  for (const [rule, first] of cases) {
    const fires = await database.rows<{ at: string }>(
      `select scheduled_for::text as at from chime.preview(rrule => $1, anchor => to_timestamp($2), after => to_timestamp($2), count => 1)`,
      [rule, start],
    );
    test.strictSame(fires, [{ at: first }], rule);
  }
});
