import { Argument, Command } from 'commander';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json } from '../output.ts';

export const runArgument = () => new Argument('<run>', 'id of a run, or the beginning of it');

export function cancelRunCommand(): Command {
  return withCommon(new Command('cancel'))
    .description('cancel a run: at once if it waits; if it is running, its task is told to end')
    .addArgument(runArgument())
    .option('--reason <text>', 'why, for whoever wonders')
    .action(async (reference: string, options: { reason?: string; json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const run = await chime.runs.cancel(reference, options.reason);
        if (options.json) process.stdout.write(json({ run }));
        else if (run.status === 'cancelled') process.stdout.write(`Cancelled run ${run.id}\n`);
        else process.stdout.write(`Run ${run.id} is running; its task was told to end\n`);
      });
    });
}

export function retryRunCommand(): Command {
  return withCommon(new Command('retry'))
    .description('run again what failed, timed out or was cancelled; do not wait for a retry any longer')
    .addArgument(runArgument())
    .option('--allow-overlap', 'even while a run of its schedule is not finished')
    .action(async (reference: string, options: { allowOverlap?: true; json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const run = await chime.runs.retry(reference, { allowOverlap: options.allowOverlap === true });
        if (options.json) process.stdout.write(json({ run }));
        else if (run.status === 'retrying')
          process.stdout.write(`Run ${run.id} does not wait for its retry any longer\n`);
        else process.stdout.write(`Queued run ${run.id}\nRead it with: chime runs show ${run.id}\n`);
      });
    });
}
