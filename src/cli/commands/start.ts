import { Command } from 'commander';
import { readAuth } from '../../api/auth/settings.ts';
import { type Config, type SettingName, settings } from '../../config.ts';
import { type Embedded, openEmbedded } from '../../db/embedded/open.ts';
import { configOf, withSettings } from '../options.ts';
import { createReporter, type Reporter } from '../report.ts';
import { Shutdown } from '../shutdown.ts';

export function startCommand(): Command {
  return withSettings(new Command('start'), Object.keys(settings) as SettingName[])
    .description(
      'run everything in one process: clock, worker, sender, bot, HTTP, and without DATABASE_URL a Postgres too',
    )
    .option('--json', 'log JSON lines, as under a pipe')
    .option('--debug', 'print stack traces of errors')
    .action(async (options: { json?: true }, command: Command) => {
      const config = configOf(command);
      // Before a database is started for nothing.
      readAuth(config);
      const reporter = createReporter(config.logLevel, options.json === true || !process.stdout.isTTY);
      const shutdown = new Shutdown(reporter.log);
      await shutdown.during(async () => {
        const embedded = await openDatabase(config, reporter);
        const url = config.databaseUrl ?? embedded?.url ?? '';
        try {
          if (shutdown.asked.aborted) return;
          // Not before: help, and what is wrong with a configuration, shall not wait for all that there is to load.
          const { runEverything } = await import('../everything.ts');
          await runEverything(config, reporter, shutdown, url, embedded);
        } finally {
          await embedded?.stop();
        }
      });
    });
}

async function openDatabase(config: Config, reporter: Reporter): Promise<Embedded | undefined> {
  if (config.databaseUrl !== undefined) return undefined;
  reporter.starting('Starting the embedded Postgres');
  return openEmbedded(config.dataDir);
}
