// The inbox in a terminal: what came in, and what comes in while somebody sits there.
import { hostname } from 'node:os';
import { Command } from 'commander';
import { Sender } from '../../channels/sender.ts';
import { terminal } from '../../channels/terminal.ts';
import type { InboxItem } from '../../client/delivery_types.ts';
import { printable } from '../../printable.ts';
import { checkDatabase, findDatabase, withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { runProcess } from '../process.ts';
import { createReporter } from '../report.ts';
import { Shutdown } from '../shutdown.ts';
import { positive } from './runs.ts';

const line = (item: InboxItem) => ({
  at: item.receivedAt.toISOString().replace(/\.\d+Z$/, 'Z'),
  read: item.readAt === null ? '' : 'yes',
  from: printable(item.scheduleName ?? item.task),
  status: item.runStatus,
  text: printable((item.text ?? '').split('\n')[0]?.slice(0, 60) ?? ''),
});

function listCommand(): Command {
  return withCommon(new Command('list'))
    .description('what came in, the latest first')
    .option('--unread', 'only what was not read yet')
    .option('--limit <number>', 'how many', positive, 20)
    .action(async (options: { unread?: true; limit: number; json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const items = await chime.inbox.list({ unread: options.unread === true, limit: options.limit });
        if (options.json) process.stdout.write(json(items));
        else if (items.length === 0) process.stdout.write('Nothing came in.\n');
        else process.stdout.write(table(Object.keys(line(items[0] as InboxItem)), items.map(line)));
      });
    });
}

function watchCommand(): Command {
  return withCommon(new Command('watch'))
    .description('show what comes in for a user, as long as this runs')
    .argument('<user>', 'the id of the user')
    .action(async (userId: string, _options: object, command: Command) => {
      const config = configOf(command);
      const reporter = createReporter('warn', !process.stdout.isTTY);
      const shutdown = new Shutdown(reporter.log);
      await shutdown.during(async () => {
        const connection = await findDatabase(config, { serves: true });
        try {
          await shutdown.unlessAsked(checkDatabase(connection.url));
          const context = `${hostname()}:${process.pid}`;
          const write = (text: string) =>
            new Promise<void>((resolve, reject) => {
              process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
            });
          // Mapped before the sender looks: it says with its first look that somebody is there.
          await withChime({ ...config, databaseUrl: connection.url }, (chime) =>
            chime.channelMappings.map('terminal', context, userId),
          );
          const sender = new Sender({
            connectionString: connection.url,
            channels: [terminal(context, write)],
            log: reporter.log,
            pollInterval: config.pollInterval,
          });
          // From its first look on, what comes in comes here.
          sender.once('idle', () => process.stderr.write('Watching; Ctrl-C ends.\n'));
          await runProcess({ reporter, shutdown, services: [sender], onStarted: () => {} });
        } finally {
          await connection.close();
        }
      });
    });
}

export function inboxCommand(): Command {
  return new Command('inbox')
    .description('what came in for people to read: list, watch')
    .addCommand(listCommand())
    .addCommand(watchCommand());
}
