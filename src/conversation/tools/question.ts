// What has to be asked before a tool can do anything: options for programs, and one sentence that asks a person.
import type { PhraseRule } from '../phrases/reading.ts';
import type { Option } from './schemas.ts';
import { quoted, text } from './texts/texts.ts';
import { saidOf, type Time, wallText } from './times.ts';
import type { ToolAnswer, ToolContext } from './tool.ts';

/** One way to take what was said. */
export interface RuleOption {
  /** In words; by default its first time. */
  label?: string;
  rule: PhraseRule;
  timezone: string;
  /** What else was said. */
  message?: string;
  /** It counts from when it was said, so that it is done at once where that is over. */
  isFromNow?: boolean;
}

export interface Asked extends ToolAnswer {
  kind: 'asked';
}

type Labelled = Pick<RuleOption, 'rule' | 'timezone'> & { label: string; next: Time | null };

/** The rule as a cadence, with the limits beside it. */
function asOption({ label, rule, timezone, next }: Labelled): Option {
  const { cron, every, rrule, at, ...bounds } = rule;
  const cadence =
    cron !== undefined
      ? { kind: 'cron', value: cron }
      : every !== undefined
        ? { kind: 'interval', value: every }
        : rrule !== undefined
          ? { kind: 'rrule', value: rrule }
          : { kind: 'once', value: at ?? '' };
  return { label, cadence, ...(Object.keys(bounds).length > 0 && { bounds }), timezone, next };
}

/** Asks which of several it is; a label that is missing is the time. */
export function askOptions(
  status: 'ambiguous' | 'past',
  phrase: string,
  options: (RuleOption & { next: Time | null })[],
  { locale }: ToolContext,
): Asked & { labels: string[] } {
  const labelled = options.map((option) => ({
    ...option,
    label: option.label ?? (option.next === null ? '' : saidOf(option.next, locale)),
  }));
  const labels = labelled.map(({ label }) => label);
  const [last = '', ...others] = [...labels].reverse();
  const list = others.length === 0 ? last : text(locale, 'or', { first: others.reverse().join(', '), last });
  const at = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?$/.exec(phrase);
  const when =
    at === null
      ? text(locale, 'phrase', { phrase: quoted(phrase) })
      : wallText(`${at[1]} ${at[2]}:00`, locale);
  const say =
    status === 'ambiguous'
      ? text(locale, 'askWhich', { phrase: quoted(phrase), options: list })
      : labels.length === 0
        ? text(locale, 'saidPast', { when })
        : text(locale, 'askPast', { when, options: list });
  return { kind: 'asked', data: { status, question: say, options: labelled.map(asOption) }, say, labels };
}

/** Asks for what was not said. */
export function askAgain(
  status: 'unclear' | 'timezone_needed',
  phrase: string,
  { locale }: ToolContext,
): Asked {
  const say =
    status === 'unclear' ? text(locale, 'askWhen', { phrase: quoted(phrase) }) : text(locale, 'askZone');
  return { kind: 'asked', data: { status, question: say }, say };
}
