// When readings fire: the database says it, for many readings and all their options in one round trip.
import type { PhraseContext, PhraseOption, PhraseRule, Reading } from './reading.ts';

/** Instants, ISO 8601 in UTC. */
interface Fires {
  next: string[];
}

/** An option, and when it would fire next. */
export type ResolvedOption = PhraseOption & Fires;

/** A reading, when it would fire next, and each of its options too. */
export type ResolvedReading = Omit<Reading, 'rule' | 'options' | 'kind'> &
  Fires & {
    kind: Reading['kind'];
    /** Of what is once or recurring. */
    rule: PhraseRule | null;
    /** Of what is ambiguous or past. */
    options: ResolvedOption[];
    time?: string;
  };

/** What runs a statement: a client or a pool of pg, or the like. */
export interface Queryable {
  query<Row>(text: string, values: unknown[]): Promise<{ rows: Row[] }>;
}

const fires = 3;

interface Asked extends PhraseRule {
  timezone: string;
  after: string;
}

/** An anchor or a bound is an instant, or shown by the clock of the zone. */
const instant = (name: string) =>
  `case when r.${name} ~ '(Z|[+-]\\d\\d(:?\\d\\d)?)$' then r.${name}::timestamptz else r.${name}::timestamp at time zone r.timezone end`;

const statement = `select array(
    select to_char(p.scheduled_for at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    from chime.preview(cron => r.cron, every => r.every::interval, at => r.at, rrule => r.rrule, timezone => r.timezone,
      after => r.after::timestamptz, count => least(${fires}, coalesce(r.max_runs, ${fires})), anchor => ${instant('anchor')},
      starts_at => ${instant('starts_at')}, ends_at => ${instant('ends_at')}) p
    order by p.scheduled_for) as next
  from jsonb_array_elements($1) with ordinality as e(item, ordinality),
    jsonb_to_record(e.item) as r(cron text, every text, at text, rrule text, anchor text, starts_at text, ends_at text, max_runs integer,
      timezone text, after text)
  order by e.ordinality`;

const rulesOf = (reading: Reading): PhraseRule[] => {
  if (reading.kind === 'none') return [];
  return 'rule' in reading ? [reading.rule] : reading.options.map(({ rule }) => rule);
};

/**
 * Readings with the next three fires of each rule, in one round trip.
 * @throws CH001 to CH003 as the database refuses rules: the whole call, where one of them is refused
 */
export async function resolveReadings(
  query: Queryable,
  readings: readonly { reading: Reading; context: PhraseContext }[],
): Promise<ResolvedReading[]> {
  const asked: Asked[] = readings.flatMap(({ reading, context }) =>
    rulesOf(reading).map((rule) => ({
      ...rule,
      timezone: reading.timezone,
      after: context.now.toISOString(),
    })),
  );
  const { rows } =
    asked.length === 0 ? { rows: [] } : await query.query<Fires>(statement, [JSON.stringify(asked)]);
  let index = 0;
  const nextFires = (): string[] => rows[index++]?.next ?? [];
  return readings.map(({ reading }) => {
    const { timezone, message, understood, assumptions } = reading;
    const said = { timezone, message, understood, assumptions };
    if (reading.kind === 'none') return { ...said, kind: 'none', rule: null, next: [], options: [] };
    const time = 'time' in reading && reading.time !== undefined ? { time: reading.time } : {};
    if ('rule' in reading)
      return { ...said, ...time, kind: reading.kind, rule: reading.rule, next: nextFires(), options: [] };
    const options = reading.options.map((option) => ({ ...option, next: nextFires() }));
    return { ...said, ...time, kind: reading.kind, rule: null, next: [], options };
  });
}

/** A reading with the next three fires of each of its rules. */
export async function resolveReading(
  query: Queryable,
  reading: Reading,
  context: PhraseContext,
): Promise<ResolvedReading> {
  const [resolved] = await resolveReadings(query, [{ reading, context }]);
  return resolved as ResolvedReading;
}
