// How long to wait before asking Telegram again for what it has not answered.
import { TelegramApiError } from 'node-telegram-bot-api';
import { pause } from '../../db/pause.ts';
import type { Logger } from '../../log.ts';

/** Where the token is refused, an operator has to see to it, in milliseconds. */
const tokenPause = 60_000;
const longest = 30_000;

/**
 * @param failures how many there were in a row, this one included
 * @param shortest the wait after the first one, in milliseconds; each next one is twice as long
 */
export function waitAfter(error: unknown, failures: number, shortest = 500): number {
  if (error instanceof TelegramApiError) {
    if (error.retryAfter !== undefined) return error.retryAfter * 1000;
    if (error.errorCode === 401 || error.errorCode === 404) return tokenPause;
    // Somebody else asks for the same; when their question ends, one of the two is asked to go.
    if (error.errorCode === 409) return 5_000;
  }
  return Math.min(longest, shortest * 2 ** (failures - 1));
}

/**
 * Asks until there is an answer.
 * @param what is asked for, for the log
 * @returns undefined once it shall stop
 */
export async function insist<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  what: string,
  log: Logger,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await ask(signal);
    } catch (error) {
      if (signal.aborted) break;
      // Said once, and not each time.
      log[failures === 1 ? 'warn' : 'debug'](
        { err: error },
        `Telegram does not answer: ${what}; asking again`,
      );
      await pause(waitAfter(error, failures), signal);
    }
  }
  return undefined;
}
