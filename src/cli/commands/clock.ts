import type { Command } from 'commander';
import { serviceCommand } from '../service_command.ts';

export function clockCommand(): Command {
  return serviceCommand({
    name: 'clock',
    settings: ['databaseUrl', 'dataDir', 'pollInterval', 'logLevel'],
    description: 'run a clock alone; any number may run against one database',
    async make(config, url, { reporter }) {
      const { makeClock } = await import('../services/clock.ts');
      return { services: [makeClock(config, url, reporter.log)] };
    },
  });
}
