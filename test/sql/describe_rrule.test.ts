// Recurrence rules in words: what exactly is said, that everything can be said, and that no two rules that fire differently are
// described alike, least of all two that differ in a single part.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { seed } from '../support/properties.ts';
import { seededRandom } from '../support/random_cron.ts';
import { anyRrule } from '../support/rrule_arbitraries.ts';
import { changesOf, randomWritten, writeLines } from '../support/rrule_changes.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const { create } = shorthand(database);
await MovableNow.install(database, '2026-03-01 12:00:30Z');

interface DescribeVector {
  rule: Record<string, string>;
  en: string;
  ru: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/describe-rrule.json', import.meta.url), 'utf8'),
) as DescribeVector[];

function describe(rule: Record<string, string>): Promise<string> {
  const args = Object.keys(rule).map((name, index) => `${name} => $${index + 1}`);
  return database.value(`select chime.describe(${args.join(', ')})`, Object.values(rule));
}

t.test('worked examples, as a careful native would write them', async (test) => {
  test.ok(vectors.length >= 130);
  for (const { rule, en, ru } of vectors) {
    test.equal(await describe({ ...rule, locale: 'en' }), en, JSON.stringify(rule));
    test.equal(await describe({ ...rule, locale: 'ru' }), ru, JSON.stringify(rule));
  }
});

t.test('without DTSTART it begins now, and the words say so', async (test) => {
  const cases: [string, string, string][] = [
    [
      'FREQ=DAILY',
      'at 12:00:30 every day, from now on, UTC',
      'ежедневно в 12:00:30, с этого момента, по UTC',
    ],
    [
      'FREQ=WEEKLY;INTERVAL=2;BYHOUR=9;BYMINUTE=0;BYSECOND=0;UNTIL=20301231',
      'every 2 weeks on Sunday at 09:00, counted from now, until 2030-12-31, UTC',
      'каждые 2 недели в воскресенье в 09:00, считая с этого момента, по 31.12.2030, по UTC',
    ],
    [
      'FREQ=MINUTELY;BYSECOND=0;COUNT=5',
      'every minute, from now on, 5 times, UTC',
      'каждую минуту, с этого момента, 5 раз, по UTC',
    ],
    [
      'FREQ=MINUTELY;INTERVAL=7',
      'every 7 minutes at second 30, counted from now, UTC',
      'каждые 7 минут на секунде 30, считая с этого момента, по UTC',
    ],
  ];
  for (const [rrule, en, ru] of cases) {
    test.equal(await describe({ rrule }), en);
    test.equal(await describe({ rrule, locale: 'ru' }), ru);
  }
  const begun = await describe({ rrule: 'FREQ=DAILY', anchor: '2026-01-05T08:00Z' });
  test.equal(begun, 'at 08:00 every day, from 2026-01-05, UTC');
});

t.test('a stored schedule', async (test) => {
  const words = (id: string) => database.value('select chime.describe($1::uuid)', [id]);
  const id = await create("rrule => 'FREQ=DAILY;COUNT=10'");
  test.equal(await words(id), 'at 12:00:30 every day, from 2026-03-01, 10 times, UTC');
  // As it was stored before rules kept their COUNT.
  await database.rows('update chime.schedules set rule.count = null where id = $1', [id]);
  test.equal(await words(id), 'at 12:00:30 every day, from 2026-03-01 until 2026-03-10, UTC');

  const several = JSON.stringify([
    { rrule: 'DTSTART:20260302T090000\nFREQ=MONTHLY;BYDAY=-1FR' },
    { cron: '0 12 * * *' },
  ]);
  test.equal(
    await words(await create(`rules => '${several}'`)),
    'at 09:00 on the last Friday of the month, from 2026-03-02, UTC; and at 12:00 every day, UTC',
  );
});

const odd = (low: number, high: number) =>
  Array.from({ length: Math.floor((high - low) / 2) + 1 }, (_, index) => low + 2 * index);

