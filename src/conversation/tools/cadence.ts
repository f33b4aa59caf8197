// From what a tool was told of when to a rule that the database has previewed, or to the question that has to be asked before.
import type { CreateScheduleInput, Fire, RuleInput } from '../../client/types.ts';
import type { PhraseContext, PhraseRule, Reading } from '../phrases/reading.ts';
import { type Asked, askAgain, askOptions, type RuleOption } from './question.ts';
import type { Bounds, Cadence } from './schemas.ts';
import type { ReadPhrase } from './simple_reader.ts';
import { text } from './texts/texts.ts';
import { type Time, timeOf } from './times.ts';
import type { ToolActing, ToolContext } from './tool.ts';

/** What a tool was told of when. */
export interface Wanted {
  cadence: Cadence;
  timezone?: string | undefined;
  bounds?: Bounds | undefined;
}

export interface Settled {
  kind: 'settled';
  /** As create_schedule takes it. */
  rule: RuleInput & Pick<CreateScheduleInput, 'overdue' | 'maxRuns'> & { timezone: string };
  /** The rule in words. */
  words: string;
  next: Time[];
  /** All else that a phrase says. */
  message: string;
  assumptions: string[];
}

export interface SettleOptions {
  context: ToolContext;
  readPhrase: ReadPhrase;
  /** How many times to look ahead. */
  count?: number;
  /** The cron expression of the schedule that changes: where nothing but a time of day is said, it keeps its days. */
  keeping?: string | null;
}

const hasOffset = (value: string): boolean => /(Z|[+-]\d\d(:?\d\d)?)$/i.test(value.trim());

interface Plain extends RuleOption {
  assumptions: string[];
}

/** What is read of a cadence, before the database has seen it. */
type Read =
  | ({ kind: 'rule' } & Plain)
  | { kind: 'ambiguous'; options: RuleOption[] }
  | { kind: 'past'; options: RuleOption[] }
  | { kind: 'unclear' }
  | { kind: 'timezone_needed' };

/** Reads when, previews it, asks where it is not plain and somebody can be asked; else answers the question. */
export async function settle(wanted: Wanted, options: SettleOptions): Promise<Settled | Asked> {
  const { context } = options;
  const { value } = wanted.cadence;
  const read = await readCadence(wanted, options);
  if (read.kind === 'unclear' || read.kind === 'timezone_needed') return askAgain(read.kind, value, context);
  if (read.kind === 'rule') {
    const settled = await preview(read, options);
    if (settled.next.length > 0 || read.rule.at === undefined) return settled;
    return ask('past', await laterOptions(read.rule.at, read.timezone, options), value, options);
  }
  return ask(read.kind, read.options, value, options);
}

async function ask(
  status: 'ambiguous' | 'past',
  rules: RuleOption[],
  phrase: string,
  options: SettleOptions,
): Promise<Settled | Asked> {
  const previewed: (RuleOption & { next: Time | null })[] = [];
  for (const option of rules) {
    const { next } = await preview({ ...option, assumptions: [] }, { ...options, count: 1 });
    previewed.push({ ...option, next: next[0] ?? null });
  }
  const { labels, ...asked } = askOptions(status, phrase, previewed, options.context);
  const chosen = labels.length === 0 ? undefined : await options.context.choose?.(asked.say, labels);
  const option = chosen === undefined ? undefined : previewed[chosen];
  return option === undefined ? asked : preview({ ...option, assumptions: [] }, options);
}

async function readCadence(wanted: Wanted, { context, readPhrase, keeping }: SettleOptions): Promise<Read> {
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
      const reading = readPhrase(value, { now, timezone, locale: context.locale } satisfies PhraseContext);
      return ofReading(reading, bounds, keeping ?? null);
    }
  }
}

/** The fields that are there. */
const given = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

