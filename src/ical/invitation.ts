// What an invitation (.ics) says, in plain values. The file comes from anybody: what cannot be read is said to be so, and nothing of it is
// worked out here that a file could make endless.
import { createHash } from 'node:crypto';
import ICAL from 'ical.js';
import { type FileZone, fileZone } from './file_zone.ts';

/** Bytes of a file; those of calendars have some kilobytes. */
export const mostBytes = 256 * 1024;

/** A time on a wall clock: of UTC, of the zone of that name, or of whoever reads it. */
export interface WallTime {
  /** YYYY-MM-DDTHH:MM:SS; of a day, its midnight. */
  wall: string;
  zone: { kind: 'utc' } | { kind: 'floating' } | { kind: 'named'; tzid: string };
  isDate: boolean;
}

export interface Occurrence {
  title: string | null;
  location: string | null;
  description: string | null;
  starts: WallTime;
  /** So long after it begins: first the days on the wall clock, then the seconds. Or at that time. */
  lasts: { days: number; seconds: number } | { until: WallTime };
  isCancelled: boolean;
}

export interface Invitation extends Occurrence {
  wants: 'book' | 'cancel';
  uid: string | null;
  /** Which of several times it is about. */
  recurrence: WallTime | null;
  /** The lines of its recurrence rule, where it repeats. */
  rule: RuleLine[];
  /** Times that are otherwise than the rule has them, by `nameOf` of the time that the rule has. */
  overrides: ReadonlyMap<string, Occurrence>;
  /** A zone that the file brings along. */
  zone(tzid: string): FileZone | undefined;
}

export type RuleLine =
  | { name: 'RRULE'; text: string; until: WallTime | null }
  | { name: 'RDATE' | 'EXDATE'; times: WallTime[] };

/** Why a file is none of an invitation. */
export type Fault = 'malformed' | 'empty' | 'several' | 'answer';

/** What may be left out of a title, a place and a description is cut there. */
const most = { title: 200, location: 500, description: 4000, key: 500 };

/** What is read here only: thrown, so that it need not be handed on. */
class Malformed extends Error {}

/** A time, by which others are compared with it. */
export const nameOf = ({ wall, zone }: WallTime): string =>
  `${zone.kind === 'named' ? zone.tzid : zone.kind} ${wall}`;

function wallTimeOf(property: ICAL.Property, value: unknown, raw: unknown): WallTime {
  // The library makes of the 35th of a month the 4th of the next.
  if (!(value instanceof ICAL.Time) || value.toString() !== raw) throw new Malformed('a time');
  const tzid = property.getFirstParameter('tzid');
  const text = value.toString().replace(/Z$/, '');
  return {
    wall: value.isDate ? `${text}T00:00:00` : text,
    zone:
      value.zone === ICAL.Timezone.utcTimezone
        ? { kind: 'utc' }
        : tzid && !value.isDate
          ? { kind: 'named', tzid }
          : { kind: 'floating' },
    isDate: value.isDate,
  };
}

/** All times of a property. */
function timesOf(property: ICAL.Property): WallTime[] {
  const raw = (property.toJSON() as unknown[]).slice(3);
  return property.getValues().map((value, index) => wallTimeOf(property, value, raw[index]));
}

function timeIn(event: ICAL.Component, name: string): WallTime | null {
  const property = event.getFirstProperty(name);
  return property === null ? null : (timesOf(property)[0] ?? null);
}

function textIn(event: ICAL.Component, name: string, longest: number): string | null {
  const value = event.getFirstPropertyValue(name);
  if (typeof value !== 'string') return null;
  const text = value.replaceAll('\0', '').toWellFormed().trim();
  return text === '' ? null : text.slice(0, longest).toWellFormed();
}

function lastsOf(event: ICAL.Component, starts: WallTime): Occurrence['lasts'] {
  const until = timeIn(event, 'dtend');
  if (until !== null) return { until };
  const duration = event.getFirstPropertyValue('duration');
  if (duration === null) return { days: starts.isDate ? 1 : 0, seconds: 0 };
  if (!(duration instanceof ICAL.Duration) || duration.isNegative) throw new Malformed('a duration');
  const { weeks, days, hours, minutes, seconds } = duration;
  const all = { days: weeks * 7 + days, seconds: hours * 3600 + minutes * 60 + seconds };
  if (!Number.isSafeInteger(all.days + all.seconds) || all.days > 366 || all.seconds > 366 * 86_400)
    throw new Malformed('a duration');
  return all;
}

