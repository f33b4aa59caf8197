// Rules in words: what exactly is said, that everything can be said, and that no two rules are described alike.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { writtenCron } from '../support/cron_arbitraries.ts';
import { createDatabase } from '../support/database.ts';
import { casesOf, seed } from '../support/properties.ts';

const database = await createDatabase();

interface DescribeVector {
  rule: Record<string, string>;
  en: string;
  ru: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/describe.json', import.meta.url), 'utf8'),
) as DescribeVector[];

/** The call that describes a rule, by named arguments. */
function call(rule: Record<string, string>): { text: string; values: string[] } {
  const args = Object.keys(rule).map((name, index) => `${name} => $${index + 1}`);
  return { text: `chime.describe(${args.join(', ')})`, values: Object.values(rule) };
}

t.test('worked examples, as a careful native would write them', async (test) => {
  test.ok(vectors.length >= 170);
  for (const { rule, en, ru } of vectors) {
    for (const [locale, expected] of Object.entries({ en, ru })) {
      const { text, values } = call({ ...rule, locale });
      test.equal(await database.value(`select ${text}`, values), expected, JSON.stringify(rule));
    }
  }
});

t.test('locales by their language', async (test) => {
  for (const locale of ['en', 'EN', 'en-GB', 'en_US.UTF-8', 'en@euro']) {
    const words = await database.value("select chime.describe(cron => '0 9 * * *', locale => $1)", [locale]);
    test.equal(words, 'at 09:00 every day, UTC', locale);
  }
  for (const locale of ['ru', 'RU', 'ru-RU', 'ru_RU', 'ru_UA.UTF-8']) {
    const words = await database.value("select chime.describe(cron => '0 9 * * *', locale => $1)", [locale]);
    test.equal(words, 'ежедневно в 09:00, по UTC', locale);
  }
  for (const locale of ['de', '', 'english', 'r', 'rus', null, 'x'.repeat(500)]) {
    const error = await database.error("select chime.describe(cron => '0 9 * * *', locale => $1)", [locale]);
    test.hasStrict(error, { code: 'CH007', hint: 'Locales are en and ru.' }, String(locale));
    test.ok(error.message.length < 120);
  }
});

t.test('a wrong rule is refused as everywhere', async (test) => {
  const cases: [string, string][] = [
    ["cron => '61 * * * *'", 'CH001'],
    ["cron => '0 0 31 2 *'", 'CH002'],
    ["cron => '0 0 * * *', timezone => 'Berlin'", 'CH003'],
    ["cron => '0 0 * * *', starts_at => 'infinity'", 'CH007'],
    ["every => '1 day 1 hour'", 'CH001'],
    ["at => 'tomorrow'", 'CH001'],
    ["cron => '0 0 * * *', every => '1 day'", 'CH001'],
    ["timezone => 'UTC'", 'CH001'],
  ];
  for (const [fields, code] of cases) {
    test.equal((await database.error(`select chime.describe(${fields})`)).code, code, fields);
  }
});

t.test('a stored schedule, of the own tenant', async (test) => {
  const { id } = await database.row<{ id: string }>(
    `select id from chime.create_schedule(task => 'noop', every => '2 weeks', anchor => '2099-01-01T08:00Z', timezone => 'Europe/Berlin')`,
  );
  const describe = 'select chime.describe(schedule_id => $1)';
  const words = 'every 2 weeks on Thursday at 09:00, counted from 2099-01-01, Europe/Berlin time';
  test.equal(await database.value(describe, [id]), words);
  test.match(
    await database.value('select chime.describe($1::uuid, $2)', [id, 'ru']),
    /^каждые 2 недели в четверг/,
  );
  test.equal((await database.error('select chime.describe($1::uuid, $2)', [id, 'fr'])).code, 'CH007');

  const client = await database.connect(test);
  await client.query('set role chime_admin');
  test.strictSame((await client.query(describe, [id])).rows, [{ describe: words }], 'also for a user');
  await client.query("set chime.tenant_id = '00000000-0000-0000-0000-0000000000ff'");
  await test.rejects(client.query(describe, [id]), { code: 'CH010' }, 'and not for another tenant');
  await client.query('reset role; reset chime.tenant_id');

  await database.rows('select chime.delete_schedule($1)', [id]);
  test.equal((await database.error(describe, [id])).code, 'CH010', 'deleted');
  test.equal((await database.error(describe, [null])).code, 'CH010');
});

