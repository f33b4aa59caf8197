import { Command } from 'commander';
import { checkDatabase, findDatabase } from '../connect.ts';
import { configOf, withSettings } from '../options.ts';
import { runProcess } from '../process.ts';
import { createReporter } from '../report.ts';
import { makeSender } from '../services.ts';
import { Shutdown } from '../shutdown.ts';

export function deliverCommand(): Command {
  return withSettings(new Command('deliver'), [
    'databaseUrl',
    'dataDir',
    'telegramToken',
    'telegramApi',
    'telegramRich',
    'whatsappToken',
    'whatsappPhoneId',
    'whatsappTemplate',
    'whatsappApi',
    'secretKey',
    'allowPrivateHttp',
    'pollInterval',
    'logLevel',
  ])
    .description('run a sender of deliveries alone; any number may run against one database')
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
            services: [makeSender(config, connection.url, reporter.log)],
            onStarted: () => reporter.started({ databaseUrl: connection.url, embedded: false }),
          });
        } finally {
          await connection.close();
        }
      });
    });
}