async function nowOf({ rows }: ToolActing): Promise<Date> {
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
      const time = reading.kind === 'ambiguous' ? reading.time : undefined;
      const options = reading.options.map(({ label, rule }) => ({
        ...{ label, timezone, message, isFromNow: isInstant(rule) },
        rule: { ...bounds, ...((time === undefined ? undefined : kept(clockOf(rule))) ?? rule) },
      }));
      return { kind: reading.kind, options };
    }
  }
}

/** Counted from when it was said. */
const isInstant = ({ at }: PhraseRule): boolean => at?.endsWith('Z') === true;

const clockOf = ({ at }: PhraseRule): string | undefined =>
  /^\d{4}-\d\d-\d\d (\d\d:\d\d)/.exec(at ?? '')?.[1];

/** The same time of day, the next time that a clock shows it. */
async function laterOptions(at: string, timezone: string, { context }: SettleOptions): Promise<RuleOption[]> {
  const wall = hasOffset(at) ? '$1::timestamptz at time zone $2' : '$1::timestamp';
  const next = await context.act(async ({ rows }) => {
    const [row] = await rows<{ at: string }>(
      `select to_char(d.day + t.wall::time, 'YYYY-MM-DD HH24:MI') as at
       from (select ${wall} as wall, chime.now() at time zone $2 as now) t
       cross join lateral (select t.now::date + (case when t.wall::time > t.now::time then 0 else 1 end) as day) d`,
      [at, timezone],
    );
    return row?.at;
  });
  return next === undefined ? [] : [{ rule: { at: next }, timezone }];
}

async function preview(plain: Plain, { context, count = 3 }: SettleOptions): Promise<Settled> {
  const { timezone, message = '', assumptions, isFromNow = false } = plain;
  const { max_runs: maxRuns, cron, every, rrule, at, ...times } = plain.rule;
  return context.act(async (acting) => {
    const rule = {
      ...{ timezone },
      ...(cron !== undefined && { cron }),
      ...(every !== undefined && { every }),
      ...(rrule !== undefined && { rrule }),
      ...(at !== undefined && { at }),
      ...(await instants(acting, times, timezone)),
    };
    // What is over by now that was counted from a moment ago is done at once.
    const overdue = isFromNow ? { overdue: 'run_now' as const } : {};
    const words = await acting.chime.describe({ ...rule, locale: context.locale });
    const fires: Fire[] = await acting.chime.preview({
      ...{ ...rule, ...overdue },
      count: Math.min(count, maxRuns ?? count),
    });
    const now = isFromNow ? await nowOf(acting) : undefined;
    const next = fires.map((fire) => {
      const time = timeOf(fire, timezone, context.locale);
      return now === undefined || fire.scheduledFor > now
        ? time
        : { ...time, text: text(context.locale, 'atOnce'), note: null };
    });
    return {
      kind: 'settled' as const,
      rule: { ...rule, ...overdue, ...(maxRuns !== undefined && { maxRuns }) },
      ...{ words, next, message, assumptions },
    };
  });
}

/** Bounds on the clock of a zone as the instants that they are. */
async function instants(
  { rows }: ToolActing,
  times: Pick<PhraseRule, 'starts_at' | 'ends_at' | 'anchor'>,
  timezone: string,
): Promise<Pick<RuleInput, 'startsAt' | 'endsAt' | 'anchor'>> {
  const { starts_at: startsAt, ends_at: endsAt, anchor } = times;
  const read = async (name: string, value: string | undefined) => {
    if (value === undefined) return {};
    const instant = hasOffset(value) ? '$1::timestamptz' : '$1::timestamp at time zone $2';
    const [row] = await rows<{ at: Date }>(`select ${instant} as at, $2::text as zone`, [value, timezone]);
    return { [name]: row?.at };
  };
  return {
    ...(await read('startsAt', startsAt)),
    ...(await read('endsAt', endsAt)),
    ...(await read('anchor', anchor)),
  };
}

/** A sentence of a tool, with what was taken for granted. */
export const assuming = ({ assumptions }: Settled, { locale }: ToolContext, said: string): string =>
  assumptions.length === 0 ? said : text(locale, 'assumed', { said, assumptions: assumptions.join('; ') });
