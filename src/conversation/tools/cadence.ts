// From what a tool was told of when to a rule that the database has previewed, or to the question that has to be asked before.
import type { CreateScheduleInput, Fire, RuleInput } from '../../client/types.ts';
import { InvalidArgumentError } from '../../errors.ts';
import type { PhraseRule } from '../phrases/reading.ts';
import {
  hasOffset,
  nowOf,
  type Plain,
  type ReadingOptions,
  readCadence,
  type Wanted,
} from './cadence_reading.ts';
import { type Asked, askAgain, askOptions, type RuleOption } from './question.ts';
import { quoted, text } from './texts/texts.ts';
import { type Time, timeOf } from './times.ts';
import type { ToolActing, ToolContext } from './tool.ts';

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

export interface SettleOptions extends ReadingOptions {
  /** How many times to look ahead. */
  count?: number;
}

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
    const { words, next } = await preview({ ...option, assumptions: [] }, { ...options, count: 1 });
    const label = option.label ?? (option.rule.at === undefined ? words : undefined);
    previewed.push({ ...option, ...(label !== undefined && { label }), next: next[0] ?? null });
  }
  const { labels, ...asked } = askOptions(status, phrase, previewed, options.context);
  const chosen = labels.length === 0 ? undefined : await options.context.choose?.(asked.say, labels);
  const option = chosen === undefined ? undefined : previewed[chosen];
  return option === undefined ? asked : preview({ ...option, assumptions: [] }, options);
}

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

/** The one time that was meant. Raises CH007 where it repeats. */
export function onlyTime({ rule, next }: Settled, phrase: string, { locale }: ToolContext): Time {
  const [time] = next;
  if (rule.at !== undefined && time !== undefined) return time;
  throw new InvalidArgumentError(text(locale, 'askOnce', { phrase: quoted(phrase) }), {
    hint: 'Ask the person for one time.',
  });
}

/** A sentence of a tool, with what was taken for granted. */
export const assuming = ({ assumptions }: Settled, { locale }: ToolContext, said: string): string =>
  assumptions.length === 0 ? said : text(locale, 'assumed', { said, assumptions: assumptions.join('; ') });
