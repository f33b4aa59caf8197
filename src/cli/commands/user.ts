// Users: who has signed in, and who may not any more.
import { Command } from 'commander';
import type { Chime } from '../../client/chime.ts';
import type { User } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { positive } from './runs.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

const line = ({ subject, name, status, id }: User) => ({
  subject: printable(subject),
  name: name === null ? '' : printable(name),
  status,
  id,
});

/** A command that lets a user in or keeps them out. */
function control(
  name: string,
  about: string,
  what: string,
  change: (chime: Chime, reference: string) => Promise<User>,
): Command {
  return withTenant(withCommon(new Command(name)))
    .description(about)
    .argument('<user>', 'id of a user, or what tokens call them (the claim sub)')
    .action(async (reference: string, options: TenantOptions, command: Command) => {
      await withChime(
        configOf(command),
        async (chime) => {
          const user = await change(chime, reference);
          process.stdout.write(options.json ? json(user) : `${what} ${printable(user.subject)}\n`);
        },
        options.tenant,
      );
    });
}

const who = ['<user>', 'id of a user, or what tokens call them (the claim sub)'] as const;

function checkInCommand(): Command {
  return withTenant(withCommon(new Command('check-in')))
    .description('say when a user is asked how they are, once a day on their own clock')
    .argument(...who)
    .argument('<time>', 'a time of day such as 09:00, or off')
    .option('--days <days>', 'numbers from 1 (Monday) to 7 (Sunday), comma-separated (default: every day)')
    .option('--silence <interval>', 'not when they have said something so recently, for example 3h')
    .action(
      async (
        reference: string,
        time: string,
        options: TenantOptions & { days?: string; silence?: string },
        command: Command,
      ) => {
        await withChime(
          configOf(command),
          async (chime) => {
            const user = await chime.users.setCheckIn(reference, {
              at: time === 'off' ? null : time,
              ...(options.days !== undefined && { days: options.days.split(',').map(Number) }),
              ...(options.silence !== undefined && { silence: options.silence }),
            });
            const name = printable(user.subject);
            const zone = user.timezone ?? 'the time zone of the tenant';
            if (options.json) process.stdout.write(json(user));
            else if (user.preferredMessageTime === null) process.stdout.write(`${name} gets no check-ins\n`);
            else process.stdout.write(`${name} is asked at ${user.preferredMessageTime}, ${zone}\n`);
          },
          options.tenant,
        );
      },
    );
}

function exportCommand(): Command {
  return withTenant(withCommon(new Command('export')))
    .description('all that is known of a user, as JSON')
    .argument(...who)
    .action(async (reference: string, options: TenantOptions, command: Command) => {
      await withChime(
        configOf(command),
        async (chime) => {
          process.stdout.write(json(await chime.users.export(reference)));
        },
        options.tenant,
      );
    });
}

function forgetCommand(): Command {
  return withTenant(withCommon(new Command('forget')))
    .description('remove all that is known of a user, for good')
    .argument(...who)
    .option('--yes', 'do it: nothing brings it back')
    .action(async (reference: string, options: TenantOptions & { yes?: true }, command: Command) => {
      await withChime(
        configOf(command),
        async (chime) => {
          const { id, subject } = await chime.users.get(reference);
          if (options.yes !== true) {
            throw new UsageError(
              `All that is known of ${printable(subject)} would be removed, for good.`,
              'Say --yes to do it; chime user export tells what there is.',
            );
          }
          const counts = await chime.users.forget(id);
          const some = Object.entries(counts).filter(([, count]) => count > 0);
          process.stdout.write(
            options.json
              ? json(counts)
              : `Forgotten ${printable(subject)}${some.length > 0 ? `: ${some.map(([what, count]) => `${what.replaceAll('_', ' ')} ${count}`).join(', ')}` : ''}\n`,
          );
        },
        options.tenant,
      );
    });
}

export function userCommand(): Command {
  return new Command('user')
    .description('who has signed in: list, block, unblock, export, forget; when they are asked how they are')
    .addCommand(
      withTenant(withCommon(new Command('list')))
        .description('all users; one appears when a token first names them')
        .option('--limit <number>', 'how many', positive, 100)
        .action(async (options: TenantOptions & { limit: number }, command: Command) => {
          await withChime(
            configOf(command),
            async (chime) => {
              const users = await chime.users.list({ limit: options.limit });
              if (options.json) process.stdout.write(json(users));
              else if (users.length === 0) process.stdout.write('No users: nobody has signed in yet.\n');
              else process.stdout.write(table(['subject', 'name', 'status', 'id'], users.map(line)));
            },
            options.tenant,
          );
        }),
    )
    .addCommand(checkInCommand())
    .addCommand(
      control('block', 'keep a user from signing in; what they own goes on', 'Blocked', (chime, reference) =>
        chime.users.block(reference),
      ),
    )
    .addCommand(
      control('unblock', 'let a user sign in again', 'Unblocked', (chime, reference) =>
        chime.users.unblock(reference),
      ),
    )
    .addCommand(exportCommand())
    .addCommand(forgetCommand());
}
