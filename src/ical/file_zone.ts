// The time zones that a file brings along (VTIMEZONE), for names that are no zones of IANA, as Outlook writes them.
import ICAL from 'ical.js';

/** A file has no more changes of a zone's law than these. */
const mostParts = 50;
/** Changes are listed one by one up to the year that is asked for. */
const lastYear = 2200;

export interface FileZone {
  /** The instant at which its clocks show that time; undefined where the file does not say it. */
  instantOf(wall: string): Date | undefined;
  /** What its clocks show at an instant: YYYY-MM-DDTHH:MM:SS. */
  wallOf(instant: Date): string | undefined;
}

/**
 * Whether a rule can be followed at no great expense, and to its end: once a year, on a day that each year has. All that is written for
 * zones is so.
 */
function isPlain(rule: ICAL.Recur): boolean {
  const parts = rule.parts as Record<string, (string | number)[]>;
  const isKnown = Object.keys(parts).every((name) => ['BYMONTH', 'BYDAY', 'BYMONTHDAY'].includes(name));
  const days = parts.BYMONTHDAY ?? [];
  return (
    rule.freq === 'YEARLY' &&
    isKnown &&
    days.every((day) => Number(day) >= 1 && Number(day) <= 28) &&
    (parts.BYDAY ?? []).every((day) => /^(\+?[1-4]|-[1-4])?(MO|TU|WE|TH|FR|SA|SU)$/.test(String(day)))
  );
}

function isUsable(component: ICAL.Component): boolean {
  const parts = component.getAllSubcomponents();
  return (
    parts.length > 0 &&
    parts.length <= mostParts &&
    parts.every((part) => {
      const rules = part.getAllProperties('rrule').map((each) => each.getFirstValue() as ICAL.Recur);
      return (
        ['dtstart', 'tzoffsetfrom', 'tzoffsetto'].every((name) => part.hasProperty(name)) &&
        rules.every(isPlain)
      );
    })
  );
}

/** The zone of that name that a file brings along; undefined where it has none, or none that can be used. */
export function fileZone(calendar: ICAL.Component, tzid: string): FileZone | undefined {
  const component = calendar
    .getAllSubcomponents('vtimezone')
    .find((each) => each.getFirstPropertyValue('tzid') === tzid);
  if (component === undefined || !isUsable(component)) return undefined;
  const zone = new ICAL.Timezone({ component, tzid });
  const utc = ICAL.Timezone.utcTimezone;
  return {
    instantOf(wall) {
      const time = ICAL.Time.fromDateTimeString(wall);
      if (time.year > lastYear) return undefined;
      time.zone = zone;
      return time.toJSDate();
    },
    wallOf(instant) {
      const time = ICAL.Time.fromJSDate(instant, true);
      if (time.year > lastYear) return undefined;
      const there = time.clone();
      ICAL.Timezone.convert_time(there, utc, zone);
      there.zone = ICAL.Timezone.localTimezone;
      return there.toString();
    },
  };
}
