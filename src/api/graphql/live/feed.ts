// Who watches what: from notifications of the database (sql/80_live.sql) to subscribers. It listens only while somebody is subscribed,
// and says so to the database, which is silent else. Where notifications may have been missed, because the connection was lost or
// a transaction had begun before it was known that somebody listens, every subscriber is told to look for themselves.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { Listener } from '../../../db/listener.ts';
import type { Logger } from '../../../log.ts';
import { EventQueue } from './queue.ts';
import { type Interest, Reader, refetch, type Settings, type Subscription } from './reader.ts';

const defaultTenant = '00000000-0000-0000-0000-000000000001';

export interface FeedOptions {
  /** A connection that LISTEN works on: not through a pooler that shares connections. */
  connectionString: string;
  pool: pg.Pool;
  log: Logger;
  /** How often the database is told that somebody listens, in milliseconds. */
  renewEvery?: number;
}

/** One time of listening, from the first subscriber to after the last. */
interface Session {
  /** By which the database knows it. */
  id: string;
  listener: Listener;
}

type Reading = { subscription: Subscription; reader: Reader };

interface FeedEvents {
  /** Another subscription is told of changes from now on. */
  subscribed: [];
}

export class Feed extends EventEmitter<FeedEvents> {
  readonly #options: Required<FeedOptions>;
  readonly #readers = new Map<string, { reader: Reader; count: number }>();
  /** By what they watch: topic, tenant, and the schedule, run or owner, or * for all. */
  readonly #watched = new Map<string, Set<Reading>>();
  #session: Session | undefined;
  #starting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settled = false;
  #closed = false;

  constructor(options: FeedOptions) {
    super();
    this.#options = { renewEvery: 5000, ...options };
  }

  /** How many subscriptions there are, those that are being made among them. */
  get size(): number {
    let size = 0;
    for (const readings of this.#watched.values()) size += readings.size;
    return size;
  }

  /** Whether it is listening. */
  get listens(): boolean {
    return this.#session !== undefined;
  }

  /** Events of what somebody with these settings may see; nothing is missed from when it resolves. */
  async subscribe(interest: Interest, settings: Settings): Promise<EventQueue> {
    const tenant = (settings['chime.tenant_id'] || defaultTenant).toLowerCase();
    const key = `${interest.topic} ${tenant} ${interest.of?.toLowerCase() ?? '*'}`;
    const reader = this.#readerOf(settings);
    const queue = new EventQueue(() => {
      const readings = this.#watched.get(key);
      readings?.delete(reading);
      if (readings?.size === 0) this.#watched.delete(key);
      this.#leave(settings);
    });
    const reading: Reading = { subscription: { interest, queue }, reader };
    const readings = this.#watched.get(key) ?? new Set();
    this.#watched.set(key, readings.add(reading));
    try {
      await this.#start();
    } catch (error) {
      await queue.return();
      throw error;
    }
    // Lines that are there already. Of anything else who subscribes has to know from when on nothing is missed, to read it then.
    if (interest.topic !== 'log') queue.push(refetch());
    else if (interest.of !== null) reader.changed(reading.subscription, interest.of);
    this.emit('subscribed');
    return queue;
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { subscription } of this.#all()) await subscription.queue.return();
    await this.#starting?.catch(() => {});
    await this.#stop();
  }

  *#all(): Iterable<Reading> {
    for (const readings of [...this.#watched.values()]) yield* [...readings];
  }

  #readerOf(settings: Settings): Reader {
    const key = JSON.stringify(settings);
    const known = this.#readers.get(key) ?? {
      reader: new Reader(this.#options.pool, settings, (error) =>
        this.#options.log.warn({ err: error }, 'what changed could not be read'),
      ),
      count: 0,
    };
    known.count++;
    this.#readers.set(key, known);
    return known.reader;
  }

  #leave(settings: Settings): void {
    const key = JSON.stringify(settings);
    const known = this.#readers.get(key);
    if (known !== undefined && --known.count === 0) this.#readers.delete(key);
  }

  #start(): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('The server is stopping.'));
    this.#starting ??= this.#listen().catch((error) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #listen(): Promise<void> {
    const { connectionString, pool, log, renewEvery } = this.#options;
    const listener = new Listener({ connectionString, pool, log, channel: 'chime_live' });
    // Of its own, so that one that stops does not take the next one with it.
    const session = { id: randomUUID(), listener };
    listener.on('notify', (payload) => this.#notified(payload));
    await listener.start();
    try {
      await this.#renew(session);
      this.#settled = await this.#renew(session);
    } catch (error) {
      await listener.stop();
      throw error;
    }
    listener.on('gap', () => this.refetchAll());
    this.#session = session;
    this.#timer = setInterval(() => void this.#tend(session), renewEvery).unref();
  }

  async #renew({ id }: Session): Promise<boolean> {
    const { rows } = await this.#options.pool.query<{ settled: boolean }>(
      'select chime_private.listen_live($1) as settled',
      [id],
    );
    return rows[0]?.settled === true;
  }

  async #tend(session: Session): Promise<void> {
    if (this.size === 0) {
      await this.#stop();
      return;
    }
    try {
      const settled = await this.#renew(session);
      if (settled && !this.#settled) this.refetchAll();
      this.#settled ||= settled;
    } catch (error) {
      // Until it is told again, the database may be silent.
      this.#settled = false;
      this.#options.log.warn({ err: error }, 'the database could not be told that somebody listens');
    }
    if (!session.listener.works) this.refetchAll();
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    const session = this.#session;
    this.#timer = undefined;
    this.#session = undefined;
    this.#starting = undefined;
    if (session === undefined) return;
    await session.listener.stop();
    await this.#options.pool.query('select chime_private.leave_live($1)', [session.id]).catch(() => {});
  }

  /** Tells every subscriber that changes may have been missed. */
  refetchAll(): void {
    for (const { subscription } of this.#all()) subscription.queue.push(refetch());
  }

  #notified(payload: string): void {
    // Anybody may notify: what is no id leads nowhere.
    const [topic, tenant, id, whose] = payload.split(' ');
    if (id === undefined || !/^[0-9a-f-]{36}$/.test(id)) return;
    const of = topic === 'run' || topic === 'inbox' ? whose : id;
    for (const key of [`${topic} ${tenant} *`, ...(of === undefined ? [] : [`${topic} ${tenant} ${of}`])]) {
      for (const { subscription, reader } of this.#watched.get(key) ?? []) reader.changed(subscription, id);
    }
  }
}
