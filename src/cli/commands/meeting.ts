// Meetings: booked, listed, moved and cancelled, with their reminders.
import { Command, InvalidArgumentError } from 'commander';
import type { Chime } from '../../client/chime.ts';
import type { Meeting } from '../../client/meeting_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { meetingLines, span } from '../meeting_card.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { yourself } from '../yourself.ts';
import { positive } from './runs.ts';
import { localTimezone } from './schedule_rule.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

interface BookOptions extends TenantOptions {
  for?: string;
  until?: string;
  timezone?: string;
  location?: string;
  description?: string;
  remind?: string[];
  key?: string;
  user?: string;
}

/** A length of time as Postgres reads it: 45m, 1h30m, 1 day. */
function length(text: string): string {
  const unit = '(?:m|mins?|minutes?|h|hours?|d|days?|w|weeks?|months?|mon|y|years?)';
  if (!new RegExp(`^\\s*(?:\\d+(?:\\.\\d+)?\\s*${unit}\\s*)+$`, 'i').test(text) && !/^\d+:\d\d$/.test(text))
    throw new InvalidArgumentError('A length of time is needed, such as 45m, 1h30m or 1d.');
  return text;
}

const lengths = (text: string): string[] => (text === 'none' ? [] : text.split(',').map(length));

function print(meeting: Meeting, what: string, asJson: true | undefined): void {
  process.stdout.write(asJson ? json(meeting) : meetingLines(meeting, what, new Date()));
}

function bookCommand(): Command {
  return withTenant(withCommon(new Command('book')))
    .description('book a meeting, and its reminders; with the --key of one that there is, change that')
    .argument('<title>', 'what it is about')
    .argument('<start>', 'when it begins: an instant, or a wall-clock time (2026-12-01 15:00)')
    .option('--for <length>', 'how long it is (default: 1h)', length)
    .option('--until <time>', 'when it ends, in place of that')
    .option(
      '--tz, --timezone <zone>',
      'zone of these times (default: that of the person, else of this machine)',
    )
    .option('--location <text>', 'where it is: a place, a link')
    .option('--description <text>', 'what else there is to know of it')
    .option(
      '--remind <lengths>',
      'how long before, for example 1d,1h; none (default: as the tenant has it)',
      lengths,
    )
    .option('--key <key>', 'what another calendar calls it')
    .option('--user <user>', 'whose it is, by id or subject (default: you, as in chime chat)')
    .addHelpText(
      'after',
      '\nExample:\n  chime meeting book "Design review" "2030-11-21 15:00" --for 45m --tz Europe/Berlin --location Zoom --remind 1d,1h',
    )
    .action(async (title: string, startsAt: string, options: BookOptions, command: Command) => {
      await withChime(
        configOf(command),
        async (chime, pool) => {
          const user = await chime.users.get(options.user ?? (await yourself(pool)));
          const { for: duration, until: endsAt, location, description, key, remind: reminders } = options;
          const given = { duration, endsAt, location, description, key, reminders };
          const meeting = await chime.meetings.book({
            ...{ title, startsAt, user: user.id },
            timezone: options.timezone ?? user.timezone ?? localTimezone(),
            ...(Object.fromEntries(
              Object.entries(given).filter(([, value]) => value !== undefined),
            ) as object),
          });
          print(meeting, meeting.revision === 1 ? 'Booked' : 'Changed', options.json);
        },
        options.tenant,
      );
    });
}

const line = (meeting: Meeting) => ({
  title: printable(meeting.title),
  when: span(meeting),
  zone: meeting.timezone,
  status: meeting.status,
  reminders: meeting.meetingReminders.filter(({ status }) => status === 'active').length,
  id: meeting.id,
});

function listCommand(): Command {
  return withTenant(withCommon(new Command('list')))
    .description('meetings to come, the next first')
    .option('--all', 'those, too, that are over or cancelled')
    .option('--user <user>', 'those of one user, by id or subject')
    .option('--limit <number>', 'how many', positive, 100)
    .action(
      async (options: TenantOptions & { all?: true; user?: string; limit: number }, command: Command) => {
        await withChime(
          configOf(command),
          async (chime) => {
            const { all = false, user, limit } = options;
            const meetings = await chime.meetings.list({ all, limit, ...(user !== undefined && { user }) });
            if (options.json) process.stdout.write(json(meetings));
            else if (meetings.length === 0) process.stdout.write('No meetings.\n');
            else
              process.stdout.write(
                table(['title', 'when', 'zone', 'status', 'reminders', 'id'], meetings.map(line)),
              );
          },
          options.tenant,
        );
      },
    );
}

/** A command that changes a meeting that there is. */
function change<Options extends TenantOptions>(
  command: Command,
  what: string,
  work: (chime: Chime, reference: string, options: Options, argument: string) => Promise<Meeting>,
): Command {
  return withTenant(withCommon(command)).action(async (reference: string, ...rest: unknown[]) => {
    // The options come after the arguments, and the command last.
    const options = rest.at(-2) as Options;
    await withChime(
      configOf(command),
      async (chime) => print(await work(chime, reference, options, rest[0] as string), what, options.json),
      options.tenant,
    );
  });
}

const meeting = '<meeting>';
const reference = 'id, key or title of a meeting';

function moveCommand(): Command {
  const command = new Command('move')
    .description('move a meeting, and its reminders')
    .argument(meeting, reference)
    .argument('<start>', 'when it begins: an instant, or a wall-clock time (2026-12-01 15:00)')
    .option('--until <time>', 'when it ends (default: it is as long as before)')
    .option('--tz, --timezone <zone>', 'zone of these times (default: that in which it was booked)');
  return change<TenantOptions & { until?: string; timezone?: string }>(
    command,
    'Moved',
    (chime, named, { until, timezone }, startsAt) =>
      chime.meetings.reschedule(named, {
        startsAt,
        ...(until !== undefined && { endsAt: until }),
        ...(timezone !== undefined && { timezone }),
      }),
  );
}

function cancelCommand(): Command {
  const command = new Command('cancel')
    .description('cancel a meeting, and its reminders')
    .argument(meeting, reference)
    .option('--reason <text>', 'why');
  return change<TenantOptions & { reason?: string }>(command, 'Cancelled', (chime, named, { reason }) =>
    chime.meetings.cancel(named, reason === undefined ? {} : { reason }),
  );
}

export function meetingCommand(): Command {
  return new Command('meeting')
    .description('meetings, and what reminds of them: book, list, move, cancel')
    .addCommand(bookCommand())
    .addCommand(listCommand())
    .addCommand(moveCommand())
    .addCommand(cancelCommand());
}
