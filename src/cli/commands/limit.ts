// Concurrency limits: how many runs with the same concurrency key run at once.
import { Command, InvalidArgumentError } from 'commander';
import type { ConcurrencyLimit } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';

const line = ({ key, maxRunning }: ConcurrencyLimit) => ({ key: printable(key), 'at once': maxRunning });

function print(limits: ConcurrencyLimit[], asJson: true | undefined): void {
  if (asJson) process.stdout.write(json(limits));
  else if (limits.length === 0) process.stdout.write('No limits: one run of each key at a time.\n');
  else process.stdout.write(table(['key', 'at once'], limits.map(line)));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 on is needed.');
  return Number(text);
}

export function limitCommand(): Command {
  return new Command('limit')
    .description('how many runs with the same concurrency key run at once: set, list, delete')
    .addCommand(
      withCommon(new Command('set'))
        .description('let so many run at once; 0 lets none start, and what runs goes on')
        .argument('<key>', 'the --concurrency-key of schedules')
        .argument('<number>', 'how many', wholeNumber)
        .action(async (key: string, most: number, options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) =>
            print([await chime.concurrencyLimits.set(key, most)], options.json),
          );
        }),
    )
    .addCommand(
      withCommon(new Command('list'))
        .description('all limits; a key that is not there has one')
        .action(async (options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) =>
            print(await chime.concurrencyLimits.list(), options.json),
          );
        }),
    )
    .addCommand(
      withCommon(new Command('delete'))
        .description('let one run at a time again')
        .argument('<key>', 'the --concurrency-key of schedules')
        .action(async (key: string, options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const limit = await chime.concurrencyLimits.delete(key);
            process.stdout.write(
              options.json ? json(limit) : `Deleted the limit of ${printable(limit.key)}\n`,
            );
          });
        }),
    );
}
