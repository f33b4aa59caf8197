import type { Command } from 'commander';
import { modelSettingNames } from '../../settings_model.ts';
import { weatherSettingNames } from '../../settings_weather.ts';
import { serviceCommand } from '../service_command.ts';

export function workerCommand(): Command {
  return serviceCommand({
    name: 'worker',
    settings: [
      'databaseUrl',
      'dataDir',
      'tasksDir',
      'concurrency',
      'pollInterval',
      'maxOutput',
      'allowPrivateHttp',
      ...modelSettingNames,
      ...weatherSettingNames,
      'shutdownTimeout',
      'logLevel',
    ],
    description: 'run a worker alone; any number may run against one database',
    async make(config, url, { reporter }) {
      const { makeWorker } = await import('../services/worker.ts');
      const worker = await makeWorker(config, url, reporter.log);
      worker.on('finished', (finished) => reporter.run(finished));
      return { services: [worker], worker };
    },
  });
}
