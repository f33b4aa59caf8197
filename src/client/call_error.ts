// What a call of the library throws: also where the caller gave what Postgres cannot read.
import { fromDatabase, InvalidArgumentError } from '../errors.ts';

/** The error of a call in its class; a value that Postgres cannot read (SQLSTATE class 22) is a wrong argument. */
export function fromCall(error: unknown): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code !== 'string' || !/^22[0-9A-Z]{3}$/.test(code)) return fromDatabase(error);
  if (code === '22P05' || code === '22021') {
    return new InvalidArgumentError(
      'A text has a character that Postgres cannot store, such as NUL (\\u0000).',
      {
        hint: 'Take it out, or encode what is not text, for example as base64.',
        cause: error,
      },
    );
  }
  const [, notAnId] = /^invalid input syntax for type uuid: "(.*)"$/s.exec(message ?? '') ?? [];
  if (notAnId !== undefined) {
    return new InvalidArgumentError(`"${notAnId.slice(0, 100)}" is not an id.`, {
      hint: 'Ids are like 01998f3a-6b7c-7d2e-8f90-a1b2c3d4e5f6; lists show them.',
      cause: error,
    });
  }
  const isTime = code === '22007' || code === '22008';
  return new InvalidArgumentError(`A value cannot be read: ${message}.`, {
    hint: isTime
      ? 'Intervals are written like "15 minutes" or "1 month", instants like 2026-12-01T09:00:00Z.'
      : 'See the hints and types of the call, or --help of the command, for what it takes.',
    cause: error,
  });
}
