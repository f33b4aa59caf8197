// Calendars to subscribe to: what is ahead of a person, at an address that is secret.
import { Command } from 'commander';
import type { CalendarFeed } from '../../client/types.ts';
import type { Config } from '../../config.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon, withSettings } from '../options.ts';
import { json, relative, table } from '../output.ts';
import { yourself } from '../yourself.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

interface CreateOptions extends TenantOptions {
  user?: string;
  name?: string;
}

/** Where the server is reached: as the operator has said, else on this machine. */
function baseOf({ publicUrl, host, port }: Config): string {
  if (publicUrl !== undefined) return publicUrl;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function createCommand(): Command {
  return withSettings(withTenant(withCommon(new Command('create'))), ['publicUrl', 'host', 'port'])
    .description('make one; its address is shown this once')
    .option('--user <user>', 'whose it is, by id or subject (default: you, as in chime chat)')
    .option(
      '--name <name>',
      'what programs call the calendar (default: a name in the language of the person)',
    )
    .addHelpText(
      'after',
      `
Example:
  chime calendar-feed create --user ann --public-url https://chime.example.com`,
    )
    .action(async (options: CreateOptions, command: Command) => {
      const { user, name } = options;
      const config = configOf(command);
      await withChime(
        config,
        async (chime, pool) => {
          const { id, secret, path } = await chime.calendarFeeds.create({
            user: user ?? (await yourself(pool)),
            ...(name !== undefined && { name }),
          });
          const url = `${baseOf(config)}${path}`;
          process.stdout.write(
            options.json
              ? json({ id, secret, url })
              : `Created ${id}\n${url}\nSubscribe to it in any calendar. Keep it secret: who has it reads the calendar. It is shown this once.\n`,
          );
        },
        options.tenant,
      );
    });
}

function line(feed: CalendarFeed, now: Date) {
  return {
    user: printable(feed.userSubject),
    name: feed.name === null ? '' : printable(feed.name),
    begins: feed.prefix,
    state: feed.revokedAt === null ? 'valid' : 'revoked',
    'last read': feed.lastUsedAt === null ? 'never' : relative(feed.lastUsedAt, now),
    id: feed.id,
  };
}

export function calendarFeedCommand(): Command {
  return new Command('calendar-feed')
    .description('calendars to subscribe to, of what is ahead of a person: create, list, revoke')
    .addCommand(createCommand())
    .addCommand(
      withTenant(withCommon(new Command('list')))
        .description('all of them, the latest first')
        .action(async (options: TenantOptions, command: Command) => {
          await withChime(
            configOf(command),
            async (chime) => {
              const feeds = await chime.calendarFeeds.list();
              const now = new Date();
              const rows = feeds.map((feed) => line(feed, now));
              if (options.json) process.stdout.write(json(feeds));
              else if (rows.length === 0) process.stdout.write('No calendar feeds.\n');
              else process.stdout.write(table(Object.keys(rows[0] ?? {}), rows));
            },
            options.tenant,
          );
        }),
    )
    .addCommand(
      withTenant(withCommon(new Command('revoke')))
        .description('end one: there is nothing at its address from now on')
        .argument('<id>', 'its id, as the list has it')
        .action(async (id: string, options: TenantOptions, command: Command) => {
          await withChime(
            configOf(command),
            async (chime) => {
              await chime.calendarFeeds.revoke(id);
              process.stdout.write(options.json ? json({ id }) : `Revoked ${id}\n`);
            },
            options.tenant,
          );
        }),
    );
}
