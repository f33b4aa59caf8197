// The bot of a process, made from its configuration.
import type { Model } from '../../bot/model.ts';
import { makeTalk } from '../../bot/talk.ts';
import { Bot } from '../../bot/telegram/bot.ts';
import { makeTelegram } from '../../channels/telegram.ts';
import type { Config } from '../../config.ts';
import { makeModel } from '../../conversation/model/model.ts';
import type { Logger } from '../../log.ts';

/** Whoever helps the bot with what it does not understand, where a language model is configured. */
export function makeBotModel(config: Config, log: Logger): Model | undefined {
  const port = makeModel(config);
  return port === undefined ? undefined : { port, log };
}

/** The bot, where there is a token, and no other program that listens to it. */
export function makeBot(config: Config, connectionString: string, log: Logger): Bot | undefined {
  const {
    bot,
    telegramToken: token,
    telegramApi,
    telegramWebhookUrl: url,
    telegramWebhookPort: port,
    publicUrl,
  } = config;
  const channel = makeTelegram(config);
  if (!bot || token === undefined || channel === undefined) return undefined;
  return new Bot({
    ...{
      connectionString,
      log,
      token,
      telegramApi,
      channel,
      ...makeTalk({ model: makeBotModel(config, log), publicUrl }),
    },
    pollInterval: config.pollInterval,
    webhook: url === undefined ? undefined : { url, port, host: config.host },
  });
}
