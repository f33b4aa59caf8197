import { Command } from 'commander';
import type { Bot } from '../../bot/telegram/bot.ts';
import type { Config } from '../../config.ts';
import { InvalidConfigError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { checkDatabase, findDatabase } from '../connect.ts';
import { configOf, withSettings } from '../options.ts';
import { runProcess } from '../process.ts';
import { createReporter } from '../report.ts';
import { makeBot } from '../services.ts';
import { Shutdown } from '../shutdown.ts';

/** @throws InvalidConfigError (CH032) where there is no token */
function botOf(config: Config, url: string, log: Logger): Bot {
  const bot = makeBot({ ...config, bot: true }, url, log);
  if (bot !== undefined) return bot;
  throw new InvalidConfigError('There is no bot without its token.', {
    hint: 'Set CHIME_TELEGRAM_TOKEN to what @BotFather gave you.',
  });
}

export function botCommand(): Command {
  return withSettings(new Command('bot'), [
    'databaseUrl',
    'dataDir',
    'host',
    'telegramToken',
    'telegramApi',
    'telegramRich',
    'telegramWebhookUrl',
    'telegramWebhookPort',
    'pollInterval',
    'logLevel',
  ])
    .description(
      'run the Telegram bot alone; others that are run against one database stand by, or share a webhook',
    )
    .option('--json', 'log JSON lines, as under a pipe')
    .option('--debug', 'print stack traces of errors')
    .action(async (options: { json?: true }, command: Command) => {
      const config = configOf(command);
      const reporter = createReporter(config.logLevel, options.json === true || !process.stdout.isTTY);
      const shutdown = new Shutdown(reporter.log);
      await shutdown.during(async () => {
        const connection = await findDatabase(config, { serves: true });
        try {
          await shutdown.unlessAsked(checkDatabase(connection.url));
          await runProcess({
            reporter,
            shutdown,
            services: [botOf(config, connection.url, reporter.log)],
            onStarted: () => reporter.started({ databaseUrl: connection.url, embedded: false }),
          });
        } finally {
          await connection.close();
        }
      });
    });
}
