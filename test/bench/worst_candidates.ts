// Schedules that are dear to search, at random: rules that name rare days, several of them at once, under calendars that leave out much.

export const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

/** Parts of a rule, by their place (cron) or name (recurrence rules). */
type Parts = Record<string, string>;

interface Rule {
  kind: 'cron' | 'rrule';
  parts: Parts;
}

export interface Candidate {
  rules: Rule[];
  calendar: string | null;
  onExcluded: 'skip' | 'next_day';
  timezone: string;
  dstGap: string;
  dstFold: string;
  after: number;
}

/** The rare and the odd: what makes a search look far. */
const cronParts: Record<string, readonly string[]> = {
  second: ['0', '*', '59', '0,59', '*/59'],
  minute: ['0', '*', '30', '59', '0,59', '7-53/11'],
  hour: ['0', '2', '*', '23', '*/7', '1-3'],
  day: ['*', '29', '31', '30', 'L', 'L-30', 'LW', '31W', '1W', '29W', '1,31W', 'L-29,LW', '?'],
  month: ['*', '2', '2,4', '2,4,6,9,11', '12', '1'],
  weekday: ['*', '0', '6L', '1#5', '0#5,6#5', '6#1', '?', '*/7', 'MON-FRI'],
};
const rruleParts: Record<string, readonly string[]> = {
  FREQ: ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'],
  INTERVAL: [
    '',
    '',
    '2',
    '3',
    '5',
    '7',
    '11',
    '13',
    '97',
    '100',
    '365',
    '1009',
    '10079',
    '86399',
    '876599',
    '999999',
  ],
  BYMONTH: ['', '', '2', '2,4,6,9,11', '12', '1,3'],
  BYMONTHDAY: ['', '', '29', '31', '-31', '30,31', '-29', '13', '1'],
  BYYEARDAY: ['', '', '', '366', '-366', '60', '1,366', '365'],
  BYWEEKNO: ['', '', '', '53', '-53', '1', '20', '1,53'],
  BYDAY: ['', '', 'MO', 'SU', 'MO,TU,WE,TH,FR', '5SA', '-5SU', '53MO', '-53FR', '1MO,-1SU', '20TU'],
  BYHOUR: ['', '', '0', '2', '23', '0,23', '1,2,3'],
  BYMINUTE: ['', '', '0', '59', '0,30', '7,18,29,40'],
  BYSECOND: ['', '', '0', '59', '0,59', '1,2,3,5,7,11'],
  BYSETPOS: ['', '', '', '1', '-1', '5', '-5', '366', '1,-1', '53'],
  WKST: ['', 'SU', 'TH'],
};
const zones = [
  'UTC',
  'Europe/Berlin',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Pacific/Apia',
];
const [first, last] = [Date.UTC(1971, 0, 1), Date.UTC(2600, 0, 1)];
const partsOf = { cron: cronParts, rrule: rruleParts };

/** What the bench makes of them: 500 stretches of one day, of all but a day, of a year each. */
export const calendars: Record<string, string> = {
  odd: "array(select (date '2026-01-01' + 2 * n)::text from generate_series(0, 499) n)",
  gaps: "array(select (date '2020-01-01' + 31 * n)::text || '/' || (date '2020-01-30' + 31 * n)::text from generate_series(0, 499) n)",
  years: "array(select y || '-01-02/' || y || '-12-31' from generate_series(1971, 2400) y)",
};

const keep = <T>(value: T | undefined, fresh: () => T): T =>
  value === undefined || Math.random() < 0.4 ? fresh() : value;

function varyRule(from?: Rule): Rule {
  const kind = keep(from?.kind, () => pick(['cron', 'rrule', 'rrule'] as const));
  const old = from?.kind === kind ? from.parts : {};
  const parts = Object.entries(partsOf[kind]).map(([name, choices]) => [
    name,
    keep(old[name], () => pick(choices)),
  ]);
  return { kind, parts: Object.fromEntries(parts) };
}

/** A candidate at random, or one that has some things in common with another. */
export function vary(from: Candidate | undefined, most: { rules: number; calendars: boolean }): Candidate {
  const count = keep(from?.rules.length, () => 1 + Math.floor(Math.random() * most.rules));
  return {
    rules: Array.from({ length: count }, (_value, index) => varyRule(from?.rules[index])),
    calendar: most.calendars ? keep(from?.calendar, () => pick(Object.keys(calendars))) : null,
    onExcluded: keep(from?.onExcluded, () => pick(['skip', 'next_day'] as const)),
    timezone: keep(from?.timezone, () => pick(zones)),
    dstGap: keep(from?.dstGap, () => pick(['next', 'shift', 'skip'])),
    dstFold: keep(from?.dstFold, () => pick(['first', 'last', 'both'])),
    after: keep(from?.after, () => Math.round(first + Math.random() * (last - first))),
  };
}

export function ruleText({ kind, parts }: Rule): string {
  if (kind === 'cron') return Object.values(parts).join(' ');
  const given = Object.entries(parts).filter(([, value]) => value !== '');
  return given.map(([name, value]) => `${name}=${value}`).join(';');
}

/** What two candidates share that are dear for the same reason: the days that their rules name. */
export function daysOf({ rules, calendar }: Candidate): string {
  const times = /^(second|minute|hour|BYSECOND|BYMINUTE|BYHOUR|WKST)$/;
  const days = rules.map(({ parts }) =>
    Object.entries(parts)
      .filter(([name]) => !times.test(name))
      .join(' '),
  );
  return `${days.join(' | ')} ${calendar}`;
}
