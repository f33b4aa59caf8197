// Log lines of running handlers, on their way to chime.run_logs: collected, bounded, written in batches.
import type { LogLine } from '../db/calls.ts';
import { storable, storableJson } from '../db/storable.ts';
import type { RunLog } from '../task.ts';

/** A handler that logs without end keeps this many lines, and this many bytes; one more line says that others were dropped. */
const mostLines = 10_000;
const mostBytes = 4 * 1024 * 1024;
/** Of one message, and of the data of one line. */
const mostCharacters = 8_192;

export class LogBuffer {
  readonly #write: (lines: LogLine[]) => Promise<void>;
  #lines: LogLine[] = [];
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (lines: LogLine[]) => Promise<void>) {
    this.#write = write;
  }

  /** The log of one attempt of a run. Its lines are numbered from `attempt`'s own range, so that no two attempts meet. */
  forRun(runId: string, attempt: number): RunLog {
    let count = 0;
    let bytes = 0;
    let isFull = false;
    const add = (level: LogLine['level']) => (message: string, data?: unknown) => {
      // Not even looked at: whoever logs too much has no time to lose by that.
      if (isFull) return;
      const line = { level, message: shortened(message), data: safeJson(data) };
      count++;
      bytes += Buffer.byteLength(line.message) + Buffer.byteLength(line.data ?? '');
      isFull = count > mostLines || bytes > mostBytes;
      const what = count > mostLines ? `${mostLines} lines` : `${mostBytes / 1024 / 1024} MB`;
      this.#lines.push({
        runId,
        attempt,
        seq: (attempt - 1) * (mostLines + 1) + count,
        ...(isFull
          ? { level: 'warn', message: `Only ${what} are kept; the rest was dropped.`, data: null }
          : line),
        at: new Date(),
      });
      if (this.#lines.length >= 500) void this.flush();
      else this.#timer ??= setTimeout(() => void this.flush(), 250);
    };
    return { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') };
  }

  /** Writes what has been collected. A run's lines must be stored before the run is finished. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Another call may have taken this one's lines meanwhile: they are stored when its write is.
    while (this.#flushing !== undefined) await this.#flushing;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#flushing = this.#write(lines).finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  /** Whether lines of this run are still on their way. */
  holds(runId: string): boolean {
    return this.#flushing !== undefined || this.#lines.some((line) => line.runId === runId);
  }
}

function shortened(message: unknown): string {
  const text = typeof message === 'string' ? message : String(message);
  return text.length > mostCharacters ? `${storable(text.slice(0, mostCharacters))}…` : storable(text);
}

function safeJson(data: unknown): string | null {
  try {
    const text = storableJson(data instanceof Error ? { message: data.message, stack: data.stack } : data);
    return text !== null && text.length > mostCharacters
      ? JSON.stringify(`${text.slice(0, mostCharacters)}…`)
      : text;
  } catch (error) {
    return JSON.stringify(`(cannot be stored: ${(error as Error).message})`);
  }
}
