// The bot: hears what is said to it, has its dialogue answer, says that. Each part can be ended at any moment without loss.
import { Api } from 'node-telegram-bot-api';
import type { Channel } from '../../channels/channel.ts';
import { telegramPatience } from '../../channels/telegram.ts';
import type { Logger } from '../../log.ts';
import { type Service, startAll, stopAll } from '../../service.ts';
import type { Dialogue } from '../dialogue.ts';
import { telegramPort } from './admins.ts';
import { fileFetcher } from './files.ts';
import { Handler } from './handler.ts';
import { type CommandMenu, registerMenus } from './menu.ts';
import { insist } from './patience.ts';
import { Poller } from './poller.ts';
import { Replier } from './replier.ts';
import { Webhook } from './webhook.ts';

export interface BotOptions {
  connectionString: string;
  token: string;
  /** Where the Bot API is. */
  telegramApi: string;
  /** Telegram, as deliveries are sent by it. */
  channel: Channel;
  dialogue: Dialogue;
  menus: readonly CommandMenu[];
  /** Where Telegram is to post updates to; without it, it is asked for them. */
  webhook?: { url: string; host: string; port: number } | undefined;
  log: Logger;
  /** How often to look where notifications do not get through, in milliseconds. */
  pollInterval: number;
  /** How long Telegram waits for something to tell, in seconds. */
  patience?: number;
  /** How long to wait after a question for updates that was not answered well, in milliseconds. */
  retryWait?: number;
  longestSleep?: number;
  sendTimeout?: number;
}

export class Bot implements Service {
  readonly name = 'bot';
  readonly replier: Replier;
  readonly handler: Handler;
  readonly receiver: Poller | Webhook;
  readonly #options: BotOptions;
  readonly #api: Api;
  readonly #stopped = new AbortController();
  #registering: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: BotOptions) {
    this.#options = options;
    const { connectionString, token, log, pollInterval, webhook, telegramApi: apiRoot } = options;
    // Neither retries nor waits of the client's own: limits, and what was not sent, are kept in the database.
    const api = new Api(token, { apiRoot, maxRetries: 0, timeoutMs: telegramPatience });
    this.#api = api;
    const botId = token.split(':')[0] ?? '';
    const common = { connectionString, log, pollInterval, api, botId };
    const sleep = options.longestSleep === undefined ? {} : { longestSleep: options.longestSleep };
    this.replier = new Replier({
      ...common,
      ...sleep,
      channel: options.channel,
      ...(options.sendTimeout !== undefined && { sendTimeout: options.sendTimeout }),
    });
    this.handler = new Handler({
      ...common,
      ...sleep,
      dialogue: options.dialogue,
      channel: { ...telegramPort(api), fetchFile: fileFetcher({ api, apiRoot, token }) },
      async username(signal) {
        const me = await insist((aborted) => api.getMe(aborted), 'getMe', log, signal);
        return me === undefined ? undefined : (me.username ?? '');
      },
    });
    this.receiver =
      webhook === undefined
        ? new Poller({
            ...common,
            ...(options.patience !== undefined && { patience: options.patience }),
            ...(options.retryWait !== undefined && { retryWait: options.retryWait }),
          })
        : new Webhook({ ...common, token, ...webhook });
  }

  async start(): Promise<void> {
    // What is received finds somebody who handles it, and that finds somebody who answers.
    await startAll([this.replier, this.handler, this.receiver]);
    const { menus, log } = this.#options;
    this.#registering = registerMenus(this.#api, menus, log, this.#stopped.signal);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  hurry(): void {
    this.receiver.hurry();
    this.handler.hurry();
    this.replier.hurry();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    await stopAll([this.replier, this.handler, this.receiver]);
    await this.#registering;
  }
}
