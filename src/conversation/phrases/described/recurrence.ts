// A recurrence rule as its description tells it, and as RFC 5545 writes it.
import type { PhraseRule } from '../reading.ts';
import { everyMonth, type NthWeekday } from './days.ts';
import type { SaidInstant } from './instants.ts';
import { everyHour, everySixty, sorted, type Times } from './numbers.ts';

export type Frequency = 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY' | 'HOURLY' | 'MINUTELY' | 'SECONDLY';

/** What days have to be; all of it has to agree. */
export interface RecurringDays {
  months?: number[];
  monthDays?: number[];
  yearDays?: number[];
  weeks?: number[];
  weekdays?: number[];
  nths?: NthWeekday[];
  /** The numbered weekdays are of the year, and not of the month. */
  isOfYear?: boolean;
}

/** Every so many years, months, weeks or days. */
export interface Pace {
  frequency: Frequency;
  interval: number;
}

/** An interval of hours, minutes or seconds that goes on from one day to the next. */
export interface Step extends Pace {
  hours?: number[];
  minutes?: number[];
  seconds?: number[];
}

export interface Recurrence {
  /** Of a rule that does not go on in steps. */
  times?: Times;
  step?: Step;
  /** That each of its times comes once has been said. */
  isOnce: boolean;
  days: RecurringDays;
  pace?: Pace;
  positions?: { numbers: number[]; frequency: Frequency };
  weekStart?: number;
  start?: SaidInstant;
  count?: number;
  until?: SaidInstant;
  added?: SaidInstant[];
  excluded?: SaidInstant[];
}

const names = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** YYYYMMDD, or YYYYMMDDTHHMMSS. */
const stamp = ({ date, time }: SaidInstant): string => {
  const [hour = '00', minute = '00', second = '00'] = time?.split(':') ?? [];
  return `${date.replaceAll('-', '')}${time === undefined ? '' : `T${hour}${minute}${second}`}`;
};

/** How often a rule repeats that neither its pace nor its positions say. */
function frequencyOf({ step, pace, positions, days, times, isOnce }: Recurrence): Frequency {
  const named = step?.frequency ?? pace?.frequency ?? positions?.frequency;
  if (named !== undefined) return named;
  if (days.yearDays !== undefined || days.weeks !== undefined || days.isOfYear === true) return 'YEARLY';
  if (days.nths !== undefined && days.nths.length > 0) return 'MONTHLY';
  const isReal = times?.listed === false && !isOnce && times.hours.length === everyHour.length;
  return isReal ? 'HOURLY' : 'DAILY';
}

const isLong = (frequency: Frequency): boolean => ['YEARLY', 'MONTHLY', 'WEEKLY'].includes(frequency);

function dayParts(
  frequency: Frequency,
  days: RecurringDays,
): [string, readonly (number | string)[] | undefined][] {
  const { months, monthDays, yearDays, weeks, weekdays, nths = [], isOfYear = false } = days;
  const named = [
    ...(weekdays ?? []).map((day) => names[day] as string),
    ...nths.map(({ weekday, nth }) => `${nth}${names[weekday]}`),
  ];
  const isAny = named.length === 0 && monthDays === undefined && yearDays === undefined;
  // Numbers are of the month in a year only where months are named.
  const isOfMonth = frequency === 'YEARLY' && nths.length > 0 && !isOfYear;
  return [
    ['BYMONTH', months ?? (isOfMonth ? everyMonth : undefined)],
    ['BYWEEKNO', weeks],
    ['BYYEARDAY', yearDays],
    ['BYMONTHDAY', monthDays],
    ['BYDAY', named.length > 0 ? named : isAny && isLong(frequency) ? names : undefined],
  ];
}

function timeParts(
  frequency: Frequency,
  { times, step }: Recurrence,
): [string, readonly number[] | undefined][] {
  if (step !== undefined)
    return [
      ['BYHOUR', step.hours],
      ['BYMINUTE', step.minutes],
      ['BYSECOND', step.seconds],
    ];
  if (times === undefined) return [];
  const { hours, minutes, seconds } = times;
  const isHourly = frequency === 'HOURLY' && hours.length === everyHour.length;
  return [
    ['BYHOUR', isHourly ? undefined : hours],
    ['BYMINUTE', minutes.length === 60 ? everySixty : minutes],
    ['BYSECOND', seconds],
  ];
}

/** The rule as RFC 5545 writes it. Of dates without a time it is the only one that the rule has. */
export function rruleOf(
  recurrence: Recurrence,
  zoned: (instant: SaidInstant) => string | undefined,
): PhraseRule | undefined {
  const { step, pace, days, positions, weekStart, start, count, until, added, excluded } = recurrence;
  const frequency = frequencyOf(recurrence);
  const interval = step?.interval ?? pace?.interval ?? 1;
  const lists: [string, readonly (number | string)[] | undefined][] = [
    ...dayParts(frequency, days),
    ...timeParts(frequency, recurrence),
    ['BYSETPOS', positions && sorted(positions.numbers)],
  ];
  const last = until && (until.offset === undefined ? stamp(until) : zoned(until));
  const rule = [
    `FREQ=${frequency}`,
    ...(interval === 1 ? [] : [`INTERVAL=${interval}`]),
    ...(weekStart === undefined ? [] : [`WKST=${names[weekStart]}`]),
    ...lists.flatMap(([name, list]) => (list === undefined ? [] : [`${name}=${list.join()}`])),
    ...(count === undefined ? [] : [`COUNT=${count}`]),
    ...(last === undefined ? [] : [`UNTIL=${last}`]),
  ].join(';');
  const only = onlyTime(recurrence);
  const dates = (list: readonly SaidInstant[]): string | undefined =>
    list.every(({ time }) => time !== undefined || only !== undefined)
      ? list.map(({ date, time }) => stamp({ date, time: time ?? (only as string) })).join()
      : undefined;
  const lines = [
    ...(start === undefined
      ? []
      : [
          start.offset === undefined
            ? `DTSTART:${stamp({ ...start, time: start.time ?? '00:00:00' })}`
            : `DTSTART:${zoned(start)}`,
        ]),
    `RRULE:${rule}`,
    ...(added === undefined ? [] : [`RDATE:${dates(added)}`]),
    ...(excluded === undefined ? [] : [`EXDATE:${dates(excluded)}`]),
  ];
  return { rrule: lines.join('\n') };
}

function onlyTime({ times }: Recurrence): string | undefined {
  if (times === undefined || times.hours.length * times.minutes.length * times.seconds.length !== 1)
    return undefined;
  return [times.hours, times.minutes, times.seconds]
    .map(([part = 0]) => String(part).padStart(2, '0'))
    .join(':');
}
