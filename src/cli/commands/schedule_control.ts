import { Command } from 'commander';
import type { Chime } from '../../client/chime.ts';
import type { Schedule } from '../../client/types.ts';
import { withChime } from '../connect.ts';
import { type LocaleOptions, withLocale } from '../locale.ts';
import { configOf, withCommon } from '../options.ts';
import { printCard, scheduleArgument } from './schedule_card.ts';

/** A command that changes one schedule and prints it. */
function control(
  name: string,
  about: string,
  what: string,
  change: (chime: Chime, reference: string, options: never) => Promise<Schedule>,
): Command {
  return withCommon(withLocale(new Command(name)))
    .description(about)
    .addArgument(scheduleArgument())
    .action(async (reference: string, options: LocaleOptions & { json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        await printCard(chime, await change(chime, reference, options as never), what, options);
      });
    });
}

export function pauseCommand(): Command {
  return control(
    'pause',
    'stop a schedule from firing, until it is resumed or until a time',
    'Paused',
    (chime, reference, options) => chime.schedules.pause(reference, options),
  )
    .option('--reason <text>', 'why, for whoever wonders')
    .option('--until <instant>', 'when it resumes by itself');
}

export function resumeCommand(): Command {
  return control(
    'resume',
    'let a paused schedule fire again; the pause is not made up for',
    'Resumed',
    (chime, reference) => chime.schedules.resume(reference),
  );
}

export function skipCommand(): Command {
  return control(
    'skip',
    'skip the next fire of a schedule; it goes on with the one after that',
    'Skipped the next fire of',
    (chime, reference) => chime.schedules.skipNext(reference),
  );
}

export function cancelCommand(): Command {
  return control(
    'cancel',
    'stop a schedule for good; it stays to be read',
    'Cancelled',
    (chime, reference, options: { reason?: string }) => chime.schedules.cancel(reference, options.reason),
  ).option('--reason <text>', 'why, for whoever wonders');
}

export function deleteCommand(): Command {
  return control('delete', 'remove a schedule; its runs stay readable', 'Deleted', (chime, reference) =>
    chime.schedules.delete(reference),
  );
}

export function restoreCommand(): Command {
  return control(
    'restore',
    'take back that a schedule was deleted; named by its id',
    'Restored',
    (chime, reference) => chime.schedules.restore(reference),
  );
}
