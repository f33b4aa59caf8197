// Dates in forms that the grammars do not know, read by chrono-node: days that are written out, with a month in words and a number, and no
// others. It is given the clock on the wall as if that showed UTC: what it says is of that clock, whatever the zone of the process.
import { createRequire } from 'node:module';
import type * as chrono from 'chrono-node/en';
import { clockOf } from './numeric.ts';
import type { Clock, Day } from './piece.ts';
import type { Language } from './reading.ts';
import type { Token } from './token.ts';
import type { Wall } from './wall.ts';

export interface OtherDate {
  day: Day;
  clocks?: Clock[];
  start: number;
  end: number;
}

const month: Record<Language, RegExp> = {
  en: /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/,
  ru: /^(янв|фев|мар|апр|ма[йяе]|июн|июл|авг|сен|окт|ноя|дек)/,
};

const require = createRequire(import.meta.url);

/** Loaded with the first phrase that needs it: few do, and it takes longer than all the other grammars together. */
const grammarOf = (language: Language) => require(`chrono-node/${language}`) as { casual: chrono.Chrono };

/** A date that is certain in its day and month, and what it says of the time; undefined where there is none. */
export function readOtherDate(
  text: string,
  tokens: readonly Token[],
  language: Language,
  now: Wall,
): OtherDate | undefined {
  const hasMonth = tokens.some(({ kind, word }) => kind === 'word' && month[language].test(word));
  if (!hasMonth || !tokens.some(({ kind }) => kind === 'number')) return undefined;
  const instant = new Date(`${now.date}T${now.time}Z`);
  const [found] = grammarOf(language).casual.parse(
    text.slice(0, 500),
    { instant, timezone: 0 },
    { forwardDate: true },
  );
  if (found === undefined || !found.start.isCertain('day') || !found.start.isCertain('month'))
    return undefined;
  if (!/\d/.test(found.text) || found.start.isCertain('timezoneOffset')) return undefined;
  const part = (name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second') => found.start.get(name) ?? 0;
  const day = { is: 'date' as const, month: part('month'), day: part('day') };
  const dated: OtherDate = {
    day: found.start.isCertain('year') ? { ...day, year: part('year') } : day,
    start: found.index,
    end: found.index + found.text.length,
  };
  if (!found.start.isCertain('hour')) return dated;
  const clock = clockOf(part('hour'), part('minute'), found.start.isCertain('second') ? part('second') : 0);
  return clock === undefined ? undefined : { ...dated, clocks: [clock] };
}
