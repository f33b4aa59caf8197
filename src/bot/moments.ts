// Wall-clock times as people read them. The database has said what the clocks show; here it is only spelled.
import type { Language } from './texts/texts.ts';
import type { Turn } from './turn.ts';

/** What calendar and clock of a zone show at an instant. */
export interface Moment {
  instant: Date;
  /** YYYY-MM-DD */
  date: string;
  /** HH:MM */
  time: string;
}

const dates: Readonly<Record<Language, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }),
  ru: new Intl.DateTimeFormat('ru', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }),
};

/** `2026-11-27 09:00` as `Fri 27 Nov, 09:00`; the year where it is another one. */
export function wallText(local: string, language: Language, today?: string): string {
  const [date = '', time = ''] = local.split(' ');
  const day = dates[language].format(new Date(`${date}T00:00:00Z`)).replace(/^(\p{L}+\.?),/u, '$1');
  const year = today === undefined || today.slice(0, 4) === date.slice(0, 4) ? '' : ` ${date.slice(0, 4)}`;
  return `${day}${year}, ${time.slice(0, 5)}`;
}

/** How long until then, in the largest unit that fits. */
export function untilText(seconds: number, language: Language): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'always' });
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return format.format(Math.max(1, Math.round(seconds)), 'second');
  if (minutes < 60) return format.format(minutes, 'minute');
  if (minutes < 48 * 60) return format.format(Math.round(minutes / 60), 'hour');
  return format.format(Math.round(minutes / 1440), 'day');
}

/** What calendar and clock of a zone show at an instant. */
export async function momentIn(turn: Turn, instant: Date, timezone: string): Promise<Moment> {
  const [row] = await turn.query<{ date: string; time: string }>(
    "select to_char($1::timestamptz at time zone $2, 'YYYY-MM-DD') as date, to_char($1::timestamptz at time zone $2, 'HH24:MI') as time",
    [instant, timezone],
  );
  return { instant, date: row?.date ?? '', time: row?.time ?? '' };
}
