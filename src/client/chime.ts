// The library: schedules and runs for programs, over the SQL functions that every other surface calls too.
import pg from 'pg';
import { type Queryable, withSavepoint, withTransaction } from '../db/transaction.ts';
import { SecretBox } from '../net/secret_box.ts';
import type { Running, StartOptions } from '../program.ts';
import type { Task } from '../task.ts';
import { CalendarFeeds } from './calendar_feeds.ts';
import { Calendars } from './calendars.ts';
import { fromCall } from './call_error.ts';
import { ConcurrencyLimits } from './concurrency_limits.ts';
import { ChannelMappings, Deliveries, Inbox, Webhooks } from './deliveries.ts';
import { EventHandlers, Events } from './events.ts';
import { Meetings } from './meetings.ts';
import { FollowUps, ScheduledMessages } from './messages.ts';
import { ApiTokens, Tenants, Users } from './people.ts';
import { fromRow, namedCall } from './rows.ts';
import { noWaiter, type RunWaiter } from './run_handle.ts';
import { RunWatch } from './run_watch.ts';
import { Runs } from './runs.ts';
import { Scheduler } from './scheduler.ts';
import { Schedules } from './schedules.ts';
import type { Signature } from './surface.ts';
import { byName, type Tasks } from './tasks.ts';
import { Settings } from './tenant_settings.ts';
import { type DescribeInput, describeFields, type Fire, type PreviewInput, previewFields } from './types.ts';

export type ChimeOptions<T extends Tasks = Tasks> = {
  /** Who makes the changes, for the record; by default the role that is logged in. */
  actor?: string;
  /** What secrets of webhooks are encrypted with, as CHIME_SECRET_KEY has it: 32 bytes in base64. */
  secretKey?: string;
  /**
   * The tasks that the program knows: calls are checked by their types, payloads before they are sent, and `start()` runs them. A list,
   * or an object, of what `defineTask` made.
   */
  tasks?: T;
} & (
  | {
      /** The database; pgchime must have been migrated into it. */
      connectionString: string;
    }
  | {
      /** A pool of your own; close() leaves it open. */
      pool: pg.Pool;
    }
);

/** Sends a statement; errors of pgchime come back as their classes. */
export type Send = <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

/** What a `Chime` is made of; all of it has a default. */
export interface ChimeParts {
  signature?: Signature;
  tasks?: ReadonlyMap<string, Task>;
  /** Whose connections transactions of the library's own use; undefined inside of one. */
  pool?: pg.Pool | undefined;
  /** The client whose transaction it is in. */
  client?: pg.ClientBase;
  /** Who waits for runs; the pool by default. */
  waiter?: RunWaiter;
  /** Where clock and worker connect to. */
  connectionString?: string | undefined;
  /** What secrets of webhooks are encrypted with: 32 bytes in base64. */
  secretKey?: string | undefined;
}

export class Chime<T extends Tasks = Tasks> extends Scheduler<T> {
  readonly #close: () => Promise<void>;
  readonly #send: Send;
  readonly #parts: ChimeParts & Required<Pick<ChimeParts, 'signature' | 'tasks'>>;
  readonly #watch: RunWatch | undefined;
  readonly #services = new Set<Running>();
  /** Create, change, steer and find schedules. */
  readonly schedules: Schedules;
  /** Find runs, and read what they produced. */
  readonly runs: Runs;
  readonly calendars: Calendars;
  readonly concurrencyLimits: ConcurrencyLimits;
  /** Say that something happened, and read what was said. */
  readonly events: Events;
  /** Create, change, steer and find event handlers. */
  readonly eventHandlers: EventHandlers;
  /** Book, move and cancel meetings, with their reminders. */
  readonly meetings: Meetings;
  readonly tenants: Tenants;
  /** How the tenant wants things to be where nothing else is said. */
  readonly settings: Settings;
  readonly users: Users;
  /** Tokens by which programs sign in. */
  readonly apiTokens: ApiTokens;
  /** Calendars to subscribe to, of what is ahead of people. */
  readonly calendarFeeds: CalendarFeeds;
  /** What was sent to whom, and what was not. */
  readonly deliveries: Deliveries;
  readonly inbox: Inbox;
  readonly channelMappings: ChannelMappings;
  readonly webhooks: Webhooks;
  /** Come back to somebody at a time, unless they speak first. */
  readonly followUps: FollowUps;
  /** Check-ins, follow-ups and reminders of meetings: planned, sent, failed. */
  readonly scheduledMessages: ScheduledMessages;

  /** Use `createChime`. */
  constructor(db: Queryable, close: () => Promise<void>, parts: ChimeParts = {}) {
    const { signature = { surface: 'typescript' }, tasks = new Map() } = parts;
    const send = sending(db);
    super(send, tasks);
    this.#send = send;
    this.#close = close;
    this.#parts = { ...parts, signature, tasks };
    this.#watch =
      parts.waiter === undefined && parts.pool !== undefined ? this.#watching(parts.pool) : undefined;
    const waiter = parts.waiter ?? this.#watch ?? noWaiter;
    this.schedules = new Schedules(send, signature, waiter);
    this.runs = new Runs(send, waiter);
    this.calendars = new Calendars(send);
    this.concurrencyLimits = new ConcurrencyLimits(send);
    this.events = new Events(send);
    this.eventHandlers = new EventHandlers(send);
    this.tenants = new Tenants(send);
    this.settings = new Settings(send);
    this.users = new Users(send);
    this.meetings = new Meetings(send, this.users);
    this.apiTokens = new ApiTokens(send, this.users);
    this.calendarFeeds = new CalendarFeeds(send, this.users);
    this.deliveries = new Deliveries(send);
    this.inbox = new Inbox(send);
    this.channelMappings = new ChannelMappings(send);
    this.followUps = new FollowUps(send);
    this.scheduledMessages = new ScheduledMessages(send);
    this.webhooks = new Webhooks(
      send,
      parts.secretKey === undefined ? undefined : new SecretBox(parts.secretKey),
    );
  }

