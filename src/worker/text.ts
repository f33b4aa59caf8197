// What goes wrong in a handler, in words that Postgres takes.
import { storable } from '../db/storable.ts';

/** What a thrown value says: message and stack, whatever was thrown, of bounded length. */
export function describeError(thrown: unknown): { message: string; stack: string | null } {
  let message: string;
  let stack: string | null = null;
  try {
    if (thrown instanceof Error) {
      message = thrown.message || thrown.name;
      stack = thrown.stack ?? null;
      for (let cause = thrown.cause, depth = 0; cause !== undefined && depth < 5; depth++) {
        stack = `${stack ?? message}\ncaused by: ${cause instanceof Error ? cause.stack : String(cause)}`;
        cause = cause instanceof Error ? cause.cause : undefined;
      }
    } else {
      message = `The handler threw ${typeof thrown === 'string' ? JSON.stringify(thrown) : String(thrown)} instead of an error.`;
    }
  } catch {
    message = 'The handler threw something that cannot be shown.';
  }
  return { message: storable(message).slice(0, 10_000), stack: stack && storable(stack).slice(0, 50_000) };
}
