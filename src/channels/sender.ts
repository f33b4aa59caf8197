// The sender: takes messages that the database lets go, hands each to its channel, reports what became of it. It decides nothing, and
// keeps nothing: what it has taken and does not report, the database takes for what may have been sent.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type ClaimedMessage,
  claimDeliveries,
  finishDeliveries,
  registerChannels,
  returnUnheld,
  type SendReport,
} from '../db/delivery_calls.ts';
import { Listener } from '../db/listener.ts';
import { pause } from '../db/pause.ts';
import { isTransient, Pool } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';
import { type Channel, reasonOf } from './channel.ts';

export interface SenderOptions {
  connectionString: string;
  channels: readonly Channel[];
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

interface SenderEvents {
  /** What became of a message is on record. */
  reported: [report: SendReport];
  /** It has looked, and there was nothing to send at once. */
  idle: [];
}

export class Sender extends EventEmitter<SenderEvents> implements Service {
  readonly name = 'sender';
  readonly id = randomUUID();
  readonly #options: Required<SenderOptions>;
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #stopped = new AbortController();
  readonly #hurried = new AbortController();
  /** What is being sent, or not reported yet, by the id of its delivery. */
  readonly #sending = new Map<string, Promise<void>>();
  #reports: SendReport[] = [];
  #reporting: Promise<void> | undefined;
  #wake = new AbortController();
  #pool: Pool | undefined;
  #listener: Listener | undefined;
  #loop: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: SenderOptions) {
    super();
    this.#options = {
      concurrency: 10,
      longestSleep: 5_000,
      sendTimeout: 30_000,
      release: async () => {},
      ...options,
    };
    this.#channels = new Map(options.channels.map((channel) => [channel.id, channel]));
  }

  async start(): Promise<void> {
    const { connectionString, log, channels } = this.#options;
    this.#pool = new Pool({ connectionString, name: 'pgchime sender', max: 3, patience: 30_000 });
    try {
      await registerChannels(this.#pool, channels);
      this.#listener = new Listener({ connectionString, channel: 'chime_delivery', pool: this.#pool, log });
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
    this.#hurried.abort(new Error('The sender was stopped.'));
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
    const contexts = this.#options.channels.flatMap((channel) => channel.contexts ?? []);
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      // From here on a notification, or the end of a message, means that the answer may be too old.
      this.#wake = new AbortController();
      let sleepMs: number;
      try {
        // The answer to a claim that failed may have been all that was lost.
        if (failures > 0) await returnUnheld(pool, this.id, [...this.#sending.keys()]);
        const free = concurrency - this.#sending.size;
        const claim =
          free === 0
            ? { messages: [], waitMs: null, more: false }
            : await claimDeliveries(
                pool,
                this.id,
                [...this.#channels.keys()],
                contexts.length === 0 ? null : contexts,
                free,
              );
        if (failures > 0) log.info({ failures }, 'the sender reaches the database again');
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
        if (claim.messages.length === 0 && this.#sending.size === 0) this.emit('idle');
      } catch (error) {
        if (failures++ === 0) log.error({ err: error }, 'the sender cannot take messages; trying again');
        sleepMs = Math.min(5_000, 50 * 2 ** failures);
      }
      if (sleepMs > 0)
        await pause(Math.ceil(sleepMs), AbortSignal.any([this.#wake.signal, this.#stopped.signal]));
    }
  }

  #begin(message: ClaimedMessage): void {
    const sending = this.#send(message)
      .then((report) => this.#report(report))
      .finally(() => {
        this.#sending.delete(message.deliveryId);
        this.#wake.abort();
      });
    this.#sending.set(message.deliveryId, sending);
  }

  /** Hands a message to its channel; answers what became of it, whatever that was. */
  async #send(message: ClaimedMessage): Promise<SendReport> {
    const { log, sendTimeout } = this.#options;
    const about = { id: message.deliveryId, attempt: message.attempt };
    const channel = this.#channels.get(message.channelId);
    if (this.#hurried.signal.aborted || channel === undefined) return { ...about, outcome: 'returned' };
    if (message.isGone) return { ...about, outcome: 'refused', reason: 'Its run is not kept any more.' };
    const signal = AbortSignal.any([this.#hurried.signal, AbortSignal.timeout(sendTimeout)]);
    try {
      return { ...about, outcome: 'sent', ...(await channel.send(message, signal)) };
    } catch (error) {
      const failure = channel.classify(error, message);
      const level = failure.outcome === 'plainer' || failure.outcome === 'moved' ? 'info' : 'warn';
      log[level](
        {
          delivery: message.deliveryId,
          channel: channel.id,
          outcome: failure.outcome,
          reason: failure.reason,
        },
        'a message was not sent',
      );
      return { ...about, ...failure };
    }
  }

  /** Brings a report home, together with others that came at the same time. */
  async #report(report: SendReport): Promise<void> {
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
  async #record(reports: readonly SendReport[], last = reports.length === 1): Promise<boolean> {
    const { log } = this.#options;
    // Longer than the claim is good for, there is nobody to report to: it is unknown by then.
    const until = performance.now() + 60_000;
    for (let failures = 0; ; failures++) {
      try {
        const recorded = new Set(await finishDeliveries(this.#pool as Pool, reports));
        for (const report of reports) if (recorded.has(report.id)) this.emit('reported', report);
        return true;
      } catch (error) {
        if (!isTransient(error) && !last) return false;
        if (!isTransient(error) || performance.now() > until || this.#hurried.signal.aborted) {
          const deliveries = reports.map(({ id }) => id);
          log.error(
            { err: error, deliveries },
            `what became of messages is not on record: ${reasonOf(error)}`,
          );
          return true;
        }
        await pause(Math.min(2_000, 50 * 2 ** failures), this.#hurried.signal);
      }
    }
  }
}