t.test('rules that say as much as they can are described, and not at any length', async (test) => {
  const both = (high: number) => `${odd(1, high)},${odd(2, high).map((n) => -n)}`;
  const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
  const numbered = (high: number) =>
    weekdays.flatMap((name) => odd(1, high).map((n) => `${n}${name},-${n}${name}`));
  const times = `BYHOUR=${odd(0, 23)};BYMINUTE=${odd(0, 59)};BYSECOND=${odd(0, 59)}`;
  const months = 'BYMONTH=1,3,5,7,9,11';
  const dates = Array.from({ length: 500 }, (_, index) =>
    new Date(Date.UTC(2027, 0, 1 + index, 1, 1, index % 60))
      .toISOString()
      .slice(0, 19)
      .replaceAll(/[-:]/g, ''),
  );
  const rules = [
    `FREQ=YEARLY;INTERVAL=2;BYDAY=${numbered(53)};${times};BYSETPOS=${both(366)};WKST=SU`,
    `FREQ=YEARLY;BYYEARDAY=${both(366)};BYMONTHDAY=${both(31)};BYWEEKNO=${both(53)};BYDAY=MO,WE,FR,SU;${months};${times};BYSETPOS=${both(366)};WKST=SU`,
    `FREQ=YEARLY;BYYEARDAY=${both(366)};BYDAY=${numbered(53)};${times};UNTIL=20400101T000000`,
    `FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=${both(31)};BYDAY=MO,${numbered(5)};${months};${times};BYSETPOS=${both(366)}`,
    `FREQ=SECONDLY;INTERVAL=7;BYYEARDAY=${both(366)};BYMONTHDAY=${both(31)};BYDAY=MO,WE;${months};${times}`,
    `FREQ=HOURLY;INTERVAL=5;BYYEARDAY=${both(366)};BYMONTHDAY=${both(31)};${months};${times};BYSETPOS=${both(366)}`,
    ...['SECONDLY;INTERVAL=999999999', 'MINUTELY;INTERVAL=52596000', 'HOURLY;INTERVAL=876600'].map(
      (rule) => `FREQ=${rule}`,
    ),
    ...['DAILY;INTERVAL=36525', 'WEEKLY;INTERVAL=5217', 'MONTHLY;INTERVAL=1200', 'YEARLY;INTERVAL=100'].map(
      (rule) => `FREQ=${rule}`,
    ),
  ];
  for (const rule of rules) {
    const rrule = `DTSTART:20260101T010101\n${rule}\nRDATE:${dates.slice(0, 400)}\nEXDATE:${dates.slice(450)},20260101T010101`;
    for (const locale of ['en', 'ru']) {
      const words = await describe({ rrule, timezone: 'Europe/Berlin', locale });
      test.ok(words.length < 2000, `${words.length} characters: ${rule.slice(0, 60)}`);
    }
  }
});

t.test('days of the year are told from what is compiled of them', async (test) => {
  test.comment(`SEED=${seed}`);
  // Near the ends of the year, where a day may be told either way, more often than elsewhere.
  const day = fc.oneof(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 359, max: 366 }),
    fc.integer({ min: 1, max: 366 }),
  );
  const signed = fc.tuple(day, fc.boolean()).map(([number, back]) => (back ? -number : number));
  const lists = fc.sample(fc.uniqueArray(signed, { minLength: 1, maxLength: 12 }), { numRuns: 300, seed });
  const wrong = await database.rows(
    `select days, told from jsonb_array_elements($1) d(days),
       lateral (select array_fill(0::bigint, array[34]) || chime_private.rrule_year_days(days) as fields) f,
       lateral (select chime_private.rrule_year_numbers(fields) as told) t
     where chime_private.rrule_year_days(to_jsonb(told)) <> fields[35:] or cardinality(told) > jsonb_array_length(days)`,
    [JSON.stringify(lists)],
  );
  test.strictSame(wrong, []);
});

