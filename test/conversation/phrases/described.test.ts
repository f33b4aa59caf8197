// Rules, described by the database in both languages and read back: what is read fires as the rule does. CASES=10000 goes through as many
// of each kind.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { readDescribed } from '../../../src/conversation/phrases/described/read.ts';
import { readPhrase } from '../../../src/conversation/phrases/read.ts';
import { writtenCron } from '../../support/cron_arbitraries.ts';
import { createDatabase } from '../../support/database.ts';
import { casesOf, seed } from '../../support/properties.ts';
import { seededRandom } from '../../support/random_cron.ts';
import { randomRrule, writeRrule } from '../../support/random_rrule.ts';
import { anyRrule } from '../../support/rrule_arbitraries.ts';

const database = await createDatabase();
await database.pool.query(`
  create function words_of(r jsonb, locale text) returns text language plpgsql as $$
  begin
    return chime.describe(cron => r ->> 'cron', every => (r ->> 'every')::interval, at => r ->> 'at', rrule => r ->> 'rrule', timezone => r ->> 'timezone',
      anchor => (r ->> 'anchor')::timestamptz, starts_at => (r ->> 'starts_at')::timestamptz, ends_at => (r ->> 'ends_at')::timestamptz, locale => locale);
  exception when sqlstate 'CH001' or sqlstate 'CH002' or sqlstate 'CH004' then
    return null;
  end $$;
  create function fires_of(r jsonb, after timestamptz) returns text language plpgsql as $$
  begin
    return (select string_agg(p.scheduled_for::text, ' ' order by p.scheduled_for) from chime.preview(cron => r ->> 'cron', every => (r ->> 'every')::interval,
      at => r ->> 'at', rrule => r ->> 'rrule', timezone => r ->> 'timezone', anchor => (r ->> 'anchor')::timestamptz,
      starts_at => (r ->> 'starts_at')::timestamptz, ends_at => (r ->> 'ends_at')::timestamptz, after => after, count => 5) p);
  exception when others then
    return sqlstate || ' ' || sqlerrm;
  end $$;`);

type Rule = Record<string, string>;

/** What does not come back: the rule, its sentence, and what was read. */
async function lost(rules: readonly Rule[], after: string): Promise<{ number: number; wrong: string[] }> {
  const described = (
    await Promise.all(
      (['en', 'ru'] as const).map((locale) =>
        database.rows<{ rule: Rule; words: string }>(
          `select r as rule, w.words from jsonb_array_elements($1) r cross join lateral (select words_of(r, $2) offset 0) w(words) where w.words is not null`,
          [JSON.stringify(rules), locale],
        ),
      ),
    )
  ).flat();
  const read = described.map(({ rule, words }) => {
    const found = readDescribed(words);
    return { rule, words, found: found && { ...found.rule, timezone: found.timezone } };
  });
  const fires = await database.rows<{ number: number; same: boolean }>(
    `select e.number::integer, fires_of(e.pair -> 'rule', $2) is not distinct from fires_of(e.pair -> 'found', $2) as same
     from jsonb_array_elements($1) with ordinality e(pair, number) where e.pair -> 'found' is not null`,
    [JSON.stringify(read), after],
  );
  const differs = new Set(fires.filter(({ same }) => !same).map(({ number }) => number - 1));
  const wrong = read
    .filter(({ found, words }, index) => (found === undefined || differs.has(index)) && !isCut(words))
    .map((each) => JSON.stringify(each));
  return { number: described.length, wrong };
}

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];
const zoneOf = (index: number): string => zones[index % zones.length] as string;
const after = '2026-01-15T10:00:00Z';

/** Holds that all come back, and says of how many. */
async function hold(test: Test, rules: readonly Rule[]): Promise<void> {
  test.comment(`SEED=${seed}`);
  const { number, wrong } = await lost(rules, after);
  test.ok(number > rules.length, `${number} sentences`);
  test.strictSame(wrong.slice(0, 5), [], `${wrong.length} of ${number} do not come back`);
}

t.test('expressions of cron', (test) => {
  const crons = fc.sample(writtenCron(), { numRuns: casesOf(500), seed });
  return hold(
    test,
    crons.map(({ cron }, index) => ({ cron, timezone: zoneOf(index) })),
  );
});

/** What is cut short in words, since nobody reads lists of dozens to their end. */
const isCut = (words: string): boolean =>
  /\((?:and|or) \d+ more\)|\((?:и|или) ещё \d+\)|\d+ more \(up to|ещё \d+ \(до/.test(words);

t.test('recurrence rules', (test) => {
  const random = seededRandom(seed);
  const change = Date.UTC(2026, 2, 29, 1, 30) / 1000;
  const number = casesOf(260);
  const written = Array.from({ length: number / 2 }, (): string => {
    const start = new Date(
      Date.UTC(2024, 0, 1) + Math.floor(random() * 700) * 86_400_000 + Math.floor(random() * 86_400) * 1000,
    );
    return `DTSTART:${start.toISOString().replaceAll(/[-:]|\.\d+Z/g, '')}\nRRULE:${writeRrule(randomRrule(random))}`;
  });
  const others = fc.sample(anyRrule(change), { numRuns: number / 2, seed }).map(({ rrule }) => rrule);
  // Its first time is left out by a clock change: no interval counts from there.
  const inGap = 'DTSTART:20260329T023000\nRRULE:FREQ=WEEKLY;INTERVAL=2';
  return hold(
    test,
    [inGap, ...written, ...others].map((rrule, index) => ({ rrule, timezone: zoneOf(index) })),
  );
});

t.test('intervals', (test) => {
  const anchor = fc
    .date({ min: new Date('2020-01-01'), max: new Date('2026-01-10'), noInvalidDate: true })
    .map((date) => date.toISOString().replace(/\.\d+/, ''));
  const size = fc.integer({ min: 1, max: 100 });
  const every = fc.oneof(
    fc
      .tuple(size, fc.constantFrom('minutes', 'hours', 'days', 'weeks', 'months', 'years'))
      .map((parts) => parts.join(' ')),
    fc.tuple(size, size).map(([hours, seconds]) => `${hours} hours ${seconds} seconds`),
    fc.tuple(size, size).map(([months, days]) => `${months} months ${days} days`),
  );
  const intervals = fc.sample(fc.tuple(every, anchor), { numRuns: casesOf(120), seed });
  return hold(
    test,
    intervals.map(([span, from], index) => ({ every: span, anchor: from, timezone: zoneOf(index) })),
  );
});

t.test('one-offs, and bounds', (test) => {
  const moment = fc
    .date({ min: new Date('2026-01-20'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().replace(/\.\d+/, ''));
  const moments = fc.sample(fc.tuple(moment, moment), { numRuns: casesOf(60), seed });
  return hold(
    test,
    moments.flatMap(([one, other], index): Rule[] => {
      const [starts_at, ends_at] = [one, other].sort() as [string, string];
      const timezone = zoneOf(index);
      return [
        { at: one, timezone },
        { cron: '30 9 * * 1-5', starts_at, timezone },
        { cron: '*/20 * * * *', starts_at, ends_at, timezone },
      ];
    }),
  );
});

t.test('a phrase as any other', async (test) => {
  const context = { now: new Date(after), timezone: 'UTC', locale: 'en' } as const;
  test.match(readPhrase('at 09:00 on weekdays, Europe/Berlin time', context), {
    kind: 'recurring',
    rule: { cron: '0 9 * * 1-5' },
    timezone: 'Europe/Berlin',
    message: '',
  });
});
