// A calendar to subscribe to, as iCalendar (RFC 5545, RFC 7986): what the database says is in it, in the form that programs read.
import ICAL from 'ical.js';

/** An event, as chime_private.calendar_feed has it. Instants are ISO texts; what takes whole days has days instead. */
export interface FeedEvent {
  uid: string;
  summary: string;
  description: string | null;
  location?: string | null;
  /** Whether the person has no time for anything else. */
  isBusy: boolean;
  startsAt?: string;
  endsAt?: string;
  startsOn?: string;
  /** The day after its last one. */
  endsOn?: string;
  status?: string;
  sequence?: number;
  updatedAt: string;
}

export interface Feed {
  title: string;
  timezone: string;
  events: FeedEvent[];
}

// To the library, the blank before the rest of a line is no part of its length, which is 75 bytes at most.
ICAL.foldLength = 74;
// The library takes what it does not know for no text, and would not escape it.
for (const name of ['name', 'x-wr-calname'])
  Object.assign(ICAL.design.icalendar.property, { [name]: { defaultType: 'text' } });

const prodId = '-//pgchime//pgchime//EN';
/** How often programs shall look. */
const refresh = 'PT15M';

/** What no text of a calendar may have: control characters but for tabs and ends of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

const textOf = (text: string): string =>
  text.replaceAll(/\r\n?/g, '\n').replaceAll(forbidden, ' ').toWellFormed();

const utc = (instant: string) => ICAL.Time.fromJSDate(new Date(instant), true);

/** The same whenever the same is in it: nothing says when it was made. */
export function writeFeed({ title, timezone, events }: Feed): string {
  const calendar = new ICAL.Component('vcalendar');
  calendar.updatePropertyWithValue('version', '2.0');
  calendar.updatePropertyWithValue('prodid', prodId);
  calendar.updatePropertyWithValue('calscale', 'GREGORIAN');
  calendar.updatePropertyWithValue('method', 'PUBLISH');
  calendar.updatePropertyWithValue('name', textOf(title));
  calendar.updatePropertyWithValue('x-wr-calname', textOf(title));
  calendar.updatePropertyWithValue('x-wr-timezone', timezone);
  const interval = new ICAL.Property('refresh-interval');
  interval.resetType('duration');
  interval.setValue(ICAL.Duration.fromString(refresh));
  calendar.addProperty(interval);
  calendar.updatePropertyWithValue('x-published-ttl', refresh);
  for (const event of events) calendar.addSubcomponent(componentOf(event));
  return `${calendar.toString()}\r\n`;
}

function componentOf(event: FeedEvent): ICAL.Component {
  const { uid, summary, description, location, isBusy, status, sequence, updatedAt } = event;
  const component = new ICAL.Component('vevent');
  const set = (name: string, value: string | number | ICAL.Time) =>
    component.updatePropertyWithValue(name, value);
  set('uid', `${uid}@pgchime`);
  set('dtstamp', utc(updatedAt));
  set('last-modified', utc(updatedAt));
  if (event.startsOn !== undefined && event.endsOn !== undefined) {
    set('dtstart', ICAL.Time.fromDateString(event.startsOn));
    set('dtend', ICAL.Time.fromDateString(event.endsOn));
  } else {
    set('dtstart', utc(event.startsAt ?? updatedAt));
    // An end at the beginning is not allowed: without one, it takes no time.
    if (event.endsAt !== event.startsAt) set('dtend', utc(event.endsAt ?? updatedAt));
  }
  set('summary', textOf(summary));
  if (description) set('description', textOf(description));
  if (location) set('location', textOf(location));
  if (status !== undefined) set('status', status);
  if (sequence !== undefined) set('sequence', sequence);
  set('transp', isBusy ? 'OPAQUE' : 'TRANSPARENT');
  return component;
}
