// A command that runs services of its own against a database that others use, too, until it shall stop.
import { Command } from 'commander';
import type { Config, SettingName } from '../config.ts';
import type { Service } from '../service.ts';
import type { Worker } from '../worker/worker.ts';
import { checkDatabase, findDatabase } from './connect.ts';
import { configOf, withSettings } from './options.ts';
import { runProcess } from './process.ts';
import { createReporter, type Reporter, type Whereabouts } from './report.ts';
import { Shutdown } from './shutdown.ts';

/** What a command runs, made once its database is known to be there. */
export interface Services {
  services: readonly Service[];
  worker?: Worker;
  /** What is said of them when they are at work, beside the database. */
  started?(): Partial<Whereabouts>;
}

export interface ServiceCommandOptions {
  name: string;
  settings: readonly SettingName[];
  description: string;
  /** Looks at the configuration before anything else is done. */
  check?(config: Config): void;
  /** Loads and makes them: help, and what is wrong with a configuration, shall not wait for that. */
  make(
    config: Config,
    databaseUrl: string,
    process: { reporter: Reporter; shutdown: Shutdown },
  ): Promise<Services>;
}

export function serviceCommand({ name, settings, description, check, make }: ServiceCommandOptions): Command {
  return withSettings(new Command(name), settings)
    .description(description)
    .option('--json', 'log JSON lines, as under a pipe')
    .option('--debug', 'print stack traces of errors')
    .action(async (options: { json?: true }, command: Command) => {
      const config = configOf(command);
      check?.(config);
      const reporter = createReporter(config.logLevel, options.json === true || !process.stdout.isTTY);
      const shutdown = new Shutdown(reporter.log);
      await shutdown.during(async () => {
        const connection = await findDatabase(config, { serves: true });
        try {
          await shutdown.unlessAsked(checkDatabase(connection.url));
          const { started, ...parts } = await make(config, connection.url, { reporter, shutdown });
          await runProcess({
            ...{ reporter, shutdown, ...parts },
            onStarted: () =>
              reporter.started({ databaseUrl: connection.url, embedded: false, ...started?.() }),
          });
        } finally {
          await connection.close();
        }
      });
    });
}
