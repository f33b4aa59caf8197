// Times as tools answer them: for programs as an instant, for people in words on the clock of their zone. What instant that is, and what
// the clock shows then, the database has said; here it is only spelled.
import { z } from 'zod';
import type { Fire } from '../../client/types.ts';
import type { Language } from '../phrases/reading.ts';
import { text } from './texts/texts.ts';

export const time = z.object({
  utc: z.string().describe('The instant, ISO 8601 in UTC.'),
  local: z.string().describe('The same on the clock of the zone: YYYY-MM-DD HH:MM:SS.'),
  timezone: z.string().describe('That zone.'),
  text: z.string().describe('The same in words. Repeat this to people; do not compute times yourself.'),
  note: z.string().nullable().describe('What a change of the clocks did to it; null where it did nothing.'),
});
export type Time = z.output<typeof time>;

const dates: Readonly<Record<Language, Intl.DateTimeFormat>> = {
  en: format('en-GB'),
  ru: format('ru'),
};

function format(locale: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, {
    ...({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const),
    timeZone: 'UTC',
  });
}

/** `2026-11-27 09:00:00` as `Fri 27 Nov 2026, 09:00`. */
export function wallText(local: string, language: Language): string {
  const [date = '', clock = ''] = local.split(' ');
  const day = dates[language].format(new Date(`${date}T00:00:00Z`)).replace(/^(\p{L}+\.?),/u, '$1');
  const shown = clock.endsWith(':00') ? clock.slice(0, 5) : clock.slice(0, 8);
  return shown === '' ? day : `${day}, ${shown}`;
}

/** A fire with its words. */
export function timeOf({ scheduledFor, localTime, note }: Fire, timezone: string, language: Language): Time {
  const local = localTime.slice(0, 19);
  const when = text(language, 'inZone', { when: wallText(local, language), zone: timezone });
  return { utc: scheduledFor.toISOString(), local, timezone, text: when, note };
}

/** What is said of a time: that clocks change then goes with it. */
export const saidOf = ({ text: when, note }: Time, language: Language): string =>
  note === null ? when : text(language, 'clockChange', { when });

/** A sentence on the times to come: the next one, or up to three. */
export function nextText(times: readonly Time[], language: Language, most = 1): string {
  const [first] = times;
  if (first === undefined) return text(language, 'noNext');
  if (most === 1) return text(language, 'next', { when: saidOf(first, language) });
  return text(language, 'nextTimes', {
    times: times
      .slice(0, most)
      .map((each) => saidOf(each, language))
      .join('; '),
  });
}
