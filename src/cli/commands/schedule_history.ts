import { Command } from 'commander';
import type { ScheduleRevision } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { positive } from './runs.ts';
import { scheduleArgument } from './schedule_card.ts';

/** What was changed, one column after another: `cron 0 8 * * * -> 0 9 * * *`. */
function changes({ action, before, after }: ScheduleRevision): string {
  const text = (value: unknown) => {
    const words = value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
    return printable(words.length > 60 ? `${words.slice(0, 59)}…` : words);
  };
  // What a schedule was created with is shown by `schedule show`.
  const names =
    action === 'created' ? [] : [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((name) => `${name} ${text(before[name])} -> ${text(after[name])}`).join(', ');
}

export function historyCommand(): Command {
  return withCommon(new Command('history'))
    .description('who changed what of a schedule, when, and from where')
    .addArgument(scheduleArgument())
    .option('--limit <number>', 'how many', positive, 20)
    .action(async (reference: string, options: { limit: number; json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const revisions = await chime.schedules.revisions(reference, { limit: options.limit });
        if (options.json) {
          process.stdout.write(json(revisions));
          return;
        }
        const rows = revisions.map((revision) => ({
          at: revision.changedAt.toISOString(),
          action: revision.action,
          by: printable(revision.actor),
          from: printable(revision.surface),
          revision: revision.revision,
          what: changes(revision),
        }));
        process.stdout.write(
          rows.length === 0 ? 'Nothing is on record.\n' : table(Object.keys(rows[0] ?? {}), rows),
        );
      });
    });
}
