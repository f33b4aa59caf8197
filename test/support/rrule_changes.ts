// Recurrence rules as they are written, and others that differ from one in a single part: what a person could mistake for it.
import { integer, pick, type Random } from './random_cron.ts';
import { frequencies, type Rrule, randomRrule, weekdayNames, writeRrule } from './random_rrule.ts';
import { basicTime } from './rrule_arbitraries.ts';

/** Times are seconds since 1970: those of the rule on the wall clock, from and to as instants. */
export interface Written {
  start: number;
  rule: Rrule;
  until?: number;
  added: number[];
  excluded: number[];
  /** `starts_at` of the schedule. */
  from?: number;
  /** `ends_at` of the schedule. */
  to?: number;
}

const day = 86_400;

export function writeLines({ start, rule, until, added, excluded }: Written): string {
  const end = until === undefined ? '' : `;UNTIL=${basicTime(until)}`;
  const lines = [`DTSTART:${basicTime(start)}`, `${writeRrule(rule)}${end}`];
  if (added.length > 0) lines.push(`RDATE:${added.map(basicTime)}`);
  if (excluded.length > 0) lines.push(`EXDATE:${excluded.map(basicTime)}`);
  return lines.join('\n');
}

/** Some wall second of the years around 2026, on a full minute more often than not. */
function randomStart(random: Random): number {
  const second = random() < 0.6 ? pick(random, [0, 1800, 3600]) + 3600 * integer(random, 0, 20) : 0;
  return (
    Date.UTC(2024, 0, 1) / 1000 + integer(random, 0, 1400) * day + (second || integer(random, 0, day - 1))
  );
}

export function randomWritten(random: Random): Written {
  const rule = randomRrule(random);
  const start = randomStart(random);
  const written: Written = { start, rule, added: [], excluded: [] };
  const end = random();
  if (end < 0.15) rule.count = integer(random, 1, 40);
  else if (end < 0.35) written.until = start + integer(random, 0, 900) * day + integer(random, 0, 3) * 43_200;
  const dates = () =>
    Array.from({ length: integer(random, 1, 3) }, () => start + integer(random, 1, 60) * day);
  if (random() < 0.1) written.added = dates();
  if (random() < 0.1) written.excluded = dates();
  if (random() < 0.1) written.from = start + integer(random, -day, 9 * day);
  if (random() < 0.1) written.to = start + integer(random, 9 * day, 99 * day);
  return written;
}

const lists = [
  ...(['months', 'weeks', 'yearDays', 'monthDays', 'weekdays'] as const),
  ...(['hours', 'minutes', 'seconds', 'positions'] as const),
];

function without<T extends object>(value: T, key: keyof T): T {
  const { [key]: _, ...rest } = value;
  return rest as T;
}

/** The same rule but for one of its lists: without it, without one of its items, with another one. */
function listChanges(random: Random, rule: Rrule): Rrule[] {
  const changes: Rrule[] = [];
  const other = randomRrule(random);
  for (const name of lists) {
    const list = rule[name];
    if (list !== undefined) changes.push(without(rule, name));
    if (list !== undefined && list.length > 1) changes.push({ ...rule, [name]: list.slice(1) });
    if (other[name] !== undefined) changes.push({ ...rule, [name]: other[name] });
  }
  return changes;
}

/** Rules that differ from this one in a single part; not all of them are allowed, and not all do anything else. */
export function changesOf(random: Random, written: Written): Written[] {
  const { rule, start, until, added, excluded, from, to } = written;
  const rules: Rrule[] = [
    ...listChanges(random, rule),
    { ...rule, interval: rule.interval + 1 },
    { ...rule, weekStart: (rule.weekStart + integer(random, 1, weekdayNames.length - 1)) % 7 },
    { ...rule, freq: pick(random, frequencies) },
    rule.count === undefined ? { ...rule, count: 3 } : without(rule, 'count'),
    ...(rule.count === undefined ? [] : [{ ...rule, count: rule.count + 1 }]),
  ];
  const moved = (date: number) => date + pick(random, [1, 60, 3600, day]);
  return [
    ...rules.map((changed) => ({ ...written, rule: changed })),
    ...[1, 3600, day, 7 * day, 31 * day, 366 * day].map((later) => ({ ...written, start: start + later })),
    ...(until === undefined ? [] : [{ ...written, until: moved(until) }, without(written, 'until')]),
    ...(added.length === 0
      ? []
      : [
          { ...written, added: added.map(moved) },
          { ...written, added: [] },
        ]),
    ...(excluded.length === 0 ? [] : [{ ...written, excluded: excluded.map(moved) }]),
    ...(from === undefined ? [] : [{ ...written, from: moved(from) }, without(written, 'from')]),
    ...(to === undefined ? [] : [{ ...written, to: moved(to) }, without(written, 'to')]),
    { ...written, added: [...added, start + 40 * day] },
    { ...written, excluded: [...excluded, start + 7 * day] },
  ];
}
