// The lines of a running pgchime on a terminal, one for each run and each log entry: first the time of this machine, then columns.
import { printable } from '../printable.ts';
import { stringWidth } from '../width.ts';
import type { FinishedRun } from '../worker/executor.ts';
import { duration, paint, paintStatus } from './output.ts';

export class LiveLines {
  readonly #widths: number[] = [];

  /** An attempt that has ended, and what becomes of its run. */
  run(finished: FinishedRun): string {
    const { run, outcome, durationMs, latenessMs, summary } = finished;
    const line = [nextWords(finished), summary.split('\n')[0]].filter(Boolean).join(': ');
    const short = line.length > 100 ? `${printable(line.slice(0, 99))}…` : printable(line);
    const cells = this.#align([
      printable(run.schedule_name ?? '(no schedule)'),
      run.task,
      outcome === 'gave_up' ? 'failed' : outcome,
      // Not how long the run took in all, which the database knows; that is what runs list and runs show tell.
      `handler ${duration(durationMs)}`,
      latenessMs === null ? `attempt ${run.attempt}` : `${duration(latenessMs)} late`,
    ]);
    cells[2] = paintStatus(cells[2] ?? '');
    return [paint('gray', clockTime(new Date())), ...cells, short].join('  ').trimEnd();
  }

  /** Columns as wide as the widest that was ever in them. */
  #align(cells: string[]): string[] {
    return cells.map((cell, index) => {
      const own = stringWidth(cell);
      const width = Math.max(this.#widths[index] ?? 0, own);
      this.#widths[index] = width;
      return cell + ' '.repeat(width - own);
    });
  }
}

/** When a run that goes on does: `retries in 1 min (1 of 3)`. */
function nextWords({ status, waitMs, retry, retries }: FinishedRun): string {
  if (status !== 'retrying') return '';
  // Of a report that was sent twice, the second answer may come when the wait is over.
  const when = waitMs === null || waitMs <= 0 ? 'now' : `in ${duration(waitMs)}`;
  return retry === null ? `runs again ${when}` : `retries ${when} (${retry} of ${retries})`;
}

/** The time of day of this machine: the first column of every line, whatever zones schedules have. */
function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** An entry of the log, from its JSON. */
export function describeLogLine(line: string): string {
  const { level, msg, err, ...rest } = JSON.parse(line) as {
    level: string;
    msg: string;
    err?: { message: string };
  } & Record<string, unknown>;
  const time = paint('gray', clockTime(new Date(rest.time as string)));
  delete rest.time;
  const details = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const mark =
    level === 'error'
      ? paint('red', 'error')
      : level === 'warn'
        ? paint('yellow', 'warning')
        : paint('gray', level);
  const message = printable([msg, err?.message].filter(Boolean).join(': '));
  return [time, mark, message, paint('gray', printable(details.join(' ')))].filter(Boolean).join('  ');
}
