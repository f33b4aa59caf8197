// What is said to people of one's own accord, and how far it is.
import { Command, Option } from 'commander';
import type { MessageStatus, Purpose, ScheduledMessage } from '../../client/message_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { positive } from './runs.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

const instant = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z');

const line = (message: ScheduledMessage) => ({
  at: instant(message.scheduledFor),
  what: message.purpose.replaceAll('_', ' '),
  status: message.status,
  user: message.userId ?? '',
  text: printable(
    (message.failureReason === null ? message.content : `failed: ${message.failureReason}`)
      ?.split('\n')[0]
      ?.slice(0, 60) ?? '',
  ),
});

interface ListOptions extends TenantOptions {
  status?: MessageStatus;
  purpose?: Purpose;
  user?: string;
  limit: number;
}

export function messageCommand(): Command {
  return new Command('message')
    .description('check-ins, follow-ups and reminders of meetings: what is planned, sent, failed')
    .addCommand(
      withTenant(withCommon(new Command('list')))
        .description('all of them, those furthest ahead first')
        .addOption(new Option('--status <status>', 'how far it is').choices(['pending', 'sent', 'failed']))
        .addOption(
          new Option('--purpose <purpose>', 'what it is').choices([
            'check_in',
            'follow_up',
            'meeting_reminder',
          ]),
        )
        .option('--user <user>', 'those for this user: an id, or what tokens call them')
        .option('--limit <number>', 'how many', positive, 20)
        .action(async (options: ListOptions, command: Command) => {
          await withChime(
            configOf(command),
            async (chime) => {
              const { status, purpose, limit } = options;
              const user = options.user === undefined ? undefined : await chime.users.get(options.user);
              const messages = await chime.scheduledMessages.list({
                limit,
                ...(status !== undefined && { status }),
                ...(purpose !== undefined && { purpose }),
                ...(user !== undefined && { userId: user.id }),
              });
              if (options.json) process.stdout.write(json(messages));
              else if (messages.length === 0) process.stdout.write('There are none.\n');
              else
                process.stdout.write(
                  table(Object.keys(line(messages[0] as ScheduledMessage)), messages.map(line)),
                );
            },
            options.tenant,
          );
        }),
    );
}
