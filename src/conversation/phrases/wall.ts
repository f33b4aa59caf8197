// What the clock on the wall shows in a zone, as far as a phrase needs it: what is now, and whether a time is left out or shown twice by a
// change of clocks. The instants of a rule are for the database to say.
import { UnknownTimezoneError } from '../../errors.ts';

export interface Wall {
  instant: Date;
  timezone: string;
  /** YYYY-MM-DD. */
  date: string;
  /** HH:MM:SS. */
  time: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (format !== undefined) return format;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new UnknownTimezoneError(`There is no time zone "${timezone.slice(0, 80)}".`, {
      hint: 'Zones are named as Europe/Berlin.',
    });
  }
  // Zones that nobody has are not kept: there are some six hundred names.
  if (formats.size < 1000) formats.set(timezone, format);
  return format;
}

/** The wall clock at an instant, as milliseconds of a clock that would show UTC. */
function shownAt(instant: number, timezone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const offsetAt = (instant: number, timezone: string): number =>
  shownAt(instant, timezone) - Math.floor(instant / 1000) * 1000;

const wallText = (shown: number): string => new Date(shown).toISOString().slice(0, 19).replace('T', ' ');

/** @throws UnknownTimezoneError (CH003) */
export function wallAt(instant: Date, timezone: string): Wall {
  const text = wallText(shownAt(instant.getTime(), timezone));
  return { instant, timezone, date: text.slice(0, 10), time: text.slice(11) };
}

/** Where a time of the wall clock lies: at an instant, at the first of two, or in a gap, after which the clock shows `after`. */
export type Place = { is: 'once' | 'twice'; instant: number } | { is: 'gap'; after: string };

/** @param wall YYYY-MM-DD HH:MM[:SS] */
export function placeOf(wall: string, timezone: string): Place {
  const shown = Date.parse(`${wall.replace(' ', 'T')}Z`);
  const day = 86_400_000;
  const [before, after] = [offsetAt(shown - day, timezone), offsetAt(shown + day, timezone)];
  const instants = [...new Set([shown - before, shown - after])].filter(
    (instant) => shownAt(instant, timezone) === shown,
  );
  const [one, other] = instants;
  if (one !== undefined)
    return { is: other === undefined ? 'once' : 'twice', instant: Math.min(...instants) };
  let [low, high] = [shown - Math.max(before, after), shown - Math.min(before, after)];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(middle, timezone) === before) low = middle;
    else high = middle;
  }
  return { is: 'gap', after: wallText(shownAt(high, timezone)).replace(/:00$/, '') };
}

/** An instant to the second, as rules have it: never before it. */
export const instantText = (instant: number): string =>
  new Date(Math.ceil(instant / 1000) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
