// What commands print: for people with colour and in columns, for programs as JSON.
import { styleText } from 'node:util';
import type { Fire, Schedule } from '../client/types.ts';
import { duration } from '../duration.ts';
import { printableLines } from '../printable.ts';
import { formatTable } from '../table.ts';

export { duration };

type Style = Parameters<typeof styleText>[0];

/** Text in colour, where the terminal has any and NO_COLOR does not say otherwise. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true });
}

/** Text of several lines as a terminal may be given it; a pipe gets it as it is. */
export function forTerminal(text: string, stream: { isTTY?: boolean } = process.stdout): string {
  return stream.isTTY ? printableLines(text) : text;
}

const statusStyles: Record<string, Style> = {
  active: 'green',
  succeeded: 'green',
  running: 'cyan',
  queued: 'cyan',
  paused: 'yellow',
  retrying: 'yellow',
  snoozed: 'yellow',
  skipped: 'yellow',
  failed: 'red',
  timed_out: 'red',
  cancelled: 'gray',
  completed: 'gray',
};

/** A status in its colour; padding around it is kept. */
export function paintStatus(text: string): string {
  const style = statusStyles[text.trim()];
  return style === undefined ? text : paint(style, text);
}

/** A table with dim headings and coloured statuses. */
export function table(columns: string[], rows: Record<string, unknown>[]): string {
  return formatTable(columns, rows, (text, column, row) => {
    if (row === undefined) return paint('gray', text);
    return column === 'status' ? paintStatus(text) : text;
  });
}

/** Any value as a program reads it. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A rule as it was written. */
export function ruleOf(schedule: Pick<Schedule, 'cron' | 'every' | 'at' | 'rrule' | 'rules'>): string {
  if (schedule.rules !== null) return JSON.stringify(schedule.rules);
  if (schedule.cron !== null) return schedule.cron;
  if (schedule.rrule !== null)
    return schedule.rrule
      .trim()
      .split(/\s*[\r\n]+\s*/)
      .join(' ');
  return schedule.every !== null ? `every ${intervalWords(schedule.every)}` : `at ${schedule.at}`;
}

/** An interval of Postgres (`1 mon`, `00:15:00`) in words. */
export function intervalWords(interval: string): string {
  const clock = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(interval);
  if (clock === null) return interval.replace(/\bmons?\b/, (unit) => (unit === 'mon' ? 'month' : 'months'));
  const parts: [number, string][] = [
    [Number(clock[1]), 'hour'],
    [Number(clock[2]), 'minute'],
    [Number(clock[3]), 'second'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
    .join(' ');
}

/** How far away an instant is, in the two largest units. */
export function relative(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime();
  const words = duration(Math.abs(ms));
  return ms >= 0 ? `in ${words}` : `${words} ago`;
}

/** Fires, one a line: wall clock, how far away, instant, note. */
export function fireLines(fires: Fire[], timezone: string, now: Date): string {
  if (fires.length === 0) return '  (none)\n';
  return fires
    .map((fire) => {
      const note = fire.note === null ? '' : `  ${paint('yellow', fire.note)}`;
      return `  ${fire.localTime}  ${timezone}  ${paint('gray', `${relative(fire.scheduledFor, now)}  ${fire.scheduledFor.toISOString()}`)}${note}\n`;
    })
    .join('');
}
