// graphile-worker, kept at work. When one of its connections is lost with a statement on the way, nobody knows which jobs
// it had locked or completed: then a new runner takes over at once, the old one ends its jobs, and what it leaves locked
// is freed.
import { pause } from '../db/pause.ts';
import type { Service } from '../service.ts';
import { Generation, type GenerationOptions } from './generation.ts';
import { persistently } from './persistence.ts';

export interface JobRunnerOptions extends GenerationOptions {
  /** Aborted when the whole worker is asked to stop: job locks are freed in a moment then, or left to a clock. */
  stopping: AbortSignal;
}

export class JobRunner implements Service {
  readonly name = 'job runner';
  readonly #options: JobRunnerOptions;
  readonly #stopped = new AbortController();
  readonly #ending = new Set<Promise<void>>();
  readonly #generations = new Set<Generation>();
  #patience: number | undefined;
  #current: Generation | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const launched = this.#launch().then((generation) => this.#adopt(generation));
    this.#renewing = launched.catch(() => {});
    await launched;
  }

  /** From now on no call waits longer than this for a connection, in milliseconds. */
  hasten(patience: number): void {
    this.#patience = patience;
    for (const generation of this.#generations) generation.hasten(patience);
  }

  /** Nothing waits for the database any more. */
  cut(): void {
    for (const generation of this.#generations) generation.cut();
  }

  #adopt(generation: Generation): void {
    this.#current = generation;
    if (generation.failure !== undefined) this.#renew(generation);
  }

  /** Takes no more jobs; resolves when those that run have ended. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#renewing;
    if (this.#current !== undefined) this.#retire(this.#current);
    this.#current = undefined;
    await Promise.all(this.#ending);
  }

  async #launch(): Promise<Generation> {
    const generation = new Generation(this.#options);
    if (this.#patience !== undefined) generation.hasten(this.#patience);
    generation.onFailure = () => {
      if (this.#current === generation) this.#renew(generation);
    };
    this.#generations.add(generation);
    try {
      await generation.launch();
      return generation;
    } catch (error) {
      this.#generations.delete(generation);
      throw error;
    }
  }

  #renew(failed: Generation): void {
    if (this.#stopped.signal.aborted) return;
    const { log } = this.#options;
    log.warn({ reason: failed.failure }, 'a connection of the worker was lost; it takes up work anew');
    this.#retire(failed);
    this.#current = undefined;
    this.#renewing = this.#launchAgain();
  }

  async #launchAgain(): Promise<void> {
    for (let attempt = 0; !this.#stopped.signal.aborted; attempt++) {
      try {
        const generation = await this.#launch();
        this.#options.log.info('the worker is at work again');
        this.#adopt(generation);
        return;
      } catch (error) {
        this.#options.log.error({ err: error }, 'the worker cannot take up work; trying again');
        await pause(Math.min(5_000, 100 * 2 ** attempt), this.#stopped.signal);
      }
    }
  }

  #retire(generation: Generation): void {
    const ended = (async () => {
      await generation.end();
      const { log, stopping } = this.#options;
      await persistently(() => generation.unlock(), { stopping }).catch((error: Error) => {
        log.warn({ err: error }, 'job locks could not be freed; a clock does it when the lease has ended');
      });
      await generation.close();
      this.#generations.delete(generation);
    })();
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }
}
