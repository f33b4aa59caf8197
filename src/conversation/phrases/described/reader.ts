// What readers of sentences are made of. A sentence may be taken apart in several ways before its end is seen, so each reader offers all
// of them, one after the other: a place in the text is taken back where what follows does not fit.

/** Ways to read a text from a place on: what it means, and where it ends. */
export type Reader<T> = (text: string, at: number) => Iterable<[value: T, end: number]>;

/** These very words. */
export const words =
  (said: string): Reader<string> =>
  (text, at) =>
    text.startsWith(said, at) ? [[said, at + said.length]] : [];

/** What fits a pattern. */
export const pattern = (source: string): Reader<RegExpExecArray> => {
  const expression = new RegExp(source, 'y');
  return (text, at) => {
    expression.lastIndex = at;
    const match = expression.exec(text);
    return match === null ? [] : [[match, expression.lastIndex]];
  };
};

/** All of these, one after the other. */
export const seq = <T extends unknown[]>(...readers: { [K in keyof T]: Reader<T[K]> }): Reader<T> =>
  function* (text, at) {
    yield* from(0, at, []);
    function* from(index: number, place: number, values: unknown[]): Generator<[T, number]> {
      const reader = readers[index];
      if (reader === undefined) yield [values as T, place];
      else for (const [value, end] of reader(text, place)) yield* from(index + 1, end, [...values, value]);
    }
  };

/** Any of these. */
export const any = <T>(...readers: Reader<T>[]): Reader<T> =>
  function* (text, at) {
    for (const reader of readers) yield* reader(text, at);
  };

/** What it means; undefined where it means nothing after all. */
export const map = <T, U>(reader: Reader<T>, make: (value: T) => U | undefined): Reader<U> =>
  function* (text, at) {
    for (const [value, end] of reader(text, at)) {
      const made = make(value);
      if (made !== undefined) yield [made, end];
    }
  };

/** This, or nothing. */
export const opt = <T>(reader: Reader<T>): Reader<T | undefined> =>
  function* (text, at) {
    yield* reader(text, at);
    yield [undefined, at];
  };

/** One of the words of a list, by its place in it. */
export const term = (names: readonly string[]): Reader<number> =>
  function* (text, at) {
    for (const [index, name] of names.entries())
      if (text.startsWith(name, at)) yield [index, at + name.length];
  };

/** `a`, `a and b`, `a, b and c`. */
export const list = <T>(item: Reader<T>, conjunction: string): Reader<T[]> => {
  const last = seq(words(conjunction), item);
  const further = seq(words(', '), item);
  return function* (text, at) {
    for (const [first, end] of item(text, at)) {
      yield [[first], end];
      yield* rest(text, end, [first]);
    }
  };
  function* rest(text: string, at: number, items: T[]): Generator<[T[], number]> {
    for (const [[, value], end] of last(text, at)) yield [[...items, value], end];
    for (const [[, value], end] of further(text, at)) yield* rest(text, end, [...items, value]);
  }
};

/** What a whole text means, the first way that takes all of it. */
export function readWhole<T>(reader: Reader<T>, text: string): T | undefined {
  for (const [value, end] of reader(text, 0)) if (end === text.length) return value;
  return undefined;
}
