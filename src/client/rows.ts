// Between the names of SQL and those of TypeScript.

type SnakeRow = Record<string, unknown>;

const toCamel = (name: string) => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
const toSnake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A row with the keys of TypeScript. */
export function fromRow<T>(row: SnakeRow): T {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [toCamel(key), value])) as T;
}

/** Fields as a patch of update_schedule takes them. */
export function toPatch(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [toSnake(key), plain(value)]));
}

/** A call with named arguments: those that are undefined are left to their defaults. */
export function namedCall(name: string, fields: object): { text: string; values: unknown[] } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const args = given.map(([key], index) => `${toSnake(key)} => $${index + 1}`);
  const values = given.map(([key, value]) => (key === 'payload' ? JSON.stringify(value) : plain(value)));
  return { text: `select * from ${name}(${args.join(', ')})`, values };
}

function plain(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value;
}
