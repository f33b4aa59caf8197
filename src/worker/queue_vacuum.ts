// The queue's dead rows. Jobs are taken from the front of an index, and each that was done leaves an entry there that the next to be
// taken is looked for behind: of a long queue, what is done soon costs more than what is taken. Autovacuum comes once a minute at
// best; whoever does hundreds of thousands of jobs in that time has to clean up after themselves.
import { Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';

export class QueueVacuum {
  readonly #pool: Pool;
  readonly #log: Logger;
  readonly #jobsBetween: number;
  #jobs = 0;
  #running: Promise<void> | undefined;

  /** @param jobsBetween jobs done from one time to the next */
  constructor(connectionString: string, log: Logger, jobsBetween = 50_000) {
    // Its own connection, while there is one: it may be silent for as long as a vacuum takes, and nobody minds its loss.
    this.#pool = new Pool({ connectionString, name: 'pgchime vacuum', max: 1, patience: 0, silence: 0 });
    this.#log = log;
    this.#jobsBetween = jobsBetween;
  }

  /** A job was done. */
  count(): void {
    if (++this.#jobs < this.#jobsBetween || this.#running !== undefined) return;
    this.#jobs = 0;
    this.#running = this.#vacuum().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when what it does now is done. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Breaks off, and closes its connection. */
  async end(): Promise<void> {
    this.#jobs = Number.NEGATIVE_INFINITY;
    this.#pool.cut();
    await this.#running;
    await this.#pool.end();
  }

  async #vacuum(): Promise<void> {
    try {
      // Whoever vacuums a table already does it for all. The file is not made shorter, which would lock its readers out.
      await this.#pool.query(
        'vacuum (skip_locked, truncate false) graphile_worker._private_jobs, chime_private.unfinished_runs',
      );
    } catch (error) {
      // Nothing but time depends on it, and autovacuum comes.
      this.#log.debug({ err: error }, 'the queue could not be vacuumed');
    }
  }
}
