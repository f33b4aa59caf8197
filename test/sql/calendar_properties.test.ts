// Calendars against a model that lists each day: which fires are left, and where those go that are made up for.
import fc from 'fast-check';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { check } from '../support/properties.ts';

const database = await createDatabase();
const day = 86_400_000;
const first = Date.UTC(2030, 0, 1);
const days = 120;
const date = (index: number) => new Date(first + index * day).toISOString().slice(0, 10);

/** Rules with at most a few fires a day: all of these days'. */
const rules = [
  `cron => '0 9 * * *'`,
  `cron => '30 6,18 * * *'`,
  `cron => '0 0 * * MON-FRI'`,
  `cron => '59 23 * * SUN'`,
  `every => '36 hours', anchor => '2029-01-01 05:00Z'`,
  `every => '5 days', anchor => '2029-01-01 05:00Z'`,
  `rrule => E'DTSTART:20290101T120000\\nFREQ=WEEKLY;BYDAY=TU,FR'`,
  `rules => '[{"cron": "0 9 * * MON"}, {"cron": "0 9 1,15 * *"}, {"at": "2030-02-03 04:05"}]'`,
] as const;

async function fires(fields: string, after: number): Promise<number[]> {
  const rows = await database.rows<{ at: Date }>(
    `select scheduled_for as at from chime.preview(${fields}, after => $1, count => 400)`,
    [new Date(after)],
  );
  return rows.map(({ at }) => at.getTime()).filter((at) => at < first + days * day);
}

/** The days that are excluded, as stretches from a day up to, not including, another; infinite ones are not made up for. */
function stretches(excluded: boolean[]): [number, number][] {
  const found: [number, number][] = [];
  for (let from = 0; from < excluded.length; from++) {
    if (!excluded[from] || excluded[from - 1]) continue;
    let to = from;
    while (excluded[to]) to++;
    found.push([from, to]);
  }
  return found;
}

function model(all: number[], excluded: boolean[], only: boolean, moves: boolean): number[] {
  const dayOf = (at: number) => Math.floor((at - first) / day);
  const left = new Set(all.filter((at) => !excluded[dayOf(at)]));
  if (moves) {
    for (const [from, to] of stretches(excluded)) {
      const one = all.find((at) => dayOf(at) >= from && dayOf(at) < to);
      if (one === undefined || (only && (from === 0 || to === days)) || to === days) continue;
      left.add(first + to * day + ((one - first) % day));
    }
  }
  return [...left].sort((a, b) => a - b);
}

t.test('what calendars leave of a rule', async (test) => {
  const values = fc.record({
    rule: fc.constantFrom(...rules),
    // Runs of days that are excluded and not, in turn.
    runs: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 30 }),
    only: fc.boolean(),
    moves: fc.boolean(),
    after: fc.integer({ min: 0, max: 60 * 24 }),
  });
  await check(test, { runs: 250, values }, async ({ rule, runs, only, moves, after }) => {
    const listed: boolean[] = [];
    for (const [index, length] of runs.entries()) listed.push(...Array(length).fill(index % 2 === 1));
    while (listed.length < days) listed.push(false);
    const names = listed.slice(0, days).flatMap((is, index) => (is ? [date(index)] : []));
    if (names.length === 0) return;
    await database.rows("select chime.set_calendar('c', $1)", [names]);
    const excluded = listed.slice(0, days).map((is) => is !== only);
    const since = first + after * 3_600_000;
    const all = await fires(rule, first - 1);
    const wanted = model(all, excluded, only, moves).filter((at) => at > since);
    const policy = `${only ? 'only_on' : 'never_on'} => array['c'], on_excluded => '${moves ? 'next_day' : 'skip'}'`;
    const got = await fires(`${rule}, ${policy}`, since);
    const text = (list: number[]) => list.map((at) => new Date(at).toISOString()).join(' ');
    if (text(got) !== text(wanted)) throw new Error(`${rule}, ${policy}\n${text(got)}\n${text(wanted)}`);
  });
});

t.test('what a calendar excludes for twenty years on end is not waited for', async (test) => {
  const years = (from: number, to: number) =>
    `array(select y || '-01-02/' || y || '-12-31' from generate_series(${from}, ${to}) y)`;
  await database.rows(`select chime.set_calendar('c', ${years(2030, 2045)})`);
  const asked = "cron => '0 0 2 2 *', never_on => array['c'], after => '2030-01-01Z', count => 1";
  const next = `select scheduled_for from chime.preview(${asked})`;
  test.strictSame(await database.rows(next), [{ scheduled_for: new Date('2046-02-02T00:00:00Z') }]);
  await database.rows(`select chime.set_calendar('c', ${years(2030, 2055)})`);
  test.strictSame(await database.rows(next), []);
});
