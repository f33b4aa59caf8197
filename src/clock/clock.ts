// The clock: sleeps until something is due, ticks, sleeps again. It decides nothing: chime_private.tick does, and says
// how long to sleep. Any number of clocks may run against one database.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import { stopClock, type Tick, tick } from '../db/calls.ts';
import { Listener } from '../db/listener.ts';
import { pause } from '../db/pause.ts';
import { Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';

export interface ClockOptions {
  connectionString: string;
  log: Logger;
  /** How often to look where notifications do not get through, in milliseconds. */
  pollInterval: number;
  /** Schedules fired in one transaction, at most. */
  batch?: number;
  /** How long to sleep at most, in milliseconds; a clock that sleeps longer than half a lease takes no worker for dead. */
  longestSleep?: number;
  /** A tick that goes without an answer for this long has lost its connection, in milliseconds. */
  silence?: number;
}

/** Ticks at a time where there is a backlog. */
const lanes = 4;

/** How long the database may keep a clock that is stopping, in milliseconds. */
const stoppingPatience = 2_000;

interface ClockEvents {
  /** A tick was done. */
  ticked: [tick: Tick];
  /** A tick failed; it is tried again. */
  failed: [error: Error];
}

export class Clock extends EventEmitter<ClockEvents> implements Service {
  readonly name = 'clock';
  readonly id = randomUUID();
  readonly #options: Required<ClockOptions>;
  readonly #stopped = new AbortController();
  #pool: Pool | undefined;
  #listener: Listener | undefined;
  #loop: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #wake = new AbortController();
  #wakesAt = 0;
  #lastSign: number | undefined;

  constructor(options: ClockOptions) {
    super();
    this.#options = { batch: 500, longestSleep: 5_000, silence: 5_000, ...options };
  }

  async start(): Promise<void> {
    const { connectionString, log, silence } = this.#options;
    // Patience is the loop's own business: it says so when the database is away.
    this.#pool = new Pool({ connectionString, name: 'pgchime clock', max: lanes + 1, patience: 0, silence });
    this.#listener = new Listener({ connectionString, channel: 'chime_clock', pool: this.#pool, log });
    this.#listener.on('notify', (payload) => this.#heard(payload));
    this.#listener.on('gap', () => this.#wake.abort());
    await this.#listener.start();
    this.#loop = this.#run(this.#pool, this.#listener);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The database is not waited for any more. */
  hurry(): void {
    this.#pool?.cut();
  }

  /**
   * How long ago it last ticked, or found that it cannot, in milliseconds; null before the first time. It never lets many
   * seconds pass, so a large number says that it hangs.
   */
  get silentMs(): number | null {
    return this.#lastSign === undefined ? null : performance.now() - this.#lastSign;
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    const impatient = setTimeout(() => this.hurry(), stoppingPatience);
    await this.#loop;
    await this.#listener?.stop();
    if (this.#pool !== undefined) {
      await stopClock(this.#pool, this.id).catch(() => {}); // the database may be gone already
      await this.#pool.end();
    }
    clearTimeout(impatient);
  }

  /** Somebody wrote what is due at an instant: sleep no longer than until then. */
  #heard(payload: string): void {
    const dueAt = Date.parse(payload);
    // Clocks of host and database may differ: what seems due much later is asked of the database at once, too.
    if (!(dueAt - Date.now() > this.#wakesAt - performance.now() + 1000)) this.#wake.abort();
  }

  async #run(pool: Pool, listener: Listener): Promise<void> {
    const { log, longestSleep, pollInterval } = this.#options;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      // From here on any notification means that the answer of this tick may be too old.
      this.#wake = new AbortController();
      this.#wakesAt = Number.POSITIVE_INFINITY;
      let sleepMs: number;
      try {
        const first = await this.#tick(pool);
        const last = first.more ? await this.#catchUp(pool) : [first];
        if (failures > 0) log.info({ failures }, 'the clock ticks again');
        failures = 0;
        const asked = Math.min(...last.map((each) => (each.more ? 0 : (each.sleepMs ?? longestSleep))));
        sleepMs = Math.min(asked, listener.works ? longestSleep : pollInterval);
      } catch (error) {
        if (failures++ === 0) log.error({ err: error }, 'the clock cannot tick; trying again');
        this.#lastSign = performance.now();
        this.emit('failed', error as Error);
        sleepMs = Math.min(5_000, 50 * 2 ** failures);
      }
      this.#wakesAt = performance.now() + sleepMs;
      if (sleepMs > 0)
        await pause(Math.ceil(sleepMs), AbortSignal.any([this.#wake.signal, this.#stopped.signal]));
    }
  }

  async #tick(pool: Pool): Promise<Tick> {
    const done = await tick(pool, this.id, `${hostname()}:${process.pid}`, this.#options.batch);
    this.#lastSign = performance.now();
    this.emit('ticked', done);
    return done;
  }

  /** Works off a backlog, side by side: while one tick waits for the disk, others work. Answers the last tick of each lane. */
  async #catchUp(pool: Pool): Promise<Tick[]> {
    const lane = async () => {
      for (;;) {
        const done = await this.#tick(pool);
        if (!done.more || this.#stopped.signal.aborted) return done;
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
    return ended.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
  }
}
