// Cases for the differential tests of cron: random expressions, in zones whose clocks do something odd, asked for
// from instants at which they do it.
import type { Case } from './cron_disagreement.ts';
import { type Dialect, integer, pick, type Random, randomCron, randomCronAbout } from './random_cron.ts';
import type { Stretch } from './time_oracle.ts';

export const zones = [
  ...['Africa/Cairo', 'America/Asuncion', 'America/Caracas', 'America/Havana', 'America/Miquelon'],
  ...['America/New_York', 'America/Nuuk', 'America/Santiago', 'America/Sao_Paulo', 'America/St_Johns'],
  ...['Antarctica/Casey', 'Antarctica/Troll', 'Asia/Amman', 'Asia/Beirut', 'Asia/Gaza', 'Asia/Jerusalem'],
  ...['Asia/Kolkata', 'Asia/Pyongyang', 'Asia/Tehran', 'Atlantic/Azores', 'Australia/Adelaide'],
  ...['Australia/Lord_Howe', 'Europe/Berlin', 'Europe/Chisinau', 'Europe/Dublin', 'Europe/Istanbul'],
  ...['Europe/London', 'Pacific/Apia', 'Pacific/Auckland', 'Pacific/Chatham', 'Pacific/Easter'],
  ...['Pacific/Fiji', 'Pacific/Norfolk', 'UTC'],
];
const earliest = Date.parse('2015-01-01T00:00:00Z') / 1000;
const latest = Date.parse('2031-01-01T00:00:00Z') / 1000;

/** Whether Node has the same time zone data as Postgres; where not, no library can agree. */
export function sameInNode(zone: string, stretches: readonly Stretch[]): boolean {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const offsetAt = (second: number) => {
    const name =
      format.formatToParts(second * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name) ?? [];
    return (sign === '-' ? -60 : 60) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
  };
  return stretches.every(({ from, to, offset }) => offsetAt(from) === offset && offsetAt(to - 1) === offset);
}

export function randomCase(
  random: Random,
  dialect: Dialect,
  stretches: ReadonlyMap<string, Stretch[]>,
): Case {
  const [zone, all] = pick(random, [...stretches]);
  const changes = all.filter(({ from }) => from > earliest && from < latest);
  const kind = random();
  if (changes.length === 0 || kind < 0.4) {
    return { expression: randomCron(random, dialect), zone, after: integer(random, earliest, latest) };
  }
  const change = pick(random, changes);
  const hour = Math.floor(((change.from + change.offset) / 3600) % 24);
  const near = change.from + integer(random, -2 * 86_400, kind < 0.7 ? 10_000 : 2 * 86_400);
  // On the second, the minute, the quarter of an hour, or at the change itself.
  const after = pick(random, [
    near,
    near - (near % 60),
    near - (near % 900),
    change.from - integer(random, -1, 1),
  ]);
  const about = kind < 0.8;
  const expression = about ? randomCronAbout(random, dialect, hour) : randomCron(random, dialect);
  return { expression, zone, after };
}
