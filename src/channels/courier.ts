// What deliveries and what the bot says have in common on their way out: messages that the database lets go are taken, handed to their
// channel, and what became of each is reported. It decides nothing, and keeps nothing: what it has taken and does not report, the
// database takes for what may have been sent.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Listener } from '../db/listener.ts';
import { pause } from '../db/pause.ts';
import { isTransient, Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';
import { reasonOf } from './channel.ts';

export interface CourierOptions {
  connectionString: string;
  log: Logger;
  /** How often to look where notifications do not get through, in milliseconds. */
  pollInterval: number;
  /** Messages that are being sent at once, at most. What is taken is begun at once, so no more than these are ever in doubt. */
  concurrency?: number;
  /** How long to wait at most before looking again, in milliseconds. */
  longestSleep?: number;
  /** How long a channel may take for a message, in milliseconds; less than the database waits for the report. */
  sendTimeout?: number;
  /** Gives back what the channels hold, once nothing is sent any more. */
  release?: () => Promise<void>;
}

/** What a courier carries, and how; all of it but the loop. */
export interface Route<Message, Report> {
  /** Whoever carries them, in the log and in pg_stat_activity. */
  name: string;
  /** Who says that there is something to send. */
  notifications: string;
  prepare(pool: Pool): Promise<void>;
  claim(pool: Pool, courierId: string, most: number): Promise<TakenMessages<Message>>;
  /** Gives back what was taken without its courier learning of it: all but what it holds. */
  returnUnheld(pool: Pool, courierId: string, held: readonly string[]): Promise<void>;
  idOf(message: Message): string;
  /** Answers what became of it, whatever that was. */
  send(message: Message, signal: AbortSignal): Promise<Report>;
  /** The report of a message that nobody has tried to send. */
  returned(message: Message): Report;
  /** Records reports; answers the ids of those that counted. May be called again. */
  record(pool: Pool, reports: readonly Report[]): Promise<string[]>;
}

export interface TakenMessages<Message> {
  messages: Message[];
  /** How long to wait where limits allow no more at once, in milliseconds; null where nothing waits for them. */
  waitMs: number | null;
  /** More may be there. */
  more: boolean;
}

interface CourierEvents<Report> {
  /** What became of a message is on record. */
  reported: [report: Report];
  /** It has looked, and there was nothing to send at once. */
  idle: [];
}

export class Courier<Message, Report extends { id: string }>
  extends EventEmitter<CourierEvents<Report>>
  implements Service
{
  readonly name: string;
  readonly id = randomUUID();
  readonly #route: Route<Message, Report>;
  readonly #options: Required<CourierOptions>;
  readonly #stopped = new AbortController();
  readonly #hurried = new AbortController();
  /** What is being sent, or not reported yet, by its id. */
  readonly #sending = new Map<string, Promise<void>>();
  #reports: Report[] = [];
  #reporting: Promise<void> | undefined;
  #wake = new AbortController();
  #pool: Pool | undefined;
  #listener: Listener | undefined;
  #loop: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(route: Route<Message, Report>, options: CourierOptions) {
    super();
    this.name = route.name;
    this.#route = route;
    this.#options = {
      concurrency: 10,
      longestSleep: 5_000,
      sendTimeout: 30_000,
      release: async () => {},
      ...options,
    };
  }

  async start(): Promise<void> {
    const { connectionString, log } = this.#options;
    this.#pool = new Pool({ connectionString, name: `pgchime ${this.name}`, max: 3, patience: 30_000 });
    try {
      await this.#route.prepare(this.#pool);
      const { notifications: channel } = this.#route;
      this.#listener = new Listener({ connectionString, channel, pool: this.#pool, log });
      this.#listener.on('notify', () => this.#wake.abort());
      this.#listener.on('gap', () => this.#wake.abort());
      await this.#listener.start();
    } catch (error) {
      await this.#pool.end();
      throw error;
    }
    this.#loop = this.#run(this.#pool, this.#listener);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** What is being sent is broken off: nobody knows what becomes of it. */
  hurry(): void {
    this.#hurried.abort(new Error(`The ${this.name} was stopped.`));
  }

  /** How many messages are being sent. */
  get sending(): number {
    return this.#sending.size;
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    await this.#loop;
    await Promise.all(this.#sending.values());
    await this.#reporting;
    await this.#listener?.stop();
    await this.#pool?.end();
    await this.#options.release();
  }

  async #run(pool: Pool, listener: Listener): Promise<void> {
    const { concurrency, longestSleep, pollInterval, log } = this.#options;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      // From here on a notification, or the end of a message, means that the answer may be too old.
      this.#wake = new AbortController();
      let sleepMs: number;
      try {
        // The answer to a claim that failed may have been all that was lost.
        if (failures > 0) await this.#route.returnUnheld(pool, this.id, [...this.#sending.keys()]);
        const free = concurrency - this.#sending.size;
        const claim =
          free === 0
            ? { messages: [], waitMs: null, more: false }
            : await this.#route.claim(pool, this.id, free);
        if (failures > 0) log.info({ failures }, `the ${this.name} reaches the database again`);
        failures = 0;
        for (const message of claim.messages) this.#begin(message);
        const most = listener.works ? longestSleep : pollInterval;
        // Where all hands are full the end of a message wakes it.
        const soon = claim.more && this.#sending.size < concurrency;
        sleepMs = soon
          ? claim.messages.length > 0
            ? 0
            : Math.min(20, claim.waitMs ?? 20)
          : Math.min(most, claim.waitMs ?? most);
        if (claim.messages.length === 0 && this.#sending.size === 0) this.#tell('idle');
      } catch (error) {
        if (failures++ === 0)
          log.error({ err: error }, `the ${this.name} cannot take messages; trying again`);
        sleepMs = Math.min(5_000, 50 * 2 ** failures);
      }
      if (sleepMs > 0)
        await pause(Math.ceil(sleepMs), AbortSignal.any([this.#wake.signal, this.#stopped.signal]));
    }
  }

  #begin(message: Message): void {
    const id = this.#route.idOf(message);
    const sending = this.#send(message)
      .then((report) => this.#report(report))
      .finally(() => {
        this.#sending.delete(id);
        this.#wake.abort();
      });
    this.#sending.set(id, sending);
  }

  async #send(message: Message): Promise<Report> {
    if (this.#hurried.signal.aborted) return this.#route.returned(message);
    const timeout = AbortSignal.timeout(this.#options.sendTimeout);
    return this.#route.send(message, AbortSignal.any([this.#hurried.signal, timeout]));
  }

  #tell(event: keyof CourierEvents<Report>, ...args: Report[]): void {
    // What an event carries is known to the compiler only once Report is.
    (this as EventEmitter).emit(event, ...args);
  }

  /** Brings a report home, together with others that came at the same time. */
  async #report(report: Report): Promise<void> {
    this.#reports.push(report);
    while (this.#reports.includes(report)) {
      this.#reporting ??= this.#flush().finally(() => {
        this.#reporting = undefined;
      });
      await this.#reporting;
    }
  }

  async #flush(): Promise<void> {
    const reports = [...this.#reports];
    // One that the database does not take must not cost the others their record.
    if (!(await this.#record(reports))) for (const report of reports) await this.#record([report], true);
    this.#reports = this.#reports.filter((report) => !reports.includes(report));
  }

  /** Records reports, as long as there is hope; answers whether they are, or nothing more can be done about it. */
  async #record(reports: readonly Report[], last = reports.length === 1): Promise<boolean> {
    const { log } = this.#options;
    // Longer than the claim is good for, there is nobody to report to: it is unknown by then.
    const until = performance.now() + 60_000;
    for (let failures = 0; ; failures++) {
      try {
        const recorded = new Set(await this.#route.record(this.#pool as Pool, reports));
        for (const report of reports) if (recorded.has(report.id)) this.#tell('reported', report);
        return true;
      } catch (error) {
        if (!isTransient(error) && !last) return false;
        if (!isTransient(error) || performance.now() > until || this.#hurried.signal.aborted) {
          const messages = reports.map(({ id }) => id);
          log.error({ err: error, messages }, `what became of messages is not on record: ${reasonOf(error)}`);
          return true;
        }
        await pause(Math.min(2_000, 50 * 2 ** failures), this.#hurried.signal);
      }
    }
  }
}
