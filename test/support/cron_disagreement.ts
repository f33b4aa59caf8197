// Why cron-parser gives another answer than pgchime: found by asking the oracle for the answer under each
// other reading of the expression and each other policy, the fewest departures from ours first. An answer
// that no reading and no policy gives is cron-parser's own, and only believed next to a clock change.
import { type Reading, readCron } from './cron_reader.ts';
import { firesAfter, type Policy, type Stretch } from './time_oracle.ts';

export interface Case {
  expression: string;
  zone: string;
  /** Seconds since 1970-01-01. */
  after: number;
}

interface Departure {
  name: string;
  reading?: Reading;
  policy?: Partial<Policy> & { realTime?: false };
}

const departures: Departure[] = [
  { name: 'a star with a step does not join the day fields', reading: { both: 'lone star' } },
  { name: 'a step among weekdays reaches a second Sunday', reading: { stepsTo: 7 } },
  { name: 'a fixed time in a gap is shifted', policy: { gap: 'shift' } },
  { name: 'a fixed time in a gap is skipped', policy: { gap: 'skip' } },
  { name: 'a fixed time in a fold is the second', policy: { fold: 'last' } },
  { name: 'a rule that follows real time is taken for fixed times', policy: { realTime: false } },
];

/** All sets of up to three departures, the smallest first. */
const combinations: Departure[][] = [[]];
for (const combination of combinations) {
  if (combination.length === 3) break;
  const next = departures.indexOf(combination.at(-1) as Departure) + 1;
  combinations.push(...departures.slice(next).map((departure) => [...combination, departure]));
}
const theirReading = departures.filter(({ reading }) => reading !== undefined);
const policies = combinations.filter((departed) => departed.every(({ reading }) => reading === undefined));

function answer(asked: Case, stretches: readonly Stretch[], departed: Departure[]): number | undefined {
  const reading: Reading = Object.assign({}, ...departed.map((departure) => departure.reading));
  const policy: Departure['policy'] = Object.assign({}, ...departed.map((departure) => departure.policy));
  const rule = readCron(asked.expression, reading);
  const realTime = policy?.realTime ?? rule.realTime;
  return firesAfter(
    { ...rule, realTime },
    stretches,
    { gap: 'next', fold: 'first', ...policy },
    asked.after,
    1,
  )[0];
}

/** The answer under our policy; undefined where the rule never fires. */
export function ourAnswer(asked: Case, stretches: readonly Stretch[]): number | undefined {
  return answer(asked, stretches, []);
}

function changesNear(stretches: readonly Stretch[], instant: number): boolean {
  return stretches.slice(1).some(({ from }) => Math.abs(from - instant) < 2 * 86_400);
}

/** What explains cron-parser's answer (undefined: it gave none); undefined where nothing does. */
export function explain(
  asked: Case,
  stretches: readonly Stretch[],
  theirs: number | undefined,
): string | undefined {
  for (const departed of combinations.slice(1)) {
    if (answer(asked, stretches, departed) === theirs) return departed.map(({ name }) => name).join(' + ');
  }
  // What is left is not right by any policy: each answer below is proved for all of them, as cron-parser
  // reads the expression.
  const underAll = (proves: (departed: Departure[]) => boolean) =>
    policies.every((policy) => proves([...theirReading, ...policy]));
  const fires = (departed: Departure[]) => answer(asked, stretches, departed) ?? Number.POSITIVE_INFINITY;
  const besideChange = underAll((departed) => changesNear(stretches, fires(departed)));
  if (theirs === undefined)
    return besideChange ? 'cron-parser finds nothing, next to a clock change' : undefined;
  if (!besideChange && !changesNear(stretches, theirs)) return undefined;
  if (theirs <= asked.after) return 'cron-parser does not advance, next to a clock change';
  const atTheirs = { ...asked, after: theirs - 1 };
  if (underAll((departed) => answer(atTheirs, stretches, departed) !== theirs)) {
    return 'cron-parser fires where nothing says so, next to a clock change';
  }
  const passesOver = underAll((departed) => fires(departed) < theirs);
  return passesOver
    ? 'cron-parser passes over a fire that every policy has, next to a clock change'
    : undefined;
}
