// Rules that are not saved yet, as the database reads them: in words, and with the times at which they would fire.
import type { PhraseRule } from '../conversation/phrases/reading.ts';
import type { Turn } from './turn.ts';

export interface Preview {
  /** The rule in words. */
  words: string;
  /** Wall-clock times of the next fires, YYYY-MM-DD HH:MM. */
  next: string[];
  /** How long until the first, in seconds. */
  seconds: number | null;
}

const types: Readonly<Record<keyof PhraseRule, string>> = {
  cron: 'text',
  every: 'interval',
  anchor: 'timestamptz',
  rrule: 'text',
  at: 'text',
  starts_at: 'timestamptz',
  ends_at: 'timestamptz',
  max_runs: 'integer',
};

/** The arguments of a rule, by name, from this parameter on. */
export function ruleArguments(rule: PhraseRule, from: number): { sql: string; values: unknown[] } {
  const given = Object.entries(rule) as [keyof PhraseRule, unknown][];
  return {
    sql: given.map(([name], index) => `${name} => $${from + index}::${types[name]}`).join(', '),
    values: given.map(([, value]) => value),
  };
}

/**
 * What becomes of a time that is over: so long from when it was said (`in 10 minutes`) is at once, where the bot was away meanwhile; a time
 * that was named is refused.
 */
export const overdueArgument = (rule: PhraseRule): string =>
  rule.at?.endsWith('Z') === true ? ", overdue => 'run_now'" : '';

/** @throws CH001 to CH004 as the database refuses rules */
export async function previewRule(
  turn: Turn,
  { max_runs: most, ...rule }: PhraseRule,
  timezone: string,
  count = 3,
): Promise<Preview> {
  const { sql, values } = ruleArguments(rule, 4);
  const [row] = await turn.query<{ words: string; next: string[]; seconds: number | null }>(
    `select chime.describe(${sql}, timezone => $1, locale => $2) as words,
       coalesce(array_agg(to_char(p.local_time, 'YYYY-MM-DD HH24:MI') order by p.scheduled_for), '{}') as next,
       extract(epoch from min(p.scheduled_for) - chime.now())::double precision as seconds
     from chime.preview(${sql}, timezone => $1, count => $3${overdueArgument(rule)}) p`,
    [timezone, turn.language, Math.min(count, most ?? count), ...values],
  );
  return row ?? { words: '', next: [], seconds: null };
}

/** Whether it fires once. */
export const isOnce = (rule: PhraseRule): boolean => rule.at !== undefined;
