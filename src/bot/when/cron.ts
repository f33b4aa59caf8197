// A cron expression at the beginning of a text. Whether it is right the database says; here it only must not be taken for words.
const number = /^[\d*][\d*/,-]*$/;
const day = /^(\*|\?|L|[\d*?L][\d*/,\-LW#]*)$/;
const month = /^(\*|[\d*][\d*/,-]*|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)([,-][a-z]{3})*)$/i;
const weekday = /^(\*|\?|[\d*][\d*/,\-L#]*|(sun|mon|tue|wed|thu|fri|sat)([,-][a-z]{3})*([#L]\d?)?)$/i;
const fields = [number, number, day, month, weekday];

/** The expression, and what follows it; undefined where there is none. */
export function readCron(text: string): { cron: string; rest: string } | undefined {
  const macro = /^\s*(@(?:yearly|annually|monthly|weekly|daily|midnight|hourly))(?=\s|$)/i.exec(text);
  if (macro?.[1] !== undefined) return { cron: macro[1].toLowerCase(), rest: text.slice(macro[0].length) };
  const match = /^\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)(?=\s|$)/.exec(text);
  if (match === null) return undefined;
  const words = match.slice(1);
  if (!words.every((word, index) => fields[index]?.test(word))) return undefined;
  return { cron: words.join(' '), rest: text.slice(match[0].length) };
}
