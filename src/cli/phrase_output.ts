// What `chime parse` prints of a phrase: for programs a line of JSON, for people a few lines.
import type pg from 'pg';
import type { PhraseRule } from '../conversation/phrases/reading.ts';
import type { ResolvedReading } from '../conversation/phrases/resolve.ts';
import { printable } from '../printable.ts';
import { paint } from './output.ts';
import type { Asked } from './phrase_lines.ts';

/** In the order in which a reader wants it. */
export function answerLine(answer: ResolvedReading): string {
  const { kind, timezone, rule, next, message, understood, assumptions, options } = answer;
  return `${JSON.stringify({ kind, timezone, rule, next, message, understood, assumptions, options })}\n`;
}

export function errorLine(error: Error & { code?: unknown; hint?: unknown }): string {
  const { message, code, hint } = error;
  return `${JSON.stringify({ error: { code, message, hint } })}\n`;
}

async function inWords(pool: pg.Pool, rule: PhraseRule, timezone: string, locale: string): Promise<string> {
  const { cron, every, at, rrule, anchor, starts_at, ends_at } = rule;
  const { rows } = await pool.query<{ words: string }>(
    `select chime.describe(cron => $1, every => $2::interval, at => $3, rrule => $4, anchor => $5::timestamptz,
       starts_at => $6::timestamptz, ends_at => $7::timestamptz, timezone => $8, locale => $9) as words`,
    [cron, every, at, rrule, anchor, starts_at, ends_at, timezone, locale],
  );
  return rows[0]?.words ?? '';
}

/** An instant on the clock of a zone. */
const shown = (instant: string, timezone: string): string =>
  `${new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(new Date(instant))}  ${timezone}`;

export async function phraseLines(
  pool: pg.Pool,
  asked: Extract<Asked, { text: string }>,
  answer: ResolvedReading,
): Promise<string> {
  const { locale } = asked.context;
  const { kind, timezone, rule, next, options } = answer;
  const lines = [`${paint('bold', printable(asked.text))}  ${paint('cyan', kind)}`];
  const add = (label: string, value: string) => {
    if (value !== '') lines.push(`  ${paint('gray', label.padEnd(11))}${printable(value)}`);
  };
  if (rule !== null) {
    add('rule', JSON.stringify(rule));
    add('in words', await inWords(pool, rule, timezone, locale));
  }
  for (const instant of next) add('next', shown(instant, timezone));
  add('about', answer.message);
  add('understood', answer.understood.join(' … '));
  for (const assumption of answer.assumptions) add('assumed', assumption);
  for (const option of options)
    add('option', `${option.label}: ${option.next.map((each) => shown(each, timezone)).join(', ')}`);
  return `${lines.join('\n')}\n`;
}
