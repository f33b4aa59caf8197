import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Chime } from '../../client/chime.ts';
import type { RunWithOutput, Schedule } from '../../client/types.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { type LocaleOptions, withLocale } from '../locale.ts';
import { configOf, withCommon } from '../options.ts';
import { duration, json, paintStatus } from '../output.ts';
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

interface TriggerOptions {
  payload?: string;
  allowOverlap?: true;
  wait?: true;
  json?: true;
}

export function triggerCommand(): Command {
  return withCommon(new Command('trigger'))
    .description('run a schedule once, now, beside its rule')
    .addArgument(scheduleArgument())
    .option('--payload <json>', 'another payload, for this run')
    .option('--allow-overlap', 'even while a run of it is not finished')
    .option('--wait', 'wait for the end, print the output; exit code 1 if it failed')
    .action(async (reference: string, options: TriggerOptions, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const run = await chime.schedules.runNow(reference, {
          allowOverlap: options.allowOverlap === true,
          ...(options.payload === undefined ? {} : { payload: parsePayload(options.payload) }),
        });
        if (!options.wait) {
          process.stdout.write(
            options.json ? json({ run }) : `Queued run ${run.id}\nRead it with: chime runs show ${run.id}\n`,
          );
          return;
        }
        const ended = await waitFor(chime, run.id);
        if (options.json) process.stdout.write(json({ run: ended }));
        else {
          process.stdout.write(
            ended.output === null ? '' : `${ended.output}${ended.output.endsWith('\n') ? '' : '\n'}`,
          );
          process.stderr.write(
            `${paintStatus(ended.status)} in ${duration(ended.durationMs ?? 0)}${ended.error === null ? '' : `: ${ended.error}`}\n`,
          );
        }
        if (ended.status !== 'succeeded') process.exitCode = 1;
      });
    });
}

function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--payload is not JSON: ${(error as Error).message}`);
  }
}

async function waitFor(chime: Chime, id: string): Promise<RunWithOutput> {
  for (;;) {
    const run = await chime.runs.get(id);
    if (run.finishedAt !== null) return run;
    await sleep(100);
  }
}
