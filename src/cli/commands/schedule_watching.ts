// The options of a schedule that say how much of its history is kept, and what happens when its runs fail; and what is shown of both.
import type { Command } from 'commander';
import type { Schedule, ScheduleStats } from '../../client/types.ts';
import { duration, intervalWords, paint } from '../output.ts';
import { positive } from './runs.ts';

/** Their names, as CreateScheduleInput has them. */
export const watchingOptions = ['keepRuns', 'keepFor', 'pauseAfterFailures', 'alertAfterFailures'] as const;

export function withWatching(command: Command): Command {
  return command
    .option('--keep-runs <number>', 'keep so many of its runs, the newest', positive)
    .option('--keep-for <interval>', 'keep its runs for so long after they finished')
    .option('--pause-after-failures <number>', 'pause it when so many runs in a row have failed', positive)
    .option(
      '--alert-after-failures <number>',
      'raise the event chime.schedule.failing when so many runs in a row have failed',
      positive,
    );
}

/** How much of its history is kept: `the newest 100 runs, 90 days`; undefined where it does not say. */
export function keepWords({ keepRuns, keepFor }: Schedule): string | null {
  const parts = [
    ...(keepRuns === null ? [] : [`the newest ${keepRuns} runs`]),
    ...(keepFor === null ? [] : [intervalWords(keepFor)]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** How it is: `ok`, `failing, 3 runs in a row`. */
export function healthWords({ health, failuresInARow }: ScheduleStats): string {
  const words = health.replace('_', ' ');
  if (health === 'ok') return paint('green', words);
  const row = failuresInARow === 0 ? '' : `, ${failuresInARow} failed in a row`;
  return paint(
    health === 'failing' || health === 'set_aside' || health === 'late' ? 'red' : 'yellow',
    `${words}${row}`,
  );
}

/** What became of its runs: `12 succeeded, 1 failed; 1.2 ms on average, 3 ms at most in 95 % of runs`. */
export function statsWords(stats: ScheduleStats): string | null {
  const counts = (
    [
      [stats.succeeded, 'succeeded'],
      [stats.failed, 'failed'],
      [stats.timedOut, 'timed out'],
      [stats.cancelled, 'cancelled'],
      [stats.skippedFires, 'skipped'],
    ] as const
  ).filter(([count]) => count > 0);
  if (counts.length === 0) return null;
  const times =
    stats.averageDurationMs === null || stats.p95DurationMs === null
      ? ''
      : `; ${duration(stats.averageDurationMs)} on average, ${duration(stats.p95DurationMs)} in 95 %`;
  const late = stats.p95LatenessMs === null ? '' : `; up to ${duration(stats.p95LatenessMs)} late in 95 %`;
  return `${counts.map(([count, word]) => `${count} ${word}`).join(', ')}${times}${late}`;
}
