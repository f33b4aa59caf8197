import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type pg from 'pg';
import type { Chime } from '../../client/chime.ts';
import type { RunWithOutput } from '../../client/types.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { duration, forTerminal, json, paint, paintStatus } from '../output.ts';
import { readPayload } from './payload.ts';
import { positive } from './runs.ts';
import { scheduleArgument } from './schedule_card.ts';

interface TriggerOptions {
  payload?: string;
  allowOverlap?: true;
  wait?: true;
  /** In seconds. */
  timeout?: number;
  json?: true;
}

export function triggerCommand(): Command {
  return withCommon(new Command('trigger'))
    .description('run a schedule once, now, beside its rule')
    .addArgument(scheduleArgument())
    .option('--payload <json>', 'another payload, for this run: JSON, or @file')
    .option('--allow-overlap', 'even while a run of it is not finished')
    .option('--wait', 'wait for the end, print the output; exit code 1 if it failed')
    .addOption(
      new Option('--timeout <seconds>', 'wait this long at most; exit code 1 if it has not ended by then')
        .argParser(positive)
        .implies({ wait: true }),
    )
    .action(async (reference: string, options: TriggerOptions, command: Command) => {
      const payload = options.payload === undefined ? undefined : await readPayload(options.payload);
      await withChime(configOf(command), async (chime, pool) => {
        const run = await chime.schedules.runNow(reference, {
          allowOverlap: options.allowOverlap === true,
          ...(payload === undefined ? {} : { payload }),
        });
        if (!options.wait) {
          process.stdout.write(
            options.json ? json({ run }) : `Queued run ${run.id}\nRead it with: chime runs show ${run.id}\n`,
          );
          return;
        }
        await warnWithoutWorker(pool, run.task);
        const ended = await waitFor(chime, run.id, options.timeout);
        printEnd(ended, options.json === true);
        if (ended.status !== 'succeeded') process.exitCode = 1;
      });
    });
}

/** Whoever waits should know at once what for. */
async function warnWithoutWorker(pool: pg.Pool, task: string): Promise<void> {
  const { rows } = await pool.query<{ alive: number; able: number }>(
    `select count(*)::integer as alive, count(*) filter (where $1 = any (task_names))::integer as able
     from chime_private.workers where stopped_at is null and lease_until > chime.now()`,
    [task],
  );
  const { alive = 0, able = 0 } = rows[0] ?? {};
  if (able > 0) return;
  const what = alive === 0 ? 'No worker is alive' : `No worker that is alive has the task "${task}"`;
  process.stderr.write(
    `${paint('yellow', 'warning:', process.stderr)} ${what}: the run waits in the queue.\n  Start one in another terminal: chime start, or chime worker\n`,
  );
}

function printEnd(run: RunWithOutput, asJson: boolean): void {
  if (asJson) {
    process.stdout.write(json({ run }));
    return;
  }
  process.stdout.write(
    run.output === null ? '' : `${forTerminal(run.output)}${run.output.endsWith('\n') ? '' : '\n'}`,
  );
  const after = run.durationMs === null ? '' : ` in ${duration(run.durationMs)}`;
  process.stderr.write(
    `${paintStatus(run.status)}${after}${run.error === null ? '' : `: ${forTerminal(run.error, process.stderr)}`}\n`,
  );
}

/** The run when it has ended, or as it is when the time is over. */
async function waitFor(chime: Chime, id: string, timeout: number | undefined): Promise<RunWithOutput> {
  const end = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout * 1000;
  for (;;) {
    const run = await chime.runs.get(id);
    if (run.finishedAt !== null) return run;
    if (performance.now() >= end) {
      process.stderr.write(
        `The run has not ended after ${timeout} s. It goes on; read it with: chime runs show ${id}\n`,
      );
      return run;
    }
    await sleep(100);
  }
}
