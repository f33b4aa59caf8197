// The library: schedules and runs for programs, over the SQL functions that every other surface calls too.
import pg from 'pg';
import type { Queryable } from '../db/transaction.ts';
import { SecretBox } from '../net/secret_box.ts';
import { Calendars } from './calendars.ts';
import { fromCall } from './call_error.ts';
import { ConcurrencyLimits } from './concurrency_limits.ts';
import { ChannelMappings, Deliveries, Inbox, Webhooks } from './deliveries.ts';
import { EventHandlers, Events } from './events.ts';
import { ApiTokens, Tenants, Users } from './people.ts';
import { fromRow, namedCall } from './rows.ts';
import { Runs } from './runs.ts';
import { Schedules } from './schedules.ts';
import type { Signature } from './surface.ts';
import { type DescribeInput, describeFields, type Fire, type PreviewInput, previewFields } from './types.ts';

export type ChimeOptions = {
  /** Who makes the changes, for the record; by default the role that is logged in. */
  actor?: string;
  /** What secrets of webhooks are encrypted with, as CHIME_SECRET_KEY has it: 32 bytes in base64. */
  secretKey?: string;
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

export class Chime {
  readonly #close: () => Promise<void>;
  readonly #send: Send;
  readonly #signature: Signature;
  readonly #secretKey: string | undefined;
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
  readonly tenants: Tenants;
  readonly users: Users;
  /** Tokens by which programs sign in. */
  readonly apiTokens: ApiTokens;
  /** What was sent to whom, and what was not. */
  readonly deliveries: Deliveries;
  readonly inbox: Inbox;
  readonly channelMappings: ChannelMappings;
  readonly webhooks: Webhooks;

  /** Use `createChime`. */
  constructor(
    db: Queryable,
    close: () => Promise<void>,
    signature: Signature = { surface: 'typescript' },
    secretKey?: string,
  ) {
    this.#close = close;
    this.#signature = signature;
    this.#secretKey = secretKey;
    this.#send = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => {
      try {
        return (await db.query<Row>(text, values)).rows;
      } catch (error) {
        throw fromCall(error);
      }
    };
    this.schedules = new Schedules(this.#send, signature);
    this.runs = new Runs(this.#send);
    this.calendars = new Calendars(this.#send);
    this.concurrencyLimits = new ConcurrencyLimits(this.#send);
    this.events = new Events(this.#send);
    this.eventHandlers = new EventHandlers(this.#send);
    this.tenants = new Tenants(this.#send);
    this.users = new Users(this.#send);
    this.apiTokens = new ApiTokens(this.#send, this.users);
    this.deliveries = new Deliveries(this.#send);
    this.inbox = new Inbox(this.#send);
    this.channelMappings = new ChannelMappings(this.#send);
    this.webhooks = new Webhooks(this.#send, secretKey === undefined ? undefined : new SecretBox(secretKey));
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

  /** The same library on your own client: what it writes is part of the transaction that the client is in. */
  withTransaction(client: pg.ClientBase): Chime {
    return new Chime(client, async () => {}, this.#signature, this.#secretKey);
  }

  /** Closes the connections that it opened. */
  close(): Promise<void> {
    return this.#close();
  }
}

/**
 * Opens the library.
 * @example
 * const chime = createChime({ connectionString: process.env.DATABASE_URL });
 * await chime.schedules.create({ key: 'report', task: 'send_message', payload: { text: 'Good morning' }, cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' });
 * await chime.close();
 */
export function createChime(options: ChimeOptions): Chime {
  const signature = { surface: 'typescript', actor: options.actor };
  if ('pool' in options) return new Chime(options.pool, async () => {}, signature, options.secretKey);
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: 'pgchime client',
  });
  pool.on('error', () => {});
  return new Chime(pool, () => pool.end(), signature, options.secretKey);
}
