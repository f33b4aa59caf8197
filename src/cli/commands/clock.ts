import type { Command } from 'commander';
import { serviceCommand } from '../service_command.ts';
import { makeClock } from '../services/clock.ts';

export function clockCommand(): Command {
  return serviceCommand({
    name: 'clock',
    settings: ['databaseUrl', 'dataDir', 'pollInterval', 'logLevel'],
    description: 'run a clock alone; any number may run against one database',
    make: (config, url, { reporter }) => ({ services: [makeClock(config, url, reporter.log)] }),
  });
}
