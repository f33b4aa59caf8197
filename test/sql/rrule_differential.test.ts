// Random recurrence rules, starts, zones and instants, held against the package rrule; where the two differ, an
// oracle that goes through every day decides, and the difference has to be one of the package's known faults.
// SEED=<number> repeats a run.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { seededRandom } from '../support/random_cron.ts';
import {
  answers,
  type Case,
  explain,
  known,
  packageEnds,
  packageWalls,
  randomCase,
  textOf,
} from '../support/rrule_disagreement.ts';
import { rruleWalls } from '../support/rrule_oracle.ts';
import { loadStretches } from '../support/time_oracle.ts';

const total = 50_000;
const perRule = 20;
const batch = 250;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

const zones = [
  ...['UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Havana'],
  ...['America/St_Johns', 'Antarctica/Troll', 'Pacific/Apia', 'Pacific/Chatham'],
];

/** Our answers, or the SQLSTATE of a refusal; and how far beyond what is known the rule would fire without COUNT. */
interface Ours {
  fires: string[];
  beyond: string | null;
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

t.test('50,000 random instants against the package rrule', { timeout: 180_000 }, async (test) => {
  test.comment(`SEED=${seed}`);
  const database = await createDatabase(test);
  await database.pool.query(sql);
  const all = await loadStretches(database, zones, '1990-01-01T00:00:00Z', '2070-01-01T00:00:00Z');
  const random = seededRandom(seed);
  const classes = new Map<string, number>();
  let compared = 0;
  while (compared < total) {
    const cases = Array.from({ length: batch }, () => randomCase(random, all, perRule));
    const rows = await database.rows<Ours>(
      `select fires_after(rrule, zone, array(select a::float8 from jsonb_array_elements_text(afters) a)) as fires,
         (fires_after(uncounted, zone, array[known]))[1] as beyond
       from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::float8[])
         with ordinality asked(rrule, uncounted, zone, afters, known, number)
       order by number`,
      [
        cases.map((asked) => textOf(asked, asked.rule)),
        cases.map((asked) => {
          const { count, ...uncounted } = asked.rule;
          return textOf(asked, uncounted);
        }),
        cases.map(({ zone }) => zone),
        cases.map(({ afters }) => JSON.stringify(afters)),
        cases.map(({ end }) => end),
      ],
    );
    for (const [index, asked] of cases.entries()) {
      const ours = rows[index] as Ours;
      compared += asked.afters.length;
      const ends = packageEnds(asked, Number(ours.beyond));
      const theirs = ends ? answers(asked, packageWalls) : undefined;
      let name: string | undefined = 'the same answer';
      if (theirs === undefined || !agrees(asked, ours, theirs)) {
        const right = answers(asked, rruleWalls);
        name = theirs === undefined ? 'the package does not end: as the oracle says' : explain(asked);
        if (name === undefined || !agrees(asked, ours, right)) {
          const { afters, zone } = asked;
          test.fail(`${textOf(asked, asked.rule)} in ${zone}`, { afters, ours, theirs, right });
          continue;
        }
      }
      classes.set(name, (classes.get(name) ?? 0) + asked.afters.length);
    }
  }
  for (const [name, count] of [...classes].sort((a, b) => b[1] - a[1])) test.comment(`${count} ${name}`);
  test.equal(compared, total, 'all were compared');
  test.ok((classes.get('the same answer') ?? 0) > total * 0.6, 'most answers are the same');
  test.ok(classes.size >= 5, 'the known faults were met');
});
