// How a process that serves comes to its end: asked by a signal, asked again, or by an error that nobody handled.
import type { Logger } from '../log.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Shutdown {
  readonly #log: Logger;
  readonly #asked = new AbortController();
  readonly #hurried = new AbortController();
  #fatal: Error | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Aborted when the process shall stop. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** Aborted when it was asked again: it shall not wait for what runs. None loses anything: what did not end is given back. */
  get hurried(): AbortSignal {
    return this.#hurried.signal;
  }

  /** The process shall stop, as if by a signal. */
  ask(): void {
    this.#asked.abort();
  }

  /** The process cannot go on; it stops in order, and fails with the first such error. */
  fail(error: Error): void {
    this.#fatal ??= error;
    this.#asked.abort();
  }

  /** Waits for `work`, but not once the process shall stop; what becomes of the work then is nobody's business. */
  async unlessAsked<T>(work: Promise<T>): Promise<T | undefined> {
    const asked = new Promise<undefined>((resolve) => {
      if (this.asked.aborted) resolve(undefined);
      this.asked.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    work.catch(() => {});
    return Promise.race([asked, work]);
  }

  /**
   * Runs `work` under these rules, from before it opens anything.
   * @throws Error what was fatal, or the work's own error if the process was not asked to stop
   */
  async during(work: () => Promise<void>): Promise<void> {
    const onSignal = () => (this.asked.aborted ? this.#hurried : this.#asked).abort();
    const onRejection = (reason: unknown) => this.#logRejection(reason);
    const onException = (error: unknown) => this.#endOrderly(error);
    for (const signal of signals) process.on(signal, onSignal);
    process.on('unhandledRejection', onRejection);
    process.on('uncaughtException', onException);
    try {
      await work();
    } catch (error) {
      if (!this.asked.aborted) throw error;
      // What stopping has broken off fails, as it must.
      this.#log.debug({ err: error }, 'an error while stopping');
    } finally {
      for (const signal of signals) process.off(signal, onSignal);
      process.off('unhandledRejection', onRejection);
      process.off('uncaughtException', onException);
    }
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  #logRejection(reason: unknown): void {
    const err = reason instanceof Error ? reason : new Error(String(reason));
    this.#log.error(
      { err, at: placeOf(err) },
      'a promise was rejected and nobody waited for it, as when a task forgets an await; going on',
    );
  }

  #endOrderly(thrown: unknown): void {
    const err = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#log.error({ err, at: placeOf(err) }, 'an error was thrown that nobody caught; stopping');
    this.fail(err);
  }
}

/** Where an error comes from: the first line of its stack that is not Node's own. */
function placeOf({ stack = '' }: Error): string | undefined {
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return lines.find((line) => !/\(?node:/.test(line))?.trim();
}
