// What stands in for clock and worker where nobody else runs them: started once none of a kind is alive, and stopped with the rest. One that
// was killed a moment ago still counts as alive for some seconds, so this looks more than once.
import type pg from 'pg';
import { pause } from '../db/pause.ts';
import type { Logger } from '../log.ts';
import { type Service, startAll, stopAll } from '../service.ts';

export interface StandbyOptions {
  pool: pg.Pool;
  log: Logger;
  makeClock(): Service;
  makeWorker(): Promise<Service>;
  /** How long to wait before looking again, in milliseconds. */
  interval?: number;
}

export class Standby implements Service {
  readonly name = 'standby';
  readonly #options: Required<StandbyOptions>;
  readonly #stopped = new AbortController();
  readonly #running: Service[] = [];
  #loop: Promise<void> | undefined;

  constructor(options: StandbyOptions) {
    this.#options = { interval: 3000, ...options };
  }

  async start(): Promise<void> {
    const wanted = await this.#look(new Set(['clock', 'worker']));
    this.#loop = this.#run(wanted);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await stopAll(this.#running);
  }

  /** Starts what nobody runs; answers what somebody else does. */
  async #look(wanted: ReadonlySet<string>): Promise<Set<string>> {
    const { pool, makeClock, makeWorker } = this.#options;
    const { rows } = await pool.query<{ clocks: number; workers: number }>(
      'select clocks::integer, workers::integer from chime_private.processes_alive(chime.now())',
    );
    const left = new Set(wanted);
    const begin = async (kind: string, alive: number | undefined, make: () => Promise<Service>) => {
      if (!left.has(kind) || alive) return;
      const service = await make();
      await startAll([service], this.#stopped.signal);
      this.#running.push(service);
      left.delete(kind);
    };
    await begin('worker', rows[0]?.workers, makeWorker);
    await begin('clock', rows[0]?.clocks, async () => makeClock());
    return left;
  }

  async #run(wanted: ReadonlySet<string>): Promise<void> {
    const { interval, log } = this.#options;
    const { signal } = this.#stopped;
    while (wanted.size > 0) {
      await pause(interval, signal);
      if (signal.aborted) return;
      try {
        wanted = await this.#look(wanted);
      } catch (error) {
        if (!signal.aborted)
          log.warn({ err: error }, 'it cannot be said whether a clock and a worker are alive');
      }
    }
  }
}
