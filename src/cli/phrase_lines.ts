// Phrases as lines of standard input: plain text, or JSON with what it was said in.
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { PhraseContext } from '../conversation/phrases/reading.ts';
import { UsageError } from './failure.ts';

/** A phrase, and whether its answer is to be JSON; or why it cannot be read. */
export type Asked = { isJson: boolean } & ({ text: string; context: PhraseContext } | { error: Error });

export const asksOf = (text: string, context: PhraseContext): Asked => ({ isJson: false, text, context });

const jsonLine = z.object({
  text: z.string(),
  now: z.iso.datetime({ offset: true }).optional(),
  timezone: z.string().optional(),
  locale: z.enum(['en', 'ru']).optional(),
});

/** @param context what holds where the line says nothing else */
export function readLine(line: string, context: PhraseContext): Asked {
  if (!line.trimStart().startsWith('{')) return asksOf(line, context);
  try {
    const { text, now, timezone, locale } = jsonLine.parse(JSON.parse(line));
    return {
      isJson: true,
      text,
      context: {
        now: now === undefined ? context.now : new Date(now),
        timezone: timezone ?? context.timezone,
        locale: locale ?? context.locale,
      },
    };
  } catch (error) {
    const problem =
      error instanceof z.ZodError
        ? error.issues.map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`).join('; ')
        : (error as Error).message;
    return {
      isJson: true,
      error: new UsageError(
        `The line cannot be read: ${problem}.`,
        'For example {"text": "tomorrow at 9", "now": "2026-12-01T09:00:00Z", "timezone": "Europe/Berlin", "locale": "en"}.',
      ),
    };
  }
}

/** Lines of a stream, as many at once as have come: whoever writes one and waits gets its answer. */
export class LineBatches implements AsyncIterable<string[]> {
  readonly #input: NodeJS.ReadableStream;

  constructor(input: NodeJS.ReadableStream) {
    this.#input = input;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string[]> {
    const lines = createInterface({ input: this.#input, terminal: false });
    let pending: string[] = [];
    let isClosed = false;
    let wake = () => {};
    lines.on('line', (line) => {
      pending.push(line);
      // What is not answered yet is not read on and on.
      if (pending.length >= 500) lines.pause();
      wake();
    });
    lines.on('close', () => {
      isClosed = true;
      wake();
    });
    try {
      while (!isClosed || pending.length > 0) {
        if (pending.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const batch = pending;
        pending = [];
        yield batch;
        if (!isClosed) lines.resume();
      }
    } finally {
      lines.close();
    }
  }
}
