// Times of day and spans of time, as both languages put them together.
import type { Found, Moment } from './way.ts';

/** The date so many days later, on the calendar. */
export const dayAfter = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** HH:MM of an hour and minutes; undefined for what no clock shows. */
export function clockOf(hour: number, minutes: string | undefined): string | undefined {
  const minute = Number(minutes ?? 0);
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59)) return undefined;
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

export type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month';

const seconds: Readonly<Partial<Record<Unit, number>>> = { second: 1, minute: 60, hour: 3600 };

/** An instant to the second, as rules have it: never before it. */
export const instantText = (instant: Date): string =>
  new Date(Math.ceil(instant.getTime() / 1000) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

/** So long from now: by the clock that never changes, or so many days on, at the same time of day. */
export function fromNow(amount: number, unit: Unit, now: Moment): Found | undefined {
  if (!(amount > 0 && amount <= 10_000)) return undefined;
  const each = seconds[unit];
  if (each !== undefined) {
    return { rule: { at: instantText(new Date(now.instant.getTime() + amount * each * 1000)) } };
  }
  if (unit === 'month') return undefined;
  return { rule: { at: `${dayAfter(now.date, amount * (unit === 'week' ? 7 : 1))} ${now.time}` } };
}

/** A day on the calendar, at a time of day. */
export const onDay = (date: string, clock: string | undefined): Found | undefined =>
  clock === undefined ? undefined : { rule: { at: `${date} ${clock}` } };

/** Each of these days of the week, as cron has them. */
export function onWeekdays(days: string, clock: string | undefined): Found | undefined {
  if (clock === undefined) return undefined;
  return { rule: { cron: `${Number(clock.slice(3))} ${Number(clock.slice(0, 2))} * * ${days}` } };
}

/** The next day of the week with this number, Sunday being 0; today too, where its time has not passed. */
export function nextWeekday(weekday: number, clock: string | undefined, now: Moment): Found | undefined {
  if (clock === undefined) return undefined;
  const today = new Date(`${now.date}T00:00:00Z`).getUTCDay();
  const ahead = (weekday - today + 7) % 7;
  return onDay(dayAfter(now.date, ahead === 0 && clock <= now.time ? 7 : ahead), clock);
}
