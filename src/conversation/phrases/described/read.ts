// What chime.describe says of a rule, read back: the whole sentence, with the zone at its end, or nothing.
import type { PhraseRule } from '../reading.ts';
import { instantText, placeOf } from '../wall.ts';
import { cronOf } from './cron.ts';
import type { Days } from './days.ts';
import { english } from './english.ts';
import { englishDays } from './english_days.ts';
import { type SaidInstant, saidInstant } from './instants.ts';
import { type Counted, englishCounted, russianCounted } from './interval.ts';
import type { Times } from './numbers.ts';
import { map, opt, type Reader, readWhole, seq } from './reader.ts';
import { type Recurrence, rruleOf } from './recurrence.ts';
import { englishRecurrence, russianRecurrence } from './recurrence_read.ts';
import { russian } from './russian.ts';
import { russianDays } from './russian_days.ts';
import { timesReader } from './times.ts';

export interface Described {
  kind: 'once' | 'recurring';
  rule: PhraseRule;
  timezone: string;
}

/** No sentence is longer that a person would read. */
const longest = 1000;

interface Sentence {
  times: Times;
  days: Days;
  isOnce: boolean;
}

const englishCron: Reader<Sentence> = map(
  seq(timesReader(english), englishDays, opt(english.once)),
  ([times, days, once]) => ({ times, days, isOnce: once !== undefined }),
);
const russianCron: Reader<Sentence> = map(
  seq(russianDays, timesReader(russian), opt(russian.once)),
  ([days, times, once]) => ({ times, days, isOnce: once !== undefined }),
);

interface Wording {
  zone: RegExp;
  bounds: RegExp;
  cron: Reader<Sentence>;
  counted: Reader<Counted>;
  recurrence: Reader<Recurrence>;
}

const name = '[A-Za-z][A-Za-z0-9_+/-]*';
const instant = '(\\d[\\d.:-]* \\d\\d:[\\d:.]*(?: \\(UTC[^)]*\\))?)';
const wordings: readonly Wording[] = [
  {
    zone: new RegExp(`, (?:(UTC)|(${name}) time)$`),
    bounds: new RegExp(`, (?:not before ${instant})?(?:(?: and |)not after ${instant})?$`),
    cron: englishCron,
    counted: englishCounted,
    recurrence: englishRecurrence,
  },
  {
    zone: new RegExp(`, по (?:(UTC)|времени (${name}))$`),
    bounds: new RegExp(`, (?:не раньше ${instant})?(?:(?: и |)не позже ${instant})?$`),
    cron: russianCron,
    counted: russianCounted,
    recurrence: russianRecurrence,
  },
];

/** A moment that the clock of a zone shows, as an instant; what there is not, is none. */
function instantOf({ date, time = '00:00', offset }: SaidInstant, timezone: string): string | undefined {
  const wall = `${date} ${time}`;
  const [whole = '', fraction = ''] = wall.split('.');
  const shown = Date.parse(`${whole.replace(' ', 'T')}Z`);
  const place = offset === undefined ? placeOf(whole, timezone) : undefined;
  if (Number.isNaN(shown) || place?.is === 'gap') return undefined;
  const text = instantText(place === undefined ? shown - (offset ?? 0) * 1000 : place.instant);
  return fraction === '' ? text : text.replace('Z', `.${fraction}Z`);
}

function boundOf(said: string | undefined, timezone: string): string | undefined {
  const read = said === undefined ? undefined : readWhole(saidInstant, said);
  return read && instantOf(read, timezone);
}

function countedOf(counted: Counted, timezone: string): Omit<Described, 'timezone'> | undefined {
  if (counted.is === 'once') {
    const { date, time = '', offset } = counted.at;
    const at = offset === undefined ? `${date} ${time}` : instantOf(counted.at, timezone);
    return at === undefined ? undefined : { kind: 'once', rule: { at } };
  }
  const { every, anchor } = counted;
  const from = anchor && instantOf(anchor, timezone);
  if (anchor !== undefined && from === undefined) return undefined;
  return { kind: 'recurring', rule: { every, ...(from !== undefined && { anchor: from }) } };
}

function bodyOf(text: string, wording: Wording, timezone: string): Omit<Described, 'timezone'> | undefined {
  const sentence = readWhole(wording.cron, text);
  if (sentence !== undefined) {
    const expression = cronOf(sentence.times, sentence.days, sentence.isOnce);
    if (expression !== undefined) return { kind: 'recurring', rule: { cron: expression } };
  }
  const found = readWhole(wording.counted, text);
  const counted = found && countedOf(found, timezone);
  // An interval counts from an instant. What begins at a time that a clock change leaves out is a recurrence rule.
  if (counted !== undefined) return counted;
  const recurrence = readWhole(wording.recurrence, text);
  const rule =
    recurrence && rruleOf(recurrence, (said) => instantOf(said, timezone)?.replaceAll(/[-:]/g, ''));
  return rule && { kind: 'recurring', rule };
}

/**
 * Reads a sentence of chime.describe.
 * @returns undefined for any other text, soon
 * @throws UnknownTimezoneError (CH003) where it names a zone that there is not
 */
export function readDescribed(text: string): Described | undefined {
  const said = text.trim();
  if (said.length > longest) return undefined;
  for (const wording of wordings) {
    const zone = wording.zone.exec(said);
    if (zone === null) continue;
    const timezone = zone[1] ?? zone[2] ?? 'UTC';
    const rest = said.slice(0, zone.index);
    const bounds = wording.bounds.exec(rest);
    const [starts, ends] = [boundOf(bounds?.[1], timezone), boundOf(bounds?.[2], timezone)];
    const body = bodyOf(bounds === null ? rest : rest.slice(0, bounds.index), wording, timezone);
    if (body === undefined) continue;
    const rule = {
      ...body.rule,
      ...(starts !== undefined && { starts_at: starts }),
      ...(ends !== undefined && { ends_at: ends }),
    };
    return { ...body, rule, timezone };
  }
  return undefined;
}