// All descriptions of a rule and what it does: the times of a day, whether it follows real time, and its days in 28
// years, after which the calendar repeats itself; a hash, as a table of all days would be large.
const functions = `
  create function days_of(cron bigint[]) returns text language sql immutable as $$
    select md5(string_agg(case when cron[5] >> m & 1 = 1 then chime_private.cron_month_days(
        cron, chime_private.month_start(y, m), chime_private.month_days(y, m)) else 0 end::text, ',' order by y, m))
    from generate_series(2000, 2027) y, generate_series(1, 12) m
  $$;
  create type said as (cron text, compiled bigint[], words text);
  create function describe_all(crons text[], locale text) returns setof said language plpgsql as $$
  declare
    v_rule chime_private.rule;
    v_cron text;
  begin
    foreach v_cron in array crons loop
      begin
        v_rule := chime_private.read_rule(v_cron, null, null, null, 'Europe/Berlin', null, null, null, null, null);
        return next (v_cron, v_rule.cron, chime_private.rule_words(v_rule, locale))::said;
      exception when sqlstate 'CH002' then
        continue;  -- a day that no month has
      end;
    end loop;
  end $$;
  create table en (like said);
  create table ru (like said)`;

/** Rules that share a description and do different things. */
function mistaken(locale: 'en' | 'ru'): Promise<Record<string, unknown>[]> {
  // Days are worked out once for all rules that say the same of them.
  return database.rows(
    `with shared as (
       select words from ${locale} group by 1 having count(distinct compiled) > 1
     ), candidates as materialized (
       select w.*, w.compiled[4:6] || (w.compiled[7] & ~1::bigint) || w.compiled[10:12] as day_fields
       from shared s join ${locale} w using (words)
     ), days as materialized (
       select distinct on (day_fields) day_fields, days_of(compiled) as days from candidates
     )
     select words, min(cron) as one, max(cron) as other
     from candidates join days using (day_fields)
     group by 1
     having count(distinct (compiled[1:3], compiled[7] & 1)) > 1 or count(distinct days) > 1
     limit 5`,
  );
}

/** Rules that are nearly alike: every combination of fields that could be taken for one another. */
function neighbours(): string[] {
  const fields = [
    '0 0,30 */30 0-59 *',
    '9 9-9 9,10 9-10 */12 *',
    '1 */2 1-31/2 1-31 L 1W * ?',
    '* 1',
    '1 2,4,6,0 */2 0-6 1-5 1#1 1L 1,1#1 *',
  ];
  return fields.reduce<string[]>(
    (heads, field) => heads.flatMap((head) => field.split(' ').map((item) => `${head} ${item}`.trim())),
    [''],
  );
}

t.test('whatever is written is described, briefly, and never like anything else', async (test) => {
  test.comment(`SEED=${seed}`);
  await database.pool.query(functions);
  const number = casesOf(2500);
  const written = fc.sample(writtenCron(), { numRuns: number, seed }).map(({ cron }) => cron);
  // Each in one of the languages; those that are nearly alike in both.
  await Promise.all(
    (['en', 'ru'] as const).map(async (locale, turn) => {
      const crons = [...written.filter((_cron, index) => index % 2 === turn), ...neighbours()];
      await database.rows(`insert into ${locale} select distinct on (cron) * from describe_all($1, $2)`, [
        crons,
        locale,
      ]);
    }),
  );

  const described = await database.value<number>(
    'select count(distinct cron)::integer from (table en union all table ru) as words',
  );
  test.ok(described >= 0.8 * number, `${described} rules were described`);
  for (const [locale, other] of Object.entries({ en: '[а-яё]', ru: '(every|minute|month| on | at )' })) {
    const wrong = await database.rows(
      `select cron, words from ${locale}
       where words is null or length(words) >= 1000
         or words ~ '  | ,|,,|null|undefined|NaN|[{}"]|^ | $' or words ~ $1
       limit 5`,
      [other],
    );
    test.strictSame(wrong, [], `nothing is left out, doubled or in the other language: ${locale}`);
    test.strictSame(await mistaken(locale as 'en' | 'ru'), [], locale);
  }
  const alike = await database.value<number>('select (count(*) - count(distinct words))::integer from en');
  test.ok(alike > 100, `${alike} rules are written in more than one way`);
});
