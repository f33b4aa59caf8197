// Text that Postgres takes. A NUL, half a surrogate pair or a byte that is not UTF-8 must never cost a run its record.

/** Text without NUL (shown as ␀) and without lone surrogates (shown as the replacement character). */
export function storable(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\u2400') : text).toWellFormed();
}

/**
 * A value as JSON text that Postgres takes as jsonb.
 * @returns null for undefined
 * @throws TypeError for what JSON cannot express: a circular object, a BigInt
 */
export function storableJson(value: unknown): string | null {
  const text = JSON.stringify(value);
  if (text === undefined) return null;
  // Both only as escapes: JSON.stringify writes them so, and Postgres refuses the escapes.
  if (!/\\u0000|\\ud[89a-f]/i.test(text)) return text;
  return JSON.stringify(sanitised(JSON.parse(text)));
}

function sanitised(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(sanitised);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storable(key), sanitised(member)]));
}
