import type { Command } from 'commander';
import { serviceCommand } from '../service_command.ts';
import { makeSender } from '../services/sender.ts';

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
    make: (config, url, { reporter }) => ({ services: [makeSender(config, url, reporter.log)] }),
  });
}
