import { Command, InvalidArgumentError, Option } from 'commander';
import type { Run, RunStatus } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { duration, forTerminal, json, paint, paintStatus, table } from '../output.ts';
import { cancelRunCommand, retryRunCommand, runArgument } from './runs_control.ts';

const statuses = [
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'skipped',
];

export function runsCommand(): Command {
  return new Command('runs')
    .description('what became of each fire; cancel runs and run them again')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(outputCommand())
    .addCommand(cancelRunCommand())
    .addCommand(retryRunCommand());
}

/** A whole number from 1 on, for options. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 on is needed.');
  return Number(text);
}

/** A run as a line of a table. */
export function runLine(run: Run): Record<string, unknown> {
  return {
    run: run.id,
    schedule: run.scheduleName ?? '',
    task: run.task,
    'scheduled for': run.scheduledFor.toISOString().replace('.000Z', 'Z'),
    status: run.status,
    duration: run.durationMs === null ? '' : duration(run.durationMs),
    late: run.latenessMs === null ? '' : duration(run.latenessMs),
    summary: summaryOf(run),
  };
}

function summaryOf(run: Run): string {
  const text =
    run.skipReason !== null
      ? `${run.skipReason}${(run.coversCount ?? 1) > 1 ? `, ${run.coversCount} fires` : ''}`
      : (run.cancelReason ?? run.error ?? run.outputSummary ?? '');
  const line = text.split('\n')[0] ?? '';
  return line.length > 60 ? `${printable(line.slice(0, 59))}…` : printable(line);
}

function listCommand(): Command {
  return withCommon(new Command('list'))
    .description('the latest runs')
    .option('--schedule <schedule>', 'of this schedule only: id, key or name')
    .addOption(new Option('--status <status>', 'in this status only').choices(statuses))
    .option('--limit <number>', 'how many', positive, 20)
    .action(
      async (
        options: { schedule?: string; status?: RunStatus; limit: number; json?: true },
        command: Command,
      ) => {
        await withChime(configOf(command), async (chime) => {
          const scheduleId =
            options.schedule === undefined ? undefined : (await chime.schedules.get(options.schedule)).id;
          const runs = await chime.runs.list({
            limit: options.limit,
            ...(scheduleId === undefined ? {} : { scheduleId }),
            ...(options.status === undefined ? {} : { status: options.status }),
          });
          if (options.json) process.stdout.write(json(runs));
          else if (runs.length === 0) process.stdout.write('No runs.\n');
          else process.stdout.write(table(Object.keys(runLine(runs[0] as Run)), runs.map(runLine)));
        });
      },
    );
}

function showCommand(): Command {
  return withCommon(new Command('show'))
    .description('one run with its output')
    .addArgument(runArgument())
    .action(async (reference: string, options: { json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const run = await chime.runs.get(reference);
        if (options.json) {
          process.stdout.write(json(run));
          return;
        }
        const line = (label: string, value: unknown) => {
          if (value !== null && value !== '')
            process.stdout.write(`${paint('gray', label.padEnd(14))}${value}\n`);
        };
        line('run', run.id);
        line('schedule', printable(run.scheduleName ?? ''));
        line('task', run.task);
        line('trigger', run.trigger);
        line('event', run.eventId);
        line('workflow', run.parentRunId && `${run.parentRunId}, step ${run.step}`);
        line('trace', run.traceId);
        line('status', `${paintStatus(run.status)}${run.skipReason === null ? '' : ` (${summaryOf(run)})`}`);
        line('scheduled for', run.scheduledFor.toISOString());
        line(
          'started',
          run.startedAt &&
            `${run.startedAt.toISOString()}${run.latenessMs === null ? '' : `, ${duration(run.latenessMs)} late`}`,
        );
        line('finished', run.finishedAt?.toISOString() ?? null);
        line('duration', run.durationMs === null ? null : duration(run.durationMs));
        line('attempt', run.attempt);
        line('waits for', printable(run.waitsFor ?? ''));
        line('priority', run.priority === 'medium' ? null : run.priority);
        line('retry of', run.retryOf);
        line('next attempt', run.retryAt?.toISOString() ?? null);
        line('told to end', run.status === 'running' ? (run.cancelRequestedAt?.toISOString() ?? null) : null);
        line('why', printable(run.cancelReason ?? run.silentReason ?? ''));
        line('payload', printable(JSON.stringify(run.payload)));
        line('error', run.error === null ? null : paint('red', forTerminal(run.error)));
        if (run.output !== null)
          process.stdout.write(`\n${forTerminal(run.output)}${run.output.endsWith('\n') ? '' : '\n'}`);
      });
    });
}

function outputCommand(): Command {
  return withCommon(new Command('output'))
    .description('the full output of a run, and nothing else')
    .addArgument(runArgument())
    .action(async (reference: string, options: { json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const run = await chime.runs.get(reference);
        process.stdout.write(
          options.json
            ? json({ id: run.id, output: run.output, result: run.result })
            : forTerminal(run.output ?? ''),
        );
      });
    });
}
