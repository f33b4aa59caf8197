// What every command that writes a schedule prints: what it is, and when it fires, in its zone.
import { Argument } from 'commander';
import type { Chime } from '../../client/chime.ts';
import type { Fire, Schedule } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { type LocaleOptions, localeOf } from '../locale.ts';
import { fireLines, json, paint, paintStatus, ruleOf } from '../output.ts';

export const scheduleArgument = () => new Argument('<schedule>', 'id, key or name of a schedule');

/** The next fires of a stored schedule; none where it is not active. */
export async function nextFires(
  chime: Chime,
  schedule: Schedule,
  count: number,
  after?: string,
): Promise<Fire[]> {
  if (schedule.status !== 'active') return [];
  return chime.schedules.preview(schedule.id, { count, ...(after !== undefined && { after }) });
}

/** Prints a schedule that was written, with its rule in words, its zone and next three fires. */
export async function printCard(
  chime: Chime,
  schedule: Schedule,
  what: string,
  options: LocaleOptions & { json?: true },
  extra: Record<string, unknown> = {},
): Promise<void> {
  const fires = await nextFires(chime, schedule, 3);
  // A rule that was given up says nothing any more; and a schedule that was deleted cannot be asked.
  const inWords =
    schedule.status === 'cancelled'
      ? null
      : await chime.schedules.describe(schedule.id, { locale: localeOf(options) });
  if (options.json) {
    process.stdout.write(json({ ...extra, schedule, inWords, nextFires: fires }));
    return;
  }
  const key =
    schedule.key === null || schedule.key === schedule.name ? '' : ` (key ${printable(schedule.key)})`;
  process.stdout.write(
    `${what} ${paint('bold', printable(schedule.name))}${key}, ${paintStatus(schedule.status)}\n`,
  );
  process.stdout.write(`  ${schedule.task} ${printable(JSON.stringify(schedule.payload))}\n`);
  process.stdout.write(`  ${ruleOf(schedule)} in ${schedule.timezone}\n`);
  if (inWords !== null) process.stdout.write(`  ${inWords}\n`);
  if (schedule.status === 'active') {
    process.stdout.write(`Next fires:\n${fireLines(fires, schedule.timezone, new Date())}`);
  } else {
    const until = schedule.pausedUntil === null ? '' : ` until ${schedule.pausedUntil.toISOString()}`;
    const reason = schedule.statusReason === null ? '' : `: ${printable(schedule.statusReason)}`;
    process.stdout.write(`It does not fire, it is ${schedule.status}${until}${reason}\n`);
    // An overdue one-off has run, or is about to, by the time that it is printed.
    if (schedule.lastRunId !== null) process.stdout.write(`Its latest run: ${schedule.lastRunId}\n`);
  }
  process.stdout.write(paint('gray', `id ${schedule.id}\n`));
}
