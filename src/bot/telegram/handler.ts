// The handler: takes updates that are stored, asks the dialogue, and writes what it says and that the update is handled in the one
// transaction in which the dialogue did its work. A process that is killed anywhere leaves an update that is handled, or one that is not.
import { randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { Listener } from '../../db/listener.ts';
import { pause } from '../../db/pause.ts';
import { destroy, isConnectionError, Pool } from '../../db/pool.ts';
import { withTransaction } from '../../db/transaction.ts';
import {
  addReplies,
  beginWithUpdate,
  failUpdate,
  finishUpdate,
  savepoint,
  type TakenUpdate,
} from '../../db/update_calls.ts';
import type { Logger } from '../../log.ts';
import type { Service } from '../../service.ts';
import type { ChannelPort, Dialogue, Incoming } from '../dialogue.ts';
import { notePlace } from '../place.ts';
import { incomingOf, type Update } from './incoming.ts';
import { replyOf } from './say.ts';

export interface HandlerOptions {
  connectionString: string;
  botId: string;
  dialogue: Dialogue;
  channel: ChannelPort;
  /** What the bot is called; undefined once it shall stop. */
  username(signal: AbortSignal): Promise<string | undefined>;
  log: Logger;
  /** How often to look where notifications do not get through, in milliseconds. */
  pollInterval: number;
  /** Updates that are handled at once, at most; of one chat never more than one. */
  concurrency?: number;
  /** How long to wait at most before looking again, in milliseconds. */
  longestSleep?: number;
  /** How long a dialogue may take for an update, in milliseconds. */
  timeLimit?: number;
}

interface HandlerEvents {
  /** An update is handled, and what is said to it is written. */
  handled: [updateId: number];
  /** Handling an update has failed, and that is on record. */
  failed: [updateId: number, givenUp: boolean];
}

const channelId = 'telegram';

/** What went wrong with an update, once it is on record. */
interface Failure {
  updateId: number;
  cause: unknown;
  /** What the person is told, and the log says. */
  code: string;
  givenUp: boolean;
}

/** An update that could not be handled, and whose failure is not on record yet, and why. */
class HandlingError extends Error {
  readonly update: TakenUpdate;

  constructor(update: TakenUpdate, cause: unknown) {
    super('An update could not be handled.', { cause });
    this.update = update;
  }
}

export class Handler extends EventEmitter<HandlerEvents> implements Service {
  readonly name = 'handler';
  readonly #options: Required<HandlerOptions>;
  readonly #stopped = new AbortController();
  #wake = new AbortController();
  /** The lane that was served last: the next one is behind it. */
  #lane = '';
  #pool: Pool | undefined;
  #listener: Listener | undefined;
  #hands: Promise<unknown> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: HandlerOptions) {
    super();
    this.#options = { concurrency: 4, longestSleep: 5_000, timeLimit: 20_000, ...options };
  }

  async start(): Promise<void> {
    const { connectionString, log, concurrency } = this.#options;
    const pool = new Pool({
      connectionString,
      name: 'pgchime bot',
      max: concurrency + 1,
      patience: 30_000,
      // A dialogue may wait for a while without a word of the database.
      silence: 60_000,
    });
    this.#pool = pool;
    const listener = new Listener({ connectionString, channel: 'chime_update', pool, log });
    this.#listener = listener;
    listener.on('notify', () => this.#rouse());
    listener.on('gap', () => this.#rouse());
    await listener.start();
    this.#hands = this.#work(pool, listener);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** What is being handled is broken off: it is as if it had not begun. */
  hurry(): void {
    this.#pool?.cut();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    await this.#hands;
    await this.#listener?.stop();
    await this.#pool?.end();
  }

  #rouse(): void {
    const asleep = this.#wake;
    this.#wake = new AbortController();
    asleep.abort();
  }

  async #work(pool: Pool, listener: Listener): Promise<void> {
    const { concurrency, username } = this.#options;
    const { signal } = this.#stopped;
    const name = await username(signal);
    if (name === undefined) return;
    await Promise.all(Array.from({ length: concurrency }, () => this.#hand(pool, listener, name)));
  }

  async #hand(pool: Pool, listener: Listener, username: string): Promise<void> {
    const { longestSleep, pollInterval, log } = this.#options;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      // From here on a notification means that the answer may be too old.
      const { signal } = this.#wake;
      let sleepMs = listener.works ? longestSleep : pollInterval;
      try {
        if (await this.#handleNext(pool, username)) sleepMs = 0;
        failures = 0;
      } catch (error) {
        if (failures++ === 0 && !this.#stopped.signal.aborted)
          log.error({ err: error }, 'updates cannot be taken; trying again');
        sleepMs = Math.min(5_000, 50 * 2 ** failures);
      }
      if (sleepMs > 0) await pause(sleepMs, AbortSignal.any([signal, this.#stopped.signal]));
    }
  }

  /** Handles the next update; answers whether there was one. */
  async #handleNext(pool: Pool, username: string): Promise<boolean> {
    const { botId } = this.#options;
    let update: TakenUpdate | undefined;
    let failure: Failure | undefined;
    const begin = async (client: pg.PoolClient) => {
      update = await beginWithUpdate(client, botId, this.#lane);
    };
    try {
      await withTransaction(
        pool,
        async (client) => {
          if (update === undefined) return;
          this.#lane = update.lane;
          failure = await this.#handle(client, update, username);
        },
        { begin },
      );
    } catch (error) {
      if (!(error instanceof HandlingError)) throw error;
      // The database is at fault, or it is being stopped: that is nothing of this update.
      if (isConnectionError(error.cause)) throw error.cause;
      failure = await withTransaction(pool, (client) =>
        this.#fail(client, error.update, error.cause, username),
      );
    }
    if (update !== undefined && failure === undefined) this.emit('handled', update.id);
    if (failure !== undefined) this.#tell(failure);
    return update !== undefined;
  }

  /** Handles an update; answers what went wrong, if that is on record. */
  async #handle(client: pg.PoolClient, update: TakenUpdate, username: string): Promise<Failure | undefined> {
    const { botId, dialogue, channel } = this.#options;
    try {
      const incoming = incomingOf(update.content as Update, username, update.receivedAt);
      const answer = async () => {
        if (incoming === undefined) return [];
        await notePlace(client, incoming);
        return dialogue.handle(incoming, client, channel);
      };
      const said = await this.#inTime(client, answer);
      await finishUpdate(client, botId, update.id, channelId, said.map(replyOf));
      return undefined;
    } catch (error) {
      // While it is still taken: nobody else tries it before its time.
      try {
        await client.query(`rollback to savepoint ${savepoint}`);
        return await this.#fail(client, update, error, username);
      } catch {
        throw new HandlingError(update, error);
      }
    }
  }

  /** A dialogue that does not end must not keep the chat, and a hand, for ever. */
  async #inTime<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const late = pause(this.#options.timeLimit, over.signal).then(() => {
      if (over.signal.aborted) return undefined as never;
      const error = new Error('The dialogue has not answered in time.');
      destroy(client, error);
      throw error;
    });
    try {
      return await Promise.race([work(), late]);
    } finally {
      over.abort();
    }
  }

  /** Records that an update could not be handled; whoever waits for an answer is told when it is given up. */
  async #fail(
    client: pg.PoolClient,
    update: TakenUpdate,
    cause: unknown,
    username: string,
  ): Promise<Failure> {
    const { botId, dialogue } = this.#options;
    const code = codeOf();
    const message = cause instanceof Error ? cause.message : String(cause);
    const givenUp = await failUpdate(client, botId, update.id, `${code}: ${message}`);
    const incoming = givenUp ? incomingOrNone(update, username) : undefined;
    const said = incoming === undefined ? [] : (dialogue.sorry?.(incoming, code) ?? []);
    if (said.length > 0) await addReplies(client, botId, update.id, channelId, said.map(replyOf));
    return { updateId: update.id, cause, code, givenUp };
  }

  #tell({ updateId, cause, code, givenUp }: Failure): void {
    this.#options.log[givenUp ? 'error' : 'warn'](
      { err: cause, update: updateId, code },
      givenUp
        ? 'an update could not be handled; it is given up'
        : 'an update could not be handled; trying again',
    );
    this.emit('failed', updateId, givenUp);
  }
}

function incomingOrNone(update: TakenUpdate, username: string): Incoming | undefined {
  try {
    return incomingOf(update.content as Update, username, update.receivedAt);
  } catch {
    return undefined;
  }
}

/** What people can name, and the log has, too: without letters that are taken for others. */
function codeOf(): string {
  const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
  return Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
}
