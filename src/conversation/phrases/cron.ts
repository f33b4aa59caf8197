// A cron expression in a text: at its beginning, or after the word. Whether it is right the database says; here it only must not be taken for
// words, nor words for it.
const number = /^[\d*][\d*/,-]*$/;
const day = /^(\*|\?|L|[\d*?L][\d*/,\-LW#]*)$/;
const month = /^(\*|[\d*][\d*/,-]*|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)([,-][a-z]{3})*)$/i;
const weekday = /^(\*|\?|[\d*][\d*/,\-L#]*|(sun|mon|tue|wed|thu|fri|sat)([,-][a-z]{3})*([#L]\d?)?)$/i;
const fields = [number, number, day, month, weekday];
const most = [59, 23, 31, 12, 7];

const fits = (word: string, field: number): boolean =>
  fields[field]?.test(word) === true &&
  [...word.matchAll(/\d+/g)].every(([digits]) => Number(digits) <= (most[field] ?? 0) || /[/#]/.test(word));

export interface FoundCron {
  cron: string;
  start: number;
  end: number;
}

/** The expression, and where it stands; undefined where there is none. */
export function readCron(text: string): FoundCron | undefined {
  const named = /(?<![\p{L}\d])cron:?\s+(?=\S)/iu.exec(text.slice(0, 2000));
  const from = named === null ? 0 : named.index + named[0].length;
  const rest = text.slice(from, from + 300);
  const macro = /^\s*(@(?:yearly|annually|monthly|weekly|daily|midnight|hourly))(?=\s|$)/i.exec(rest);
  const match = macro ?? /^\s*["'`]?(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+([^\s"'`]+)["'`]?(?=\s|$)/.exec(rest);
  if (match === null) return undefined;
  const words = match.slice(1);
  if (macro === null) {
    if (!words.every(fits)) return undefined;
    // Five plain numbers are an expression only where that is said.
    if (named === null && words.every((word) => /^\d+$/.test(word))) return undefined;
  }
  const start = named?.index ?? match[0].length - match[0].trimStart().length;
  const cron = macro === null ? words.join(' ') : (macro[1] ?? '').toLowerCase();
  return { cron, start, end: from + match[0].length };
}
