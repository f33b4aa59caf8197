import type { Command } from 'commander';
import type { Bot } from '../../bot/telegram/bot.ts';
import type { Config } from '../../config.ts';
import { InvalidConfigError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { modelSettingNames } from '../../settings_model.ts';
import { serviceCommand } from '../service_command.ts';

/** @throws InvalidConfigError (CH032) where there is no token */
async function botOf(config: Config, url: string, log: Logger): Promise<Bot> {
  const { makeBot } = await import('../services/bot.ts');
  const bot = makeBot({ ...config, bot: true }, url, log);
  if (bot !== undefined) return bot;
  throw new InvalidConfigError('There is no bot without its token.', {
    hint: 'Set CHIME_TELEGRAM_TOKEN to what @BotFather gave you.',
  });
}

export function botCommand(): Command {
  return serviceCommand({
    name: 'bot',
    settings: [
      'databaseUrl',
      'dataDir',
      'host',
      'telegramToken',
      'telegramApi',
      'telegramRich',
      'telegramWebhookUrl',
      'telegramWebhookPort',
      'publicUrl',
      'pollInterval',
      ...modelSettingNames,
      'logLevel',
    ],
    description:
      'run the Telegram bot alone; others that are run against one database stand by, or share a webhook',
    make: async (config, url, { reporter }) => ({ services: [await botOf(config, url, reporter.log)] }),
  });
}