  /** The next fires of a rule, without storing anything. */
  async preview(input: PreviewInput): Promise<Fire[]> {
    const { text, values } = namedCall('chime.preview', input, previewFields);
    const rows = await this.#send(
      `select p.scheduled_for, p.local_time::timestamp(0)::text as local_time, p.note from (${text}) p`,
      values,
    );
    return rows.map((row) => fromRow<Fire>(row));
  }

  /** A rule in words, without storing anything: `at 09:00 on weekdays, Europe/Berlin time`. */
  async describe(input: DescribeInput): Promise<string> {
    const { text, values } = namedCall('chime.describe', input, describeFields);
    const rows = await this.#send<{ words: string }>(`select d.words from (${text}) d(words)`, values);
    return rows[0]?.words ?? '';
  }

  /** The same library on your own client: what it writes is part of the transaction that the client is in, which stays yours to end. */
  withTransaction(client: pg.ClientBase): Chime<T>;
  /**
   * Does `work` in one transaction, on a connection of the pool: committed when it resolves, rolled back when it rejects. `client` is for
   * statements of your own. Inside of a transaction it is a part of that, by a savepoint.
   */
  withTransaction<R>(work: (chime: Chime<T>, client: pg.ClientBase) => Promise<R>): Promise<R>;
  withTransaction<R>(
    given: pg.ClientBase | ((chime: Chime<T>, client: pg.ClientBase) => Promise<R>),
  ): Chime<T> | Promise<R> {
    if (typeof given !== 'function') return this.#within(given);
    const { pool, client: outer } = this.#parts;
    if (outer !== undefined) return withSavepoint(outer, () => given(this, outer));
    if (pool === undefined) return Promise.reject(new Error('This library has neither a pool nor a client.'));
    return withTransaction(pool, (client) => given(this.#within(client), client));
  }

  /**
   * Runs a clock and a worker in this program, or one of them: schedules fire, and the tasks that `createChime` was given, as well as those
   * that come with pgchime, are run here. Any number of programs may do so on one database, which has been migrated (`migrate`). Resolves
   * when they are at work; `stop()` of the answer, or `close()`, waits for what runs.
   * @throws InvalidConfigError (CH032) where there is no connection string, or a task cannot be run
   */
  async start(options: StartOptions = {}): Promise<Running> {
    const { connectionString = options.connectionString, tasks } = this.#parts;
    // Loaded when it is needed: most programs only schedule.
    const { startServices } = await import('../program.ts');
    const running = await startServices({ ...options, connectionString, tasks });
    this.#services.add(running);
    return running;
  }

  /** Stops what it started, and closes the connections that it opened. */
  async close(): Promise<void> {
    await Promise.all([...this.#services].map((running) => running.stop()));
    await this.#watch?.close();
    await this.#close();
  }

  #within(client: pg.ClientBase): Chime<T> {
    const { signature, tasks, secretKey } = this.#parts;
    return new Chime<T>(client, async () => {}, { signature, tasks, secretKey, client });
  }

  #watching(pool: pg.Pool): RunWatch {
    return new RunWatch({
      pool,
      ended: async (ids) =>
        (
          await this.#send<{ id: string }>(
            'select r.id from chime.runs r where r.id = any ($1) and r.finished_at is not null',
            [ids],
          )
        ).map(({ id }) => id),
      read: (id) => this.runs.get(id),
    });
  }
}

function sending(db: Queryable): Send {
  return async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => {
    try {
      return (await db.query<Row>(text, values)).rows;
    } catch (error) {
      throw fromCall(error);
    }
  };
}

/**
 * Opens the library.
 * @example
 * const chime = createChime({ connectionString: process.env.DATABASE_URL, tasks: { greet } });
 * await chime.schedule(greet, { key: 'greeting', payload: { whom: 'Ann' }, cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' });
 * await chime.close();
 * @throws InvalidConfigError (CH032) where `tasks` are none, or two have one name
 */
export function createChime<const T extends Tasks = Tasks>(options: ChimeOptions<T>): Chime<T> {
  const parts = {
    signature: { surface: 'typescript', actor: options.actor },
    tasks: byName(options.tasks ?? []),
    secretKey: options.secretKey,
  };
  if ('pool' in options) return new Chime<T>(options.pool, async () => {}, { ...parts, pool: options.pool });
  const { connectionString } = options;
  const pool = new pg.Pool({ connectionString, application_name: 'pgchime client' });
  pool.on('error', () => {});
  return new Chime<T>(pool, () => pool.end(), { ...parts, pool, connectionString });
}
