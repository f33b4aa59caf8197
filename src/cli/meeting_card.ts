// What every command that writes a meeting prints: when it is, in its zone, and when its reminders come.
import type { Meeting, MeetingReminder } from '../client/meeting_types.ts';
import { printable } from '../printable.ts';
import { intervalWords, paint, paintStatus, relative } from './output.ts';

/** An instant on the clock of a zone, to the minute. */
const local = (at: Date, timezone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' }).format(at);

/** From when to when, in its zone: the day is said once. */
export function span({ startsAt, endsAt, timezone }: Meeting): string {
  const [first, last] = [local(startsAt, timezone), local(endsAt, timezone)];
  if (first === last) return first;
  return `${first} – ${first.slice(0, 10) === last.slice(0, 10) ? last.slice(11) : last}`;
}

function reminderLine(
  { before, remindAt, status, skipReason }: MeetingReminder,
  timezone: string,
  now: Date,
): string {
  const state = status === 'active' ? '' : `  ${paintStatus(skipReason ?? status)}`;
  const when = paint('gray', `${relative(remindAt, now)}  ${remindAt.toISOString()}`);
  return `  ${local(remindAt, timezone)}  ${timezone}  ${intervalWords(before)} before  ${when}${state}\n`;
}

export function meetingLines(meeting: Meeting, what: string, now: Date): string {
  const { title, startsAt, timezone, location, status, meetingReminders, cancelReason, id } = meeting;
  const reason = cancelReason === null ? '' : `: ${printable(cancelReason)}`;
  return [
    `${what} ${paint('bold', printable(title))}${status === 'cancelled' ? reason : ''}\n`,
    `  ${span(meeting)}  ${timezone}  ${paint('gray', `${relative(startsAt, now)}  ${startsAt.toISOString()}`)}\n`,
    ...(location === null ? [] : [`  ${printable(location)}\n`]),
    'Reminders:\n',
    ...(meetingReminders.length === 0 ? ['  (none)\n'] : []),
    ...meetingReminders.map((reminder) => reminderLine(reminder, timezone, now)),
    paint('gray', `id ${id}\n`),
  ].join('');
}
