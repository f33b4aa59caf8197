// Many random cron rules, held against another library, and against an oracle of our own policy that decides who is
// right where the two differ. SEED=<number> repeats a run, CASES=<number> makes it longer or shorter; one that takes
// more than five minutes needs TAP_TIMEOUT=<seconds> too.
import type { Test } from 'tap';
import { randomCase, sameInNode, zones } from './cron_cases.ts';
import { type Case, explain, type Library, rightAnswer } from './cron_disagreement.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { casesOf } from './properties.ts';
import { seededRandom } from './random_cron.ts';
import { loadStretches, type Stretch } from './time_oracle.ts';

const total = casesOf(2500);
/** In milliseconds; with half the speed to spare where the machine is busy, and more. */
export const timeout = Math.max(180_000, 4 * total);
const batch = 1000;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

const iso = (second: number | undefined) =>
  second === undefined ? 'never' : new Date(second * 1000).toISOString();

/** Our answers, as seconds or as the SQLSTATE of a refusal. */
async function ask(database: TestDatabase, cases: readonly Case[]): Promise<string[]> {
  const rows = await database.rows<{ fire: string }>(
    `select first_fire(expression, zone, to_timestamp(after)) as fire
     from unnest($1::text[], $2::text[], $3::float8[]) with ordinality a(expression, zone, after, number)
     order by number`,
    [cases.map((c) => c.expression), cases.map((c) => c.zone), cases.map((c) => c.after)],
  );
  return rows.map(({ fire }) => fire);
}

const sql = `
  create function first_fire(cron text, zone text, after timestamptz) returns text language plpgsql as $$
  begin
    return (select extract(epoch from scheduled_for) from chime.preview(
      cron => first_fire.cron, timezone => zone, after => first_fire.after, count => 1));
  exception when others then
    return sqlstate;
  end $$`;

/** Holds one answer of ours against the oracle and the library; the name of what was found. */
function compare(
  test: Test,
  library: Library,
  asked: Case,
  stretches: readonly Stretch[],
  fire: string | undefined,
): string {
  const right = rightAnswer(asked, stretches);
  const theirs = library.answer(asked);
  const line = `'${asked.expression}' in ${asked.zone} after ${iso(asked.after)}`;
  if (right === undefined ? fire !== 'CH002' : Number(fire) !== right)
    test.fail(`pgchime: ${line}`, { pgchime: fire, oracle: iso(right) });
  if (right === theirs) return right === undefined ? 'refused by both: it never fires' : 'the same answer';
  const name = explain(library, asked, stretches, theirs);
  if (name !== undefined) return name;
  test.fail(`unexplained: ${line}`, { oracle: iso(right), [library.name]: iso(theirs) });
  return 'unexplained';
}

/** Compares random cases, after those that are known to be odd. */
export async function compareMany(test: Test, library: Library, known: readonly Case[]): Promise<void> {
  test.comment(`SEED=${seed}, CASES=${total}`);
  const database = await createDatabase(test);
  await database.pool.query(sql);
  const loaded = await loadStretches(database, zones, '2014-01-01T00:00:00Z', '2080-01-01T00:00:00Z');
  const stretches = new Map([...loaded].filter(([zone, list]) => sameInNode(zone, list)));
  test.ok(stretches.size >= 20, `${stretches.size} of ${zones.length} zones are the same in Node`);

  const random = seededRandom(seed);
  const found = new Map<string, number>();
  let compared = 0;
  let cases = known.filter(({ zone }) => stretches.has(zone));
  while (compared < total) {
    const fires = await ask(database, cases);
    for (const [index, asked] of cases.entries()) {
      const list = stretches.get(asked.zone) as Stretch[];
      const name = compare(test, library, asked, list, fires[index]);
      found.set(name, (found.get(name) ?? 0) + 1);
    }
    compared += cases.length;
    cases = Array.from({ length: batch }, () => randomCase(random, library.reads, stretches));
  }
  for (const [name, count] of [...found].sort((a, b) => b[1] - a[1])) test.comment(`${count} ${name}`);
  test.ok((found.get('the same answer') ?? 0) > total / 2, 'most answers are the same');
  test.ok(found.size > 3, 'clock changes and day fields were tried');
}
