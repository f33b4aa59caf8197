// What each policy for clock changes does with rules on the wall clock, held against an oracle.
import fc from 'fast-check';
import t from 'tap';
import { anyCron, type Cron, minuteCron } from '../support/cron_arbitraries.ts';
import { readCron } from '../support/cron_reader.ts';
import { createDatabase } from '../support/database.ts';
import { check, same } from '../support/properties.ts';
import { type Asked, asked, type Civil, wallRule, wallTime, zones } from '../support/rule_arbitraries.ts';
import { RuleQueries } from '../support/rule_queries.ts';
import * as oracle from '../support/time_oracle.ts';

const second = 1_000_000;
const database = await createDatabase();
const queries = await RuleQueries.install(database);
const stretches = await oracle.loadStretches(database, zones, '1970-01-01T00:00:00Z', '2046-01-01T00:00:00Z');
const horizon = Date.parse('2045-01-01') * 1000;

/** The fires up to a second, as the oracle sees them. */
function expectedFires(
  { rule, timezone, after }: Asked<Cron | Civil>,
  policy: oracle.Policy,
  { count = Number.POSITIVE_INFINITY, to = Number.POSITIVE_INFINITY },
): number[] {
  const list = oracle.until(stretches.get(timezone) as oracle.Stretch[], to);
  const low = after / second;
  if (rule.kind === 'cron') return oracle.firesAfter(readCron(rule.cron), list, policy, low, count);
  const anchor = Math.floor(rule.anchor / second);
  const stretch = list.find(({ from, to }) => from <= anchor && anchor < to);
  if (stretch === undefined) return [];
  const civil = oracle.civilRule(rule.months, rule.days, anchor + stretch.offset);
  if (low >= anchor) return oracle.firesAfter(civil, list, policy, low, count);
  // It fires at its anchor first, also where a fold showed the anchor's wall-clock time before.
  const all = oracle.firesAfter(civil, list, policy, anchor - 2 * 86_400, count + 1);
  return [...new Set(all.map((fire) => Math.max(fire, anchor)))].slice(0, count);
}

const policies = (['next', 'shift', 'skip'] as const).flatMap((gap) =>
  (['first', 'last', 'both'] as const).map((fold): oracle.Policy => ({ gap, fold })),
);

function example(cron: string, timezone: string, after: string): Asked<Cron> {
  const [rule, policy] = [{ kind: 'cron', cron } as const, { gap: 'next', fold: 'first' } as const];
  return { rule, policy, timezone, after: Date.parse(after) * 1000, change: 0, wall: 0 };
}

t.test('every policy for clock changes does what an oracle says', async (test) => {
  const examples = [
    // A search that looks a day ahead and then sees the first pass of a fold, but not yet the change behind
    // it.
    example('30 2 * * 0', 'Europe/Berlin', '2025-10-24T22:45:00Z'),
    // White space in front must not hide that the rule follows real time.
    example('\t* 30 2 * * *', 'Europe/Berlin', '2025-10-26T00:30:50Z'),
  ];
  const values = asked(stretches, wallRule(anyCron));
  let touched = 0;
  await check(test, { runs: 200, values, examples }, async (question) => {
    const results = new Set<string>();
    for (const policy of policies) {
      const fires = (await queries.preview({ ...question, policy }, 20)).filter((fire) => fire < horizon);
      const expected = expectedFires(question, policy, { count: 20 }).map((fire) => fire * second);
      const near = expected.filter((fire) => fire < horizon);
      same(fires, near, `dst_gap ${policy.gap}, dst_fold ${policy.fold}`);
      results.add(JSON.stringify(fires));
    }
    if (results.size > 1) touched++;
  });
  test.ok(touched > 12, `for ${touched} rules the policy made a difference`);
});

t.test('counting fires over years agrees with an oracle', async (test) => {
  const values = fc.tuple(
    asked(stretches, wallRule(minuteCron)),
    fc.integer({ min: 3600, max: 1000 * 86_400 }),
  );
  let counted = 0;
  await check(test, { runs: 100, values }, async ([question, seconds]) => {
    const high = question.after / second + seconds;
    const all = expectedFires(question, question.policy, { to: high });
    const expected = all.filter((fire) => fire <= high);
    counted += expected.length;
    const end = question.after + seconds * second;
    same(await queries.countUpTo(question, [end]), [expected.length], 'the count');
    const last = expected.at(-1);
    same(
      await queries.lastUpTo(question, [end]),
      [last === undefined ? null : last * second],
      'the latest fire',
    );
  });
  test.ok(counted > 3000, `${counted} fires were counted`);
});

t.test('a wall-clock time of its own is where the policy puts it', async (test) => {
  const seen = { once: 0, twice: 0, never: 0 };
  await check(test, { runs: 260, values: asked(stretches, wallTime) }, async (question) => {
    const list = stretches.get(question.timezone) as oracle.Stretch[];
    const { named, at } = question.rule;
    const shown = oracle.place(named, list, true, question.policy);
    seen[shown.length === 1 ? 'once' : shown.length === 0 ? 'never' : 'twice']++;
    // One fire, whatever the policy for a fold.
    const [expected] = oracle.place(named, list, false, question.policy);
    const asks = { ...question, rule: { kind: 'at' as const, at }, after: (named - 3 * 86_400) * second };
    const answer = await queries.preview(asks, 2).catch((error: { code?: string }) => error.code);
    same(answer, expected === undefined ? 'CH002' : [expected * second], 'the answer');
  });
  test.comment(JSON.stringify(seen));
  test.ok(seen.twice > 10 && seen.never > 10, 'clock changes were met');
});
