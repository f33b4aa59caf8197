import { Command } from 'commander';
import { readAuth } from '../../api/auth/settings.ts';
import { healthOf } from '../../api/health.ts';
import type { SettingName } from '../../config.ts';
import { apiSettings } from '../../settings_api.ts';
import { checkDatabase, findDatabase } from '../connect.ts';
import { configOf, withSettings } from '../options.ts';
import { runProcess } from '../process.ts';
import { createReporter } from '../report.ts';
import { makeServer } from '../services.ts';
import { Shutdown } from '../shutdown.ts';

const names: SettingName[] = [
  ...(['databaseUrl', 'dataDir', 'port', 'host'] as const),
  ...(Object.keys(apiSettings) as (keyof typeof apiSettings)[]),
  ...(['secretKey', 'shutdownTimeout', 'logLevel'] as const),
];

export function apiCommand(): Command {
  return withSettings(new Command('api'), names)
    .description('run the HTTP server alone; any number may run against one database')
    .option('--json', 'log JSON lines, as under a pipe')
    .option('--debug', 'print stack traces of errors')
    .action(async (options: { json?: true }, command: Command) => {
      const config = configOf(command);
      const auth = readAuth(config);
      const reporter = createReporter(config.logLevel, options.json === true || !process.stdout.isTTY);
      const shutdown = new Shutdown(reporter.log);
      await shutdown.during(async () => {
        const connection = await findDatabase(config, { serves: true });
        try {
          await shutdown.unlessAsked(checkDatabase(connection.url));
          const server = makeServer(config, connection.url, reporter.log, () => ({
            status: healthOf({ stopping: shutdown.asked.aborted, clockSilentMs: null }),
          }));
          await runProcess({
            reporter,
            shutdown,
            services: [server],
            onStarted: () =>
              reporter.started({
                databaseUrl: connection.url,
                embedded: false,
                httpUrl: server.url,
                graphiql: config.graphiql,
                signedIn: auth.required,
              }),
          });
        } finally {
          await connection.close();
        }
      });
    });
}
