// When an event of another calendar is: its times as instants, and of one that repeats, the next of them. Zones, clock changes and recurrence
// rules are the database's; what it has no zone for, the file may have brought along.
import pg from 'pg';
import { addDays, daysBetween } from '../conversation/phrases/calendar.ts';
import {
  type Invitation,
  nameOf,
  type Occurrence,
  type RuleLine,
  type WallTime,
} from '../ical/invitation.ts';
import type { Turn } from './turn.ts';

/** A zone that neither the database nor the file knows. */
export class UnknownZone extends Error {
  readonly zone: string;

  constructor(zone: string) {
    super(`There is no time zone ${zone}.`);
    this.zone = zone;
  }
}

/** When an event is; as chime.book_meeting takes it: of whole days, midnights of the person's zone. */
export interface Times {
  starts: Date;
  ends: Date;
  startsAt: string;
  endsAt: string;
}

const utcOf = (wall: string) => new Date(`${wall}Z`);
const dayOf = (wall: string) => wall.slice(0, 10);

/** So many times are looked at, for those that the file says not to take place. */
const mostTimes = 100;

/** The zone that a time is read in: of the database, or of the file. */
async function zoneOf(turn: Turn, invitation: Invitation, { zone, wall }: WallTime) {
  if (zone.kind === 'utc') return { timezone: 'UTC' };
  if (zone.kind === 'floating') return { timezone: turn.timezone ?? 'UTC' };
  const { tzid } = zone;
  if ((await wallInstant(turn, wall, tzid)) !== null) return { timezone: tzid };
  const file = invitation.zone(tzid);
  if (file === undefined) throw new UnknownZone(tzid);
  return { timezone: 'UTC', file };
}

async function wallInstant(turn: Turn, wall: string, timezone: string): Promise<Date | null> {
  const [row] = await turn.recall<{ at: Date | null }>('select chime_private.wall_instant($1, $2) as at', [
    wall,
    timezone,
  ]);
  return row?.at ?? null;
}

export async function instantOf(turn: Turn, invitation: Invitation, time: WallTime): Promise<Date> {
  const { timezone, file } = await zoneOf(turn, invitation, time);
  const at = file === undefined ? await wallInstant(turn, time.wall, timezone) : file.instantOf(time.wall);
  if (!at) throw new UnknownZone(timezone);
  return at;
}

/** How long it takes: in days where it is of whole ones. */
async function lengthOf(turn: Turn, invitation: Invitation, { starts, lasts }: Occurrence) {
  if (!('until' in lasts)) return lasts;
  const { until } = lasts;
  // The end is the day after the last one; who writes the same day means that day.
  if (starts.isDate)
    return {
      days: Math.max(1, daysBetween(dayOf(starts.wall), dayOf(until.wall))),
      seconds: 0,
    };
  const [from, to] = [await instantOf(turn, invitation, starts), await instantOf(turn, invitation, until)];
  return { days: 0, seconds: (to.getTime() - from.getTime()) / 1000 };
}

/** When an event is that does not repeat, or one time of another. */
export async function timesOf(turn: Turn, invitation: Invitation, occurrence: Occurrence): Promise<Times> {
  const { starts: begin } = occurrence;
  const { days, seconds } = await lengthOf(turn, invitation, occurrence);
  const until =
    days === 0 ? begin : { ...begin, wall: `${addDays(dayOf(begin.wall), days)}${begin.wall.slice(10)}` };
  const starts = await instantOf(turn, invitation, begin);
  const ends = new Date((await instantOf(turn, invitation, until)).getTime() + seconds * 1000);
  return begin.isDate && seconds === 0
    ? { starts, ends, startsAt: `${dayOf(begin.wall)} 00:00`, endsAt: `${dayOf(until.wall)} 00:00` }
    : { starts, ends, startsAt: starts.toISOString(), endsAt: ends.toISOString() };
}

const basic = (wall: string) => wall.replaceAll(/[-:]/g, '');

/** The rule as chime.preview reads it; times that are in UTC stay so, where it has the zone. */
function textOf(
  starts: WallTime,
  lines: readonly RuleLine[],
  wallOf: (instant: Date) => string | undefined,
): string {
  const write = ({ wall, zone }: WallTime): string => {
    if (zone.kind !== 'utc' || starts.zone.kind === 'utc') return basic(wall);
    const there = wallOf(utcOf(wall));
    return there === undefined ? `${basic(wall)}Z` : basic(there);
  };
  return [
    `DTSTART:${basic(starts.wall)}`,
    ...lines.map((line) =>
      line.name === 'RRULE'
        ? `RRULE:${line.text}${line.until === null ? '' : `;UNTIL=${write(line.until)}`}`
        : `${line.name}:${line.times.map(write).join(',')}`,
    ),
  ].join('\n');
}

async function fires(turn: Turn, rrule: string, timezone: string, after: Date): Promise<string[]> {
  try {
    const rows = await turn.query<{ wall: string }>(
      `select to_char(p.local_time, 'YYYY-MM-DD"T"HH24:MI:SS') as wall
       from chime.preview(rrule => $1, timezone => $2, after => $3, count => $4) p`,
      [rrule, timezone, after, mostTimes],
    );
    return rows.map(({ wall }) => wall);
  } catch (error) {
    // It never comes again.
    if (error instanceof pg.DatabaseError && error.code === 'CH002') return [];
    throw error;
  }
}

/** Of an event that repeats, the next time that is not over; undefined where none is to come. */
export async function nextOf(
  turn: Turn,
  invitation: Invitation,
): Promise<{ occurrence: Occurrence; times: Times } | undefined> {
  const { starts, rule, overrides } = invitation;
  const { timezone, file } = await zoneOf(turn, invitation, starts);
  const lasts = await lengthOf(turn, invitation, invitation);
  // What has begun is not over; and walls of a file's zone are compared with an instant of UTC.
  const length = lasts.days * 86_400 + lasts.seconds + (file === undefined ? 1 : 86_400);
  const after = new Date(turn.heard.now.getTime() - length * 1000);
  const walls = await fires(
    turn,
    textOf(starts, rule, (at) => file?.wallOf(at)),
    timezone,
    after,
  );
  for (const wall of walls) {
    const time = { ...starts, wall };
    const usual: Occurrence = { ...invitation, starts: time, lasts };
    const at = await instantOf(turn, invitation, time);
    const inUtc = nameOf({ wall: at.toISOString().slice(0, 19), zone: { kind: 'utc' }, isDate: false });
    const occurrence = overrides.get(nameOf(time)) ?? overrides.get(inUtc) ?? usual;
    if (occurrence.isCancelled) continue;
    const times = await timesOf(turn, invitation, occurrence);
    if (times.ends > turn.heard.now) return { occurrence, times };
  }
  return undefined;
}
