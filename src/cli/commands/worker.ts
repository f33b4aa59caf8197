import { Command } from 'commander';
import { checkDatabase, findDatabase } from '../connect.ts';
import { configOf, withSettings } from '../options.ts';
import { runProcess } from '../process.ts';
import { createReporter } from '../report.ts';
import { makeWorker } from '../services.ts';
import { Shutdown } from '../shutdown.ts';

export function workerCommand(): Command {
  return withSettings(new Command('worker'), [
    'databaseUrl',
    'dataDir',
    'tasksDir',
    'concurrency',
    'pollInterval',
    'maxOutput',
    'allowPrivateHttp',
    'shutdownTimeout',
    'logLevel',
  ])
    .description('run a worker alone; any number may run against one database')
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
          const worker = await makeWorker(config, connection.url, reporter.log);
          worker.on('finished', (finished) => reporter.run(finished));
          await runProcess({
            reporter,
            shutdown,
            services: [worker],
            worker,
            onStarted: () => reporter.started({ databaseUrl: connection.url, embedded: false }),
          });
        } finally {
          await connection.close();
        }
      });
    });
}
