// What holds for every rule: of whatever kind, in whatever zone, next to a clock change or far from one. SEED=<number>
// repeats a run.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { type Cron, fixedCron, minuteCron } from '../support/cron_arbitraries.ts';
import { readCron, type WallRule } from '../support/cron_reader.ts';
import { createDatabase } from '../support/database.ts';
import {
  type Asked,
  anyRule,
  asked,
  type Civil,
  civilInterval,
  hourOf,
  type Moment,
  wallTime,
  zones,
} from '../support/rule_arbitraries.ts';
import { RuleQueries } from '../support/rule_queries.ts';
import {
  civilRule,
  firesAfter,
  loadStretches,
  type Policy,
  place,
  type Stretch,
  until,
} from '../support/time_oracle.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const second = 1_000_000;
const database = await createDatabase();
const queries = await RuleQueries.install(database);
const stretches = await loadStretches(database, zones, '1970-01-01T00:00:00Z', '2046-01-01T00:00:00Z');
const horizon = Date.parse('2045-01-01') * 1000;

function check<T>(
  test: Test,
  runs: number,
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
): Promise<void> {
  test.comment(`SEED=${seed}, ${runs} runs`);
  return fc.assert(fc.asyncProperty(arbitrary, holds), { seed, numRuns: runs });
}

function same(got: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

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
  await check(test, 800, asked(stretches, anyRule), async (question) => {
    const fires = await queries.preview(question, 12);
    fired += fires.length;
    const all = [question.after, ...fires];
    for (const [index, fire] of fires.entries()) {
      if (fire <= (all[index] as number))
        throw new Error(`fire ${index + 1} is not later than the one before: ${fires}`);
    }
    const probes = between(all);
    const next = await queries.nextAfter(
      question,
      probes.map(({ at }) => at),
    );
    same(
      next,
      probes.map((probe) => probe.next),
      'the next fires',
    );
    if (fires.length < 12)
      same(await queries.nextAfter(question, [all.at(-1) as number]), [null], 'after the last one');
  });
  test.ok(fired > 5000, `${fired} fires were seen`);
});

t.test('counting fires and finding the latest agree with the preview', async (test) => {
  let fired = 0;
  await check(test, 800, asked(stretches, anyRule), async (question) => {
    const fires = await queries.preview(question, 12);
    fired += fires.length;
    const highs = [...fires, ...between([question.after, ...fires]).map(({ at }) => at)];
    const upTo = highs.map((high) => fires.filter((fire) => fire <= high));
    same(
      await queries.countUpTo(question, highs),
      upTo.map((list) => list.length),
      'the counts',
    );
    same(
      await queries.lastUpTo(question, highs),
      upTo.map((list) => list.at(-1) ?? null),
      'the latest fires',
    );
  });
  test.ok(fired > 5000, `${fired} fires were seen`);
});

t.test('starts_at and ends_at bound the fires, and belong to them', async (test) => {
  const nudge = fc.constantFrom(-1, 0, 0, 1);
  const choice = fc.record({ first: fc.nat(8), more: fc.nat(3), low: nudge, high: nudge });
  let kept = 0;
  await check(
    test,
    600,
    fc.tuple(asked(stretches, anyRule), choice),
    async ([question, { first, more, low, high }]) => {
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
    },
  );
  test.ok(kept > 500, `${kept} fires were kept`);
});

function wallRule({ rule, timezone }: Asked<Cron | Civil>): WallRule {
  if (rule.kind === 'cron') return readCron(rule.cron);
  const anchor = Math.floor(rule.anchor / second);
  const stretch = stretches.get(timezone)?.find(({ from, to }) => from <= anchor && anchor < to);
  return civilRule(rule.months, rule.days, anchor + (stretch as Stretch).offset);
}

const policies = (['next', 'shift', 'skip'] as const).flatMap((gap) =>
  (['first', 'last', 'both'] as const).map((fold): Policy => ({ gap, fold })),
);
const wallRules = (moment: Moment): fc.Arbitrary<Cron | Civil> =>
  fc.oneof(
    { weight: 1, arbitrary: minuteCron(hourOf(moment)) },
    { weight: 1, arbitrary: fixedCron(hourOf(moment)) },
    { weight: 1, arbitrary: civilInterval(moment) },
  );

t.test('every policy for clock changes does what an oracle says', async (test) => {
  let touched = 0;
  await check(test, 1000, asked(stretches, wallRules), async (question) => {
    const list = stretches.get(question.timezone) as Stretch[];
    const rule = wallRule(question);
    const results = new Set<string>();
    for (const policy of policies) {
      const fires = (await queries.preview({ ...question, policy }, 20)).filter((fire) => fire < horizon);
      const expected = firesAfter(rule, list, policy, question.after / second, 20)
        .map((fire) => fire * second)
        .filter((fire) => fire < horizon);
      same(fires, expected, `dst_gap ${policy.gap}, dst_fold ${policy.fold}`);
      results.add(JSON.stringify(fires));
    }
    if (results.size > 1) touched++;
  });
  test.ok(touched > 100, `for ${touched} rules the policy made a difference`);
});

t.test('counting fires over years agrees with an oracle', async (test) => {
  const span = fc.integer({ min: 3600, max: 1000 * 86_400 });
  await check(test, 100, fc.tuple(asked(stretches, wallRules), span), async ([question, seconds]) => {
    const high = question.after + seconds * second;
    const list = until(stretches.get(question.timezone) as Stretch[], high / second);
    const all = firesAfter(
      wallRule(question),
      list,
      question.policy,
      question.after / second,
      Number.POSITIVE_INFINITY,
    );
    const expected = all.filter((fire) => fire * second <= high);
    same(await queries.countUpTo(question, [high]), [expected.length], 'the count');
    const last = expected.at(-1);
    same(
      await queries.lastUpTo(question, [high]),
      [last === undefined ? null : last * second],
      'the latest fire',
    );
  });
});

t.test('a wall-clock time of its own is where the policy puts it', async (test) => {
  const seen = { once: 0, twice: 0, never: 0 };
  await check(test, 800, asked(stretches, wallTime), async (question) => {
    const list = stretches.get(question.timezone) as Stretch[];
    const { named, at } = question.rule;
    const shown = place(named, list, true, question.policy);
    seen[shown.length === 1 ? 'once' : shown.length === 0 ? 'never' : 'twice']++;
    // One fire, whatever the policy for a fold.
    const [expected] = place(named, list, false, question.policy);
    const asks = { ...question, rule: { kind: 'at' as const, at }, after: (named - 3 * 86_400) * second };
    if (expected === undefined) {
      const error = await queries.preview(asks, 2).then(
        () => undefined,
        (error: { code?: string }) => error.code,
      );
      same(error, 'CH002', 'the error');
    } else {
      same(await queries.preview(asks, 2), [expected * second], 'the fire');
    }
  });
  test.comment(JSON.stringify(seen));
  test.ok(seen.twice > 10 && seen.never > 10, 'clock changes were met');
});
