// What somebody has written, read in their language, in their zone, by what the parts of the day are to them.
import { readPhrase } from '../conversation/phrases/read.ts';
import type { PhraseRule, Reading } from '../conversation/phrases/reading.ts';
import type { Turn } from './turn.ts';

/** A rule that was read: in which zone, and what was taken for granted. */
export interface Found {
  rule: PhraseRule;
  timezone: string;
  assumptions: string[];
}

/** With options where other times, another zone or other parts of the day are meant than the person's, as those of a schedule. */
export function readIn(
  turn: Turn,
  text: string,
  {
    saidAt = turn.saidAt,
    timezone = turn.timezone ?? 'UTC',
    morningAt = turn.heard.morningAt,
    eveningAt = turn.heard.eveningAt,
  } = {},
): Reading {
  return readPhrase(text, {
    ...{ now: saidAt, timezone, locale: turn.language },
    dayParts: { morning: morningAt, evening: eveningAt },
  });
}

/** The ways to take a reading: one where it is plain, several where it is not, none where there is nothing to take. */
export function waysOf(reading: Reading): (Found & { label: string })[] {
  const { timezone, assumptions } = reading;
  if (reading.kind === 'none') return [];
  if ('rule' in reading) return [{ label: '', rule: reading.rule, timezone, assumptions }];
  return reading.options.map(({ label, rule }) => ({ label, rule, timezone, assumptions }));
}

/** When a moment is meant, which: the first where several are as likely. */
export function momentOf(reading: Reading): string | undefined {
  return reading.kind === 'past' ? undefined : waysOf(reading)[0]?.rule.at;
}
