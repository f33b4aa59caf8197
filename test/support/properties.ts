// How properties are run and compared. SEED=<number> repeats a run; CASES=<number> makes those longer, or shorter, that go through many
// thousands of random cases: each run of all tests does a part of them, and other ones every time.
import fc from 'fast-check';
import type { Test } from 'tap';

export const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** How many random cases to go through: so many, if nothing else is asked for. */
export const casesOf = (usual: number): number => Number(process.env.CASES ?? usual);

/** Tries a property on so many random values, after the examples. */
export function check<T>(
  test: Test,
  { runs, values, examples = [] }: { runs: number; values: fc.Arbitrary<T>; examples?: T[] },
  holds: (value: T) => Promise<void>,
): Promise<void> {
  test.comment(`SEED=${seed}, ${runs} runs`);
  const numRuns = runs + examples.length;
  return fc.assert(fc.asyncProperty(values, holds), {
    seed,
    numRuns,
    examples: examples.map((value) => [value]),
  });
}

/** Short messages: fast-check prints the value that failed. */
export function same(got: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}