// All descriptions of a rule, and when it fires: first, and after some time.
const functions = `
  create type described as (rrule text, timezone text, starts_at timestamptz, ends_at timestamptz, en text, ru text, fires text);
  create function describe_all(rrules text[], timezones text[], froms float8[], tos float8[]) returns setof described language plpgsql as $$
  declare
    v record;
    v_rule chime_private.rule;
    v_from timestamptz;
    v_at timestamptz;
    v_fires timestamptz[];
  begin
    for v in
      select u.rrule, u.timezone, to_timestamp(u.low) as low, to_timestamp(u.high) as high from unnest(rrules, timezones, froms, tos) u(rrule, timezone, low, high)
    loop
      begin
        v_rule := chime_private.read_rule(null, null, null, v.rrule, v.timezone, null, null, null, v.low, v.high);
      exception when sqlstate 'CH001' or sqlstate 'CH002' or sqlstate 'CH007' then
        continue;  -- parts that do not go together, or never meet
      end;
      v_fires := '{}';
      foreach v_from in array array[timestamptz '1970-01-02Z', '2026-06-01Z', '2027-03-01Z', '2031-01-01Z'] loop
        v_at := v_from;
        for v_index in 1..case v_from when '1970-01-02Z' then 12 else 3 end loop
          v_at := chime_private.next_fire(v_rule, v_at);
          exit when v_at is null;
          v_fires := v_fires || v_at;
        end loop;
      end loop;
      return next (v.rrule, v.timezone, v.low, v.high, chime_private.rule_words(v_rule, 'en'), chime_private.rule_words(v_rule, 'ru'), v_fires::text)::described;
    end loop;
  end $$;
  create table words (like described)`;

interface Described {
  rrule: string;
  timezone: string;
  from?: number;
  to?: number;
}

async function describeAll(rules: Described[]): Promise<void> {
  const columns = (['rrule', 'timezone', 'from', 'to'] as const).map((name) =>
    rules.map((rule) => rule[name] ?? null),
  );
  await database.rows('insert into words select * from describe_all($1, $2, $3, $4)', columns);
}

t.test('rules that differ in a single part, and fire differently, are not described alike', async (test) => {
  test.comment(`SEED=${seed}`);
  await database.pool.query(functions);
  const random = seededRandom(seed);
  const all = Array.from({ length: 80 }, (_, index) => {
    const timezone = ['Europe/Berlin', 'UTC', 'America/New_York'][index % 3] as string;
    const written = randomWritten(random);
    return [written, ...changesOf(random, written)].map((one) => ({
      ...one,
      rrule: writeLines(one),
      timezone,
    }));
  }).flat() as Described[];
  const change = Date.UTC(2026, 9, 25, 2, 30) / 1000;
  const others = fc.sample(anyRrule(change), { numRuns: 240, seed });
  all.push(...others.map(({ rrule }) => ({ rrule, timezone: 'Europe/Berlin' })));
  const batches = Array.from({ length: 20 }, (_, index) => all.filter((_rule, at) => at % 20 === index));
  const workers = [0, 1].map(async (first) => {
    for (let index = first; index < batches.length; index += 2) await describeAll(batches[index] ?? []);
  });
  await Promise.all(workers);

  const described = await database.value<number>('select count(*)::integer from words');
  test.ok(described >= 1000, `${described} rules were described`);
  for (const locale of ['en', 'ru']) {
    const alike = await database.rows(
      `select ${locale} as words, min(rrule) as one, max(rrule) as other from words group by 1 having count(distinct fires) > 1 limit 5`,
    );
    test.strictSame(alike, [], locale);
  }
  const wrong = await database.rows(
    `select rrule, en, ru from words
     where en is null or ru is null or greatest(length(en), length(ru)) >= 1000
       or concat(en, '|', ru) ~ '  | ,|,,|null|undefined|NaN|—|[{}"]|(^|\\|) | (\\||$)' or en ~ '[а-яё]'
       or ru ~ '(every|minute|month| on | at | of )' limit 5`,
  );
  test.strictSame(wrong, [], 'nothing is left out, doubled or in the other language');
});