function occurrenceOf(event: ICAL.Component): Occurrence {
  const starts = timeIn(event, 'dtstart');
  if (starts === null) throw new Malformed('no beginning');
  return {
    title: textIn(event, 'summary', most.title),
    location:
      textIn(event, 'location', most.location) ??
      textIn(event, 'x-google-conference', most.location) ??
      textIn(event, 'url', most.location),
    description: textIn(event, 'description', most.description),
    starts,
    lasts: lastsOf(event, starts),
    isCancelled: String(event.getFirstPropertyValue('status')).toUpperCase() === 'CANCELLED',
  };
}

function ruleOf(event: ICAL.Component): RuleLine[] {
  const rules = event.getAllProperties('rrule').map((property): RuleLine => {
    const rule = property.getFirstValue();
    if (!(rule instanceof ICAL.Recur)) throw new Malformed('a rule');
    const { until } = rule;
    const text = rule.toString().replace(/;UNTIL=[^;]*/, '');
    if (!until) return { name: 'RRULE', text, until: null };
    const wall = until.toString().replace(/Z$/, '');
    const isUtc = until.zone === ICAL.Timezone.utcTimezone;
    return {
      name: 'RRULE',
      text,
      until: {
        wall: until.isDate ? `${wall}T23:59:59` : wall,
        zone: { kind: isUtc ? 'utc' : 'floating' },
        isDate: until.isDate,
      },
    };
  });
  const dates = (name: 'RDATE' | 'EXDATE'): RuleLine[] =>
    event.getAllProperties(name.toLowerCase()).map((property) => ({ name, times: timesOf(property) }));
  return rules.length === 0 && !event.hasProperty('rdate')
    ? []
    : [...rules, ...dates('RDATE'), ...dates('EXDATE')];
}

/** The one event that a file is about: alone, or with those of its times that are otherwise. */
function masterOf(events: ICAL.Component[]): ICAL.Component | undefined {
  if (events.length === 1) return events[0];
  const masters = events.filter((event) => !event.hasProperty('recurrence-id'));
  const uids = new Set(events.map((event) => event.getFirstPropertyValue('uid')));
  return masters.length === 1 && uids.size === 1 && !uids.has(null) ? masters[0] : undefined;
}

function overridesOf(events: ICAL.Component[], master: ICAL.Component): Map<string, Occurrence> {
  return new Map(
    events
      .filter((event) => event !== master)
      .map((event) => [nameOf(timeIn(event, 'recurrence-id') as WallTime), occurrenceOf(event)]),
  );
}

function calendarOf(bytes: Uint8Array): ICAL.Component {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const parsed = ICAL.parse(text) as unknown[];
  if (parsed[0] !== 'vcalendar') throw new Malformed('no calendar');
  return new ICAL.Component(parsed);
}

function read(bytes: Uint8Array): Invitation | Fault {
  const calendar = calendarOf(bytes);
  const method = String(calendar.getFirstPropertyValue('method') ?? 'PUBLISH').toUpperCase();
  if (!['PUBLISH', 'REQUEST', 'CANCEL'].includes(method)) return 'answer';
  const events = calendar.getAllSubcomponents('vevent');
  if (events.length === 0) return 'empty';
  const master = masterOf(events);
  if (master === undefined) return 'several';
  const occurrence = occurrenceOf(master);
  return {
    ...occurrence,
    wants: method === 'CANCEL' || occurrence.isCancelled ? 'cancel' : 'book',
    uid: textIn(master, 'uid', mostBytes),
    recurrence: timeIn(master, 'recurrence-id'),
    rule: ruleOf(master),
    overrides: overridesOf(events, master),
    zone: (tzid) => fileZone(calendar, tzid),
  };
}

/** What a file says. */
export function readInvitation(bytes: Uint8Array): Invitation | Fault {
  try {
    return read(bytes);
  } catch {
    // The library throws errors of many kinds at what it cannot read.
    return 'malformed';
  }
}

/** By what a meeting is known that was booked from it; null where the file does not say it. */
export function keyOf({ uid, recurrence }: Pick<Invitation, 'uid' | 'recurrence'>): string | null {
  if (uid === null) return null;
  const key = recurrence === null ? uid : `${uid}/${recurrence.wall.replaceAll(/[-:]/g, '')}`;
  return key.length <= most.key ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}
