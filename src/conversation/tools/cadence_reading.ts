// What is read of a cadence, before the database has seen it: a rule, or why there is none.
import type { PhraseRule, Reading } from '../phrases/reading.ts';
import type { RuleOption } from './question.ts';
import type { Bounds, Cadence } from './schemas.ts';
import type { ReadPhrase, ToolActing, ToolContext } from './tool.ts';

/** What a tool was told of when. */
export interface Wanted {
  cadence: Cadence;
  timezone?: string | undefined;
  bounds?: Bounds | undefined;
}

export interface ReadingOptions {
  context: ToolContext;
  readPhrase: ReadPhrase;
  /** The cron expression of the schedule that changes: where nothing but a time of day is said, it keeps its days. */
  keeping?: string | null;
}

/** A rule, and what was taken for granted. */
export interface Plain extends RuleOption {
  assumptions: string[];
}

export type Read =
  | ({ kind: 'rule' } & Plain)
  | { kind: 'ambiguous'; options: RuleOption[] }
  | { kind: 'past'; options: RuleOption[] }
  | { kind: 'unclear' }
  | { kind: 'timezone_needed' };

/** Whether a text is an instant, and not what a clock shows somewhere. */
export const hasOffset = (value: string): boolean =>
  /\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)$/i.test(value.trim());

/** Reads it; the database is only asked for the time. */
export async function readCadence(
  wanted: Wanted,
  { context, readPhrase, keeping }: ReadingOptions,
): Promise<Read> {
  const { kind, value } = wanted.cadence;
  const zone = wanted.timezone ?? context.timezone;
  if (zone === null && kind !== 'interval' && !(kind === 'once' && hasOffset(value)))
    return { kind: 'timezone_needed' };
  const timezone = zone ?? 'UTC';
  const bounds = given(wanted.bounds ?? {}) as PhraseRule;
  const plain = (rule: PhraseRule): Read => ({
    kind: 'rule',
    rule: { ...bounds, ...rule },
    ...{ timezone, message: '', assumptions: [] },
  });
  switch (kind) {
    case 'cron':
      return plain({ cron: value });
    case 'interval':
      return plain({ every: value });
    case 'rrule':
      return plain({ rrule: value });
    case 'once':
      return plain({ at: value });
    case 'phrase': {
      const now = await context.act(readNow(timezone));
      const reading = readPhrase(value, {
        ...{ now, timezone, locale: context.locale },
        ...(context.dayParts !== undefined && { dayParts: context.dayParts }),
      });
      return ofReading(reading, bounds, keeping ?? null);
    }
  }
}

/** The fields that are there. */
const given = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The time of the database. */
export async function nowOf({ rows }: ToolActing): Promise<Date> {
  const [row] = await rows<{ now: Date }>('select chime.now() as now');
  return row?.now ?? new Date(Number.NaN);
}

/** The time of the database; refuses a zone that there is not, which a reader of phrases could not know. */
const readNow =
  (timezone: string) =>
  async (acting: ToolActing): Promise<Date> => {
    await acting.chime.describe({ every: '1 day', timezone });
    return nowOf(acting);
  };

function ofReading(reading: Reading, bounds: PhraseRule, keeping: string | null): Read {
  const { timezone, message, assumptions } = reading;
  const days = /^\d+ \d+ (\S+ \S+ \S+)$/.exec(keeping ?? '')?.[1];
  const kept = (time: string | undefined): PhraseRule | undefined =>
    days === undefined || time === undefined
      ? undefined
      : { cron: `${Number(time.slice(3, 5))} ${Number(time.slice(0, 2))} ${days}` };
  switch (reading.kind) {
    case 'none':
      return { kind: 'unclear' };
    case 'once':
    case 'recurring': {
      const rule = { ...bounds, ...(kept(reading.time) ?? reading.rule) };
      return { kind: 'rule', rule, timezone, message, assumptions, isFromNow: isInstant(rule) };
    }
    default: {
      const isTime = reading.kind === 'ambiguous' && reading.time !== undefined;
      const options = reading.options.map(({ label, rule }) => {
        const ofDays = isTime ? kept(clockOf(rule)) : undefined;
        // The label is of the one day that was not meant.
        return ofDays === undefined
          ? { label, rule: { ...bounds, ...rule }, timezone, message, isFromNow: isInstant(rule) }
          : { rule: { ...bounds, ...ofDays }, timezone, message };
      });
      return { kind: reading.kind, options };
    }
  }
}

/** Counted from when it was said. */
const isInstant = ({ at }: PhraseRule): boolean => at?.endsWith('Z') === true;

const clockOf = ({ at }: PhraseRule): string | undefined =>
  /^\d{4}-\d\d-\d\d (\d\d:\d\d)/.exec(at ?? '')?.[1];
