// Random recurrence rules, starts, zones and instants, held against the package rrule; where the two differ, an
// oracle that goes through every day decides, and the difference has to be one of the package's known faults.
// SEED=<number> repeats a run, CASES=<number> makes it longer or shorter; one that takes more than five minutes
// needs TAP_TIMEOUT=<seconds> too.
import t, { type Test } from 'tap';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { casesOf } from '../support/properties.ts';
import { seededRandom } from '../support/random_cron.ts';
import {
  answers,
  type Case,
  explain,
  known,
  packageWalls,
  randomCase,
  textOf,
  unasked,
} from '../support/rrule_disagreement.ts';
import { rruleWalls } from '../support/rrule_oracle.ts';
import { loadStretches } from '../support/time_oracle.ts';

/** Instants that the package answers for. */
const total = casesOf(2500);
const perRule = 10;
const batch = 250;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

const zones = [
  ...['UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Havana'],
  ...['America/St_Johns', 'Antarctica/Troll', 'Pacific/Apia', 'Pacific/Chatham'],
];

/** Our answers, or the SQLSTATE of a refusal; and the first fire beyond what is looked at, COUNT left aside. */
interface Ours {
  fires: string[];
  beyond: string | undefined;
}

/** Whether our answers are these; where there is none, ours is beyond what is known, or the rule is refused. */
function agrees(asked: Case, { fires }: Ours, right: (number | undefined)[]): boolean {
  if (fires.length === 1) return fires[0] === 'CH002' && right.every((fire) => fire === undefined);
  return fires.every((fire, index) => {
    const expected = right[index];
    return expected === undefined
      ? fire === 'none' || Number(fire) > known(asked)
      : Number(fire) === expected;
  });
}

const sql = `
  create function fires_after(rrule text, zone text, afters float8[]) returns text[] language plpgsql as $$
  declare
    v_rule chime_private.rule;
  begin
    v_rule := chime_private.read_rule(null, null, null, rrule, zone, null, null, null, null, null);
    return array(select coalesce(extract(epoch from chime_private.next_fire(v_rule, to_timestamp(a)))::bigint::text, 'none')
                 from unnest(afters) with ordinality u(a, n) order by n);
  exception when others then
    return array[sqlstate];
  end $$`;

async function ask(database: TestDatabase, cases: readonly Case[]): Promise<Ours[]> {
  const rows = await database.rows<{ fires: string[]; beyond: string | null }>(
    `select fires_after(rrule, zone, array(select a::float8 from jsonb_array_elements_text(afters) a)) as fires,
       case when uncounted is not null then (fires_after(uncounted, zone, array[ends]))[1] end as beyond
     from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::float8[])
       with ordinality asked(rrule, uncounted, zone, afters, ends, number)
     order by number`,
    [
      cases.map((asked) => textOf(asked, asked.rule)),
      cases.map((asked) => {
        const { count, ...uncounted } = asked.rule;
        return count === undefined ? null : textOf(asked, uncounted);
      }),
      cases.map(({ zone }) => zone),
      cases.map(({ afters, end }) => JSON.stringify([...afters, end])),
      cases.map(({ end }) => end),
    ],
  );
  return rows.map(({ fires, beyond }) => {
    if (fires.length === 1) return { fires, beyond: undefined };
    return { fires: fires.slice(0, -1), beyond: beyond ?? fires.at(-1) };
  });
}

const notAsked = 'the package is not asked, the oracle agrees: ';

/** Holds our answers against the package and, where it gives others or none, the oracle; the name of what was found. */
function compare(test: Test, asked: Case, ours: Ours): string {
  const reason = unasked(asked, Number(ours.beyond));
  const theirs = reason === undefined ? answers(asked, packageWalls) : undefined;
  if (theirs !== undefined && agrees(asked, ours, theirs)) return 'the same answer';
  const right = answers(asked, rruleWalls);
  const name = reason === undefined ? explain(asked) : notAsked + reason;
  if (name !== undefined && agrees(asked, ours, right)) return name;
  test.fail(`${textOf(asked, asked.rule)} in ${asked.zone}`, { afters: asked.afters, ours, theirs, right });
  return 'unexplained';
}

const timeout = Math.max(180_000, 4 * total);

t.test('random instants against the package rrule', { timeout }, async (test) => {
  test.comment(`SEED=${seed}, CASES=${total}`);
  const database = await createDatabase(test);
  await database.pool.query(sql);
  const all = await loadStretches(database, zones, '1990-01-01T00:00:00Z', '2070-01-01T00:00:00Z');
  const random = seededRandom(seed);
  const found = new Map<string, number>();
  let compared = 0;
  while (compared < total) {
    const cases = Array.from({ length: batch }, () => randomCase(random, all, perRule));
    const rows = await ask(database, cases);
    for (const [index, asked] of cases.entries()) {
      const name = compare(test, asked, rows[index] as Ours);
      found.set(name, (found.get(name) ?? 0) + asked.afters.length);
      if (!name.startsWith(notAsked)) compared += asked.afters.length;
    }
  }
  for (const [name, count] of [...found].sort((a, b) => b[1] - a[1])) test.comment(`${count} ${name}`);
  test.ok((found.get('the same answer') ?? 0) > total * 0.6, 'most answers are the same');
  test.ok(found.size > 2, 'some of the known faults were met');
});
