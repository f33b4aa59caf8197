// Between the names of SQL and those of TypeScript.
import { InvalidArgumentError } from '../errors.ts';

type SnakeRow = Record<string, unknown>;

const toCamel = (name: string) => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
const toSnake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const isId = (reference: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(reference);

/** A row with the keys of TypeScript. */
export function fromRow<T>(row: SnakeRow): T {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [toCamel(key), value])) as T;
}

/** Fields as a patch of update_schedule takes them. */
export function toPatch(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [toSnake(key), plain(value)]));
}

const jsonFields = new Set(['payload', 'rules', 'filter']);

/**
 * A call with named arguments: those that are undefined are left to their defaults.
 * @param known every field there is; names become part of the statement, so no other gets into it
 * @throws InvalidArgumentError (CH007) where a program without types gives another field
 */
export function namedCall(
  name: string,
  fields: object,
  known: Readonly<Record<string, true>>,
): { text: string; values: unknown[] } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  for (const [key] of given) {
    if (!Object.hasOwn(known, key)) {
      throw new InvalidArgumentError(`There is no field "${key}".`, {
        hint: `The fields are ${Object.keys(known).join(', ')}.`,
      });
    }
  }
  const args = given.map(([key], index) => `${toSnake(key)} => $${index + 1}`);
  const values = given.map(([key, value]) =>
    jsonFields.has(key) && !(key === 'filter' && value === null) ? JSON.stringify(value) : plain(value),
  );
  return { text: `select * from ${name}(${args.join(', ')})`, values };
}

function plain(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value;
}
