// From when a repetition counts, and how long it goes on.
import { type Desk, instantOf, isAhead, note, otherHalf, say } from './answer.ts';
import { addDays, addMonths, clockFrom, clockText } from './calendar.ts';
import { findDay } from './days.ts';
import type { When } from './gather.ts';
import type { Clock, Day, Duration } from './piece.ts';
import type { PhraseRule } from './reading.ts';
import { instantText } from './wall.ts';
import { dayWords } from './words.ts';

/** The day from which it counts, where one was named that is still to come. */
export function startOf(desk: Desk, { start, day, repeats }: When): string | undefined {
  const named: Day | undefined =
    start ?? (repeats.length > 0 && day?.is === 'relative' && day.days >= 0 ? day : undefined);
  if (named === undefined) return undefined;
  const found = findDay(desk, named, clockFrom('23:59:59'));
  if (found.is === 'date') return found.date;
  return found.is === 'choice' ? found.dates[0] : undefined;
}

function endOfDay(desk: Desk, date: string): string {
  note(desk, say(desk).through(dayWords(date, desk.locale, desk.now.date)));
  return instantOf(desk, `${date} 23:59:59`);
}

function untilClock(desk: Desk, clock: Clock): string {
  const { now } = desk;
  if (isAhead(desk, now.date, clock)) return instantOf(desk, `${now.date} ${clockText(clock)}`);
  const later = otherHalf(clock);
  if (clock.half === 'asked' && isAhead(desk, now.date, later))
    return instantOf(desk, `${now.date} ${clockText(later)}`);
  return instantOf(desk, `${addDays(now.date, 1)} ${clockText(clock)}`);
}

/** The last day of so long, from a first day on; an instant where it is shorter than a day. */
function endAfter(desk: Desk, { months, days, seconds }: Duration, first: string | undefined): string {
  const { now } = desk;
  if (seconds > 0)
    return instantText(
      Date.parse(instantOf(desk, `${addDays(addMonths(now.date, months), days)} ${now.time}`)) +
        seconds * 1000,
    );
  const end = addDays(addMonths(first ?? now.date, months), days);
  return first === undefined ? instantOf(desk, `${end} ${now.time}`) : endOfDay(desk, addDays(end, -1));
}

/**
 * The bounds of a rule.
 * @param first the day on which it first fires, where it is of days
 */
export function boundsOf(desk: Desk, when: When, first: string | undefined): Partial<PhraseRule> {
  const bounds: Partial<PhraseRule> = {};
  const from = startOf(desk, when);
  if (from !== undefined && from > desk.now.date) bounds.starts_at = instantOf(desk, `${from} 00:00`);
  if (when.count !== undefined && when.count > 0) bounds.max_runs = when.count;
  if (when.until?.day !== undefined) {
    const found = findDay(desk, when.until.day, clockFrom('23:59:59'));
    const date = found.is === 'date' ? found.date : found.is === 'choice' ? found.dates.at(-1) : undefined;
    if (date !== undefined) bounds.ends_at = endOfDay(desk, date);
  } else if (when.until?.clock !== undefined) bounds.ends_at = untilClock(desk, when.until.clock);
  else if (when.lasting !== undefined) bounds.ends_at = endAfter(desk, when.lasting, first);
  return bounds;
}
