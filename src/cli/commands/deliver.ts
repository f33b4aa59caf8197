import type { Command } from 'commander';
import { serviceCommand } from '../service_command.ts';

export function deliverCommand(): Command {
  return serviceCommand({
    name: 'deliver',
    settings: [
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
    ],
    description: 'run a sender of deliveries alone; any number may run against one database',
    async make(config, url, { reporter }) {
      const { makeSender } = await import('../services/sender.ts');
      return { services: [makeSender(config, url, reporter.log)] };
    },
  });
}
