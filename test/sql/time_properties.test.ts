// What holds for every rule: of whatever kind, in whatever zone, next to a clock change or far from one.
import fc from 'fast-check';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { check, same } from '../support/properties.ts';
import { anyRule, asked, zones } from '../support/rule_arbitraries.ts';
import { RuleQueries } from '../support/rule_queries.ts';
import * as oracle from '../support/time_oracle.ts';

const second = 1_000_000;
const database = await createDatabase();
const queries = await RuleQueries.install(database);
const stretches = await oracle.loadStretches(database, zones, '1970-01-01T00:00:00Z', '2046-01-01T00:00:00Z');

/** Instants between each two of a list: next to both ends, and on the way. */
function between(instants: number[]): { at: number; next: number }[] {
  return instants.slice(1).flatMap((next, index) => {
    const before = instants[index] as number;
    const middle = before + Math.floor((next - before) * 0.37);
    return [before, before + 1, middle, next - 1].filter((at) => at < next).map((at) => ({ at, next }));
  });
}

t.test('fires follow one another, and nothing lies between', async (test) => {
  let fired = 0;
  await check(test, { runs: 200, values: asked(stretches, anyRule) }, async (question) => {
    const fires = await queries.preview(question, 12);
    fired += fires.length;
    const all = [question.after, ...fires];
    const late = all.filter((at, index) => index > 0 && at <= (all[index - 1] as number));
    same(late, [], 'the fires that are not later than the one before');
    const probes = between(all);
    const instants = probes.map(({ at }) => at);
    const expected = probes.map(({ next }) => next);
    same(await queries.nextAfter(question, instants), expected, 'the next fires');
    if (fires.length < 12)
      same(await queries.nextAfter(question, all.slice(-1)), [null], 'after the last one');
  });
  test.ok(fired > 1200, `${fired} fires were seen`);
});

t.test('counting fires and finding the latest agree with the preview', async (test) => {
  let fired = 0;
  await check(test, { runs: 130, values: asked(stretches, anyRule) }, async (question) => {
    const fires = await queries.preview(question, 12);
    fired += fires.length;
    const highs = [...fires, ...between([question.after, ...fires]).map(({ at }) => at)];
    const upTo = highs.map((high) => fires.filter((fire) => fire <= high));
    const counts = upTo.map((list) => list.length);
    same(await queries.countUpTo(question, highs), counts, 'the counts');
    const latest = upTo.map((list) => list.at(-1) ?? null);
    same(await queries.lastUpTo(question, highs), latest, 'the latest fires');
  });
  test.ok(fired > 700, `${fired} fires were seen`);
});

t.test('starts_at and ends_at bound the fires, and belong to them', async (test) => {
  const nudge = fc.constantFrom(-1, 0, 0, 1);
  const choice = fc.record({ first: fc.nat(8), more: fc.nat(3), low: nudge, high: nudge });
  const values = fc.tuple(asked(stretches, anyRule), choice);
  let kept = 0;
  await check(test, { runs: 160, values }, async ([question, { first, more, low, high }]) => {
    const fires = await queries.preview(question, 12);
    const [from, to] = [fires.at(first), fires.at(first + more)];
    if (from === undefined || to === undefined || from + low > to + high) return;
    const bounds = { from: from + low, to: to + high };
    const expected = fires.filter((fire) => fire >= bounds.from && fire <= bounds.to);
    kept += expected.length;
    same(await queries.preview(question, 12, bounds), expected, 'the fires within the bounds');
    const end = (fires.at(-1) as number) + 3600 * second;
    same(await queries.countUpTo(question, [end], bounds), [expected.length], 'their number');
    same(await queries.lastUpTo(question, [end], bounds), [expected.at(-1) ?? null], 'the latest of them');
  });
  test.ok(kept > 80, `${kept} fires were kept`);
});

t.test('centuries from now', async (test) => {
  const start = '2300-01-01 00:00:00+00';
  const included = await database.value(
    `select scheduled_for = $1::timestamptz from chime.preview(
       cron => '* * * * *', after => '2030-01-01 00:00Z', starts_at => $1::timestamptz, count => 1)`,
    [start],
  );
  test.ok(included, 'starts_at belongs to the fires');
  const moved = await database.value<number>(
    `select count(distinct scheduled_for)::integer from chime.preview(
       every => '1.000001 seconds', anchor => '1970-01-02 00:00Z', after => '2600-01-01 00:00Z', count => 5)`,
  );
  test.equal(moved, 5, 'an interval goes on');
});

t.test('an interval anchored in the second pass of a fold', async (test) => {
  const fires = await database.rows<{ fire: string }>(
    `select to_char(scheduled_for at time zone 'UTC', 'MM-DD HH24:MI') as fire
     from chime.preview(every => '1 day', timezone => 'Europe/Berlin', count => 2,
       after => '2025-10-26 00:20Z', anchor => '2025-10-26 01:30Z')`,
  );
  test.strictSame(
    fires.map(({ fire }) => fire),
    ['10-26 01:30', '10-27 01:30'],
    'fires at its anchor, and the next day at the wall-clock time of it',
  );
});
