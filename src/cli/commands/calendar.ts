// Calendars: named sets of days that schedules fire only on, or never on.
import { Command } from 'commander';
import type { Calendar } from '../../client/types.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';

const line = ({ name, timezone, dates }: Calendar) => ({
  name,
  zone: timezone ?? 'of each schedule',
  days: dates.length > 4 ? `${dates.slice(0, 4).join(', ')}, ... (${dates.length})` : dates.join(', '),
});

function print(calendars: Calendar[], asJson: true | undefined): void {
  if (asJson) process.stdout.write(json(calendars));
  else if (calendars.length === 0) process.stdout.write('No calendars.\n');
  else process.stdout.write(table(['name', 'zone', 'days'], calendars.map(line)));
}

export function calendarCommand(): Command {
  return new Command('calendar')
    .description('days on which schedules fire, or do not: set, list, delete')
    .addCommand(
      withCommon(new Command('set'))
        .description('make a calendar, or give one other days; its schedules follow at once')
        .argument('<name>', 'what it is called')
        .argument('[dates...]', 'days (2026-12-25) and ranges, both ends included (2026-12-24/2027-01-01)')
        .option('--timezone <zone>', 'where its days begin and end (default: the zone of each schedule)')
        .addHelpText(
          'after',
          `
Example:
  chime calendar set holidays 2026-12-24/2026-12-26 2027-01-01
  chime schedule create --task send_message --payload '{"text": "Good morning"}' --cron "30 8 * * 1-5" --never-on holidays`,
        )
        .action(
          async (
            name: string,
            dates: string[],
            options: { timezone?: string; json?: true },
            command: Command,
          ) => {
            await withChime(configOf(command), async (chime) =>
              print([await chime.calendars.set(name, dates, options)], options.json),
            );
          },
        ),
    )
    .addCommand(
      withCommon(new Command('list'))
        .description('all calendars')
        .action(async (options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) =>
            print(await chime.calendars.list(), options.json),
          );
        }),
    )
    .addCommand(
      withCommon(new Command('delete'))
        .description('remove a calendar that no schedule names')
        .argument('<name>', 'what it is called')
        .action(async (name: string, options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const calendar = await chime.calendars.delete(name);
            process.stdout.write(options.json ? json(calendar) : `Deleted ${calendar.name}\n`);
          });
        }),
    );
}
