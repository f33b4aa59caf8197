// Why another library gives another answer than pgchime: found by asking the oracle for the answer under the other
// readings of the expression and the other policies that the library is known for.
import { type Reading, readCron } from './cron_reader.ts';
import type { Dialect } from './random_cron.ts';
import { firesAfter, type Policy, type Stretch } from './time_oracle.ts';

export interface Case {
  expression: string;
  zone: string;
  /** Seconds since 1970-01-01. */
  after: number;
}

/** A way in which a library differs from us. */
export interface Departure {
  name: string;
  reading?: Reading;
  policy?: Partial<Policy>;
}

export interface Library {
  name: string;
  reads: Dialect;
  /** The first fire; undefined where it knows of none. */
  answer(asked: Case): number | undefined;
  /** How it differs in every expression. */
  always: Departure[];
  /** How it may differ besides, one of each list at most; none, where it is of one mind. */
  sometimes: Departure[][];
  /** Names what is left: an answer that is right by no reading and no policy. */
  fault?(asked: Case, stretches: readonly Stretch[], theirs: number | undefined): string | undefined;
}

/** The answer under our policy, but for departures; undefined where the rule never fires. */
export function rightAnswer(
  asked: Case,
  stretches: readonly Stretch[],
  departed: readonly Departure[] = [],
): number | undefined {
  const reading: Reading = Object.assign({}, ...departed.map((departure) => departure.reading));
  const policy: Partial<Policy> = Object.assign({}, ...departed.map((departure) => departure.policy));
  const rule = readCron(asked.expression, reading);
  return firesAfter(rule, stretches, { gap: 'next', fold: 'first', ...policy }, asked.after, 1)[0];
}

/** All that a library may hold to, the fewest departures first. */
export function positions({ always, sometimes }: Library): Departure[][] {
  let choices: Departure[][] = [[]];
  for (const list of sometimes) {
    choices = choices.flatMap((chosen) => [chosen, ...list.map((departure) => [...chosen, departure])]);
  }
  return choices.sort((a, b) => a.length - b.length).map((chosen) => [...always, ...chosen]);
}

/** What explains the answer of a library (undefined: it gave none); undefined where nothing does. */
export function explain(
  library: Library,
  asked: Case,
  stretches: readonly Stretch[],
  theirs: number | undefined,
): string | undefined {
  for (const position of positions(library)) {
    if (rightAnswer(asked, stretches, position) !== theirs) continue;
    let needed = position;
    for (const departure of position) {
      const others = needed.filter((other) => other !== departure);
      if (rightAnswer(asked, stretches, others) === theirs) needed = others;
    }
    return needed.map(({ name }) => name).join(' + ');
  }
  return library.fault?.(asked, stretches, theirs);
}
