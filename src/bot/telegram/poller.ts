// Long polling: updates are asked for, stored, and confirmed by the next question.
import { EventEmitter } from 'node:events';
import { type Api, TelegramApiError } from 'node-telegram-bot-api';
import { pause } from '../../db/pause.ts';
import { Pool } from '../../db/pool.ts';
import type { Logger } from '../../log.ts';
import type { Service } from '../../service.ts';
import { allowedUpdates } from './incoming.ts';
import { insist, waitAfter } from './patience.ts';
import { receive, updateId } from './receipt.ts';
import { taking } from './turn.ts';

export interface PollerOptions {
  connectionString: string;
  api: Api;
  botId: string;
  log: Logger;
  /** How long to wait for the turn before asking for it again, in milliseconds. */
  pollInterval: number;
  /** How long Telegram waits for something to tell, in seconds. */
  patience?: number;
  /** How long to wait after a question that was not answered well, in milliseconds; longer each time. */
  retryWait?: number;
}

interface PollerEvents {
  /** Updates are stored; so many of them are new. */
  received: [count: number];
}

export class Poller extends EventEmitter<PollerEvents> implements Service {
  readonly name = 'poller';
  readonly #options: Required<PollerOptions>;
  readonly #stopped = new AbortController();
  #pool: Pool | undefined;
  #loop: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: PollerOptions) {
    super();
    this.#options = { patience: 25, retryWait: 500, ...options };
  }

  async start(): Promise<void> {
    const { connectionString, botId, log, pollInterval: interval } = this.#options;
    const pool = new Pool({ connectionString, name: 'pgchime poller', max: 1, patience: 30_000 });
    this.#pool = pool;
    this.#loop = taking({ connectionString, botId, log, interval }, this.#stopped.signal, (turn) =>
      this.#poll(pool, turn),
    );
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  hurry(): void {
    this.#pool?.cut();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await this.#pool?.end();
  }

  async #poll(pool: Pool, turn: AbortSignal): Promise<void> {
    const { api, log, botId, patience, retryWait } = this.#options;
    // While it has a webhook, Telegram answers no questions. One that is set later is not ours to delete: it is of a process that is
    // to take our place.
    await insist((signal) => api.deleteWebhook({}, signal), 'deleteWebhook', log, turn);
    if (!turn.aborted) log.debug('it is the turn of this process to ask Telegram for updates');
    let offset: number | undefined;
    for (let failures = 0; !turn.aborted; ) {
      let updates: unknown;
      try {
        updates = await api.getUpdates(
          {
            timeout: patience,
            limit: 100,
            allowed_updates: allowedUpdates,
            ...(offset !== undefined && { offset }),
          },
          turn,
        );
        if (!Array.isArray(updates)) throw new Error('Telegram answered with no list of updates.');
        if (failures > 0) log.info({ failures }, 'Telegram tells of updates again');
        failures = 0;
      } catch (error) {
        if (turn.aborted) return;
        failures++;
        complain(log, error, failures);
        await pause(waitAfter(error, failures, retryWait), turn);
        continue;
      }
      // What this question has confirmed need not be confirmed again. After a week of silence Telegram begins to count anew, perhaps
      // below: an offset that is kept would hide what comes then.
      offset = undefined;
      const list = updates as unknown[];
      if (list.length === 0) continue;
      const ids = list.map(updateId).filter((id) => id !== undefined);
      if (ids.length < list.length)
        log.error({ updates: list.length }, 'Telegram sent updates without an id');
      const stored = await receive(pool, botId, list, log);
      if (ids.length > 0) offset = Math.max(...ids) + 1;
      else await pause(waitAfter(undefined, ++failures, retryWait), turn);
      this.emit('received', stored);
    }
  }
}

/** Said once, and not each time. */
function complain(log: Logger, error: unknown, failures: number): void {
  const code = error instanceof TelegramApiError ? error.errorCode : undefined;
  if (code === 401 || code === 404)
    log.error({ err: error }, 'Telegram does not know the token of the bot: is CHIME_TELEGRAM_TOKEN right?');
  else
    log[failures === 1 ? 'warn' : 'debug'](
      { err: error },
      code === 409
        ? 'another program asks for the updates of this bot, or has set a webhook: only one of the two is told of each'
        : 'Telegram does not tell of updates; asking again',
    );
}
