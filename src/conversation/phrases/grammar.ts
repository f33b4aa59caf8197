// What grammars are made of: readers, which take tokens from a place on, and what puts readers together.
import type { Language } from './reading.ts';
import type { Token } from './token.ts';

export interface Source {
  readonly tokens: readonly Token[];
  /** The language it is written in; where it has no words, that of the person. */
  readonly language: Language;
  /** Somewhere it says that it happens again and again. */
  readonly repeats: boolean;
}

export interface Match<T> {
  value: T;
  /** The token after the last that was taken. */
  end: number;
}

/** Takes tokens from a place on, and says what they mean; undefined where they do not begin with what it reads. */
export type Reader<T> = (source: Source, at: number) => Match<T> | undefined;

/** Every word that some grammar begins with or goes on with: at any other nothing has to be tried. */
const vocabulary = new Set<string>();
export const isKnown = (word: string): boolean => vocabulary.has(word);

/** One of these words, or sequences of words, divided by `|`; the longest that fits. */
export function w(alternatives: string): Reader<string> {
  const sequences = alternatives.split('|').map((each) => each.split(' '));
  sequences.sort((a, b) => b.length - a.length);
  for (const word of sequences.flat()) vocabulary.add(word);
  const single = new Set(sequences.filter(({ length }) => length === 1).map(([word]) => word as string));
  const several = new Map<string, string[][]>();
  for (const sequence of sequences.filter(({ length }) => length > 1)) {
    const [first = ''] = sequence;
    several.set(first, [...(several.get(first) ?? []), sequence]);
  }
  return ({ tokens }, at) => {
    const word = tokens[at]?.word;
    if (word === undefined) return undefined;
    for (const sequence of several.get(word) ?? [])
      if (sequence.every((each, index) => tokens[at + index]?.word === each))
        return { value: sequence.join(' '), end: at + sequence.length };
    return single.has(word) ? { value: word, end: at + 1 } : undefined;
  };
}

/** A word of a dictionary. */
export function term<T>(dictionary: ReadonlyMap<string, T>): Reader<T> {
  for (const word of dictionary.keys()) vocabulary.add(word);
  return ({ tokens }, at) => {
    const token = tokens[at];
    const value = token?.kind === 'word' ? dictionary.get(token.word) : undefined;
    return value === undefined ? undefined : { value, end: at + 1 };
  };
}

/** All of these, one after the other. */
export const seq =
  <T extends unknown[]>(...readers: { [K in keyof T]: Reader<T[K]> }): Reader<T> =>
  (source, at) => {
    const values: unknown[] = [];
    for (const reader of readers) {
      const match = reader(source, at);
      if (match === undefined) return undefined;
      values.push(match.value);
      at = match.end;
    }
    return { value: values as T, end: at };
  };

/** The first of these that fits. */
export const any =
  <T>(...readers: Reader<T>[]): Reader<T> =>
  (source, at) => {
    for (const reader of readers) {
      const match = reader(source, at);
      if (match !== undefined) return match;
    }
    return undefined;
  };

/** Of those that fit the one that takes most; of equal ones the first. */
export const longest =
  <T>(...readers: Reader<T>[]): Reader<T> =>
  (source, at) => {
    let best: Match<T> | undefined;
    for (const reader of readers) {
      const match = reader(source, at);
      if (match !== undefined && match.end > (best?.end ?? at)) best = match;
    }
    return best;
  };

/** This, or nothing. */
export const opt =
  <T>(reader: Reader<T>): Reader<T | undefined> =>
  (source, at) =>
    reader(source, at) ?? { value: undefined, end: at };

/** What it means; undefined where it means nothing after all. */
export const map =
  <T, U>(reader: Reader<T>, make: (value: T) => U | undefined): Reader<U> =>
  (source, at) => {
    const match = reader(source, at);
    const value = match === undefined ? undefined : make(match.value);
    return match === undefined || value === undefined ? undefined : { value, end: match.end };
  };

/** One or more, with something between them. */
export const list =
  <T>(item: Reader<T>, between: Reader<unknown>): Reader<T[]> =>
  (source, at) => {
    let match = item(source, at);
    const values: T[] = [];
    let end = at;
    while (match !== undefined) {
      values.push(match.value);
      end = match.end;
      const gap = between(source, end);
      match = gap === undefined ? undefined : item(source, gap.end);
    }
    return values.length === 0 ? undefined : { value: values, end };
  };

/** Takes nothing, and fits only where the reader does not. */
export const not =
  (reader: Reader<unknown>): Reader<true> =>
  (source, at) =>
    reader(source, at) === undefined ? { value: true, end: at } : undefined;

/** Fits only without a space in front. */
export const glued =
  <T>(reader: Reader<T>): Reader<T> =>
  (source, at) =>
    source.tokens[at]?.glued === true ? reader(source, at) : undefined;

/** Digits, so many of them. */
export const digits =
  (least: number, most: number): Reader<number> =>
  ({ tokens }, at) => {
    const token = tokens[at];
    return token?.kind === 'number' && token.text.length >= least && token.text.length <= most
      ? { value: Number(token.text), end: at + 1 }
      : undefined;
  };

/** The end of the text, or of its line. */
export const atEnd: Reader<true> = ({ tokens }, at) =>
  tokens[at] === undefined || tokens[at]?.word === '\n' ? { value: true, end: at } : undefined;

/** A dictionary of words and all that they are also called, divided by spaces. */
export const dictionary = <T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> =>
  new Map(entries.flatMap(([words, value]) => words.split(' ').map((word): [string, T] => [word, value])));
