// From what somebody has written to when it is meant: a rule, options where several are as likely, or nothing. No model has any part in it.
import { type Answer, type Desk, none, note, say } from './answer.ts';
import { readCron } from './cron.ts';
import { readDescribed } from './described/read.ts';
import { gather, type When } from './gather.ts';
import type { Source } from './grammar.ts';
import { without, withoutAsking } from './message.ts';
import { readClock, readDay, readOffset } from './once.ts';
import { readOtherDate } from './other_dates.ts';
import type { DayParts, Language, PhraseContext, Reading } from './reading.ts';
import { readEitherDay, readRepeats } from './recurring.ts';
import { areJoined, type Item, scan } from './scan.ts';
import { type Token, tokenise } from './token.ts';
import { withoutSlips } from './typos.ts';
import { instantText, wallAt } from './wall.ts';

export { withoutAsking };

/** What parts of the day are to those who have not said. */
export const usualDayParts: DayParts = {
  morning: '09:00',
  afternoon: '14:00',
  evening: '19:00',
  night: '22:00',
};

const repeating =
  /^(every|each|daily|weekly|monthly|weekdays?|weekends?|twice|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays|кажд.+|ежедневно|еженедельно|ежемесячно|будням|выходным|.+(?:ник|ерг|ниц|бот|ред|нь)[ая]м|раз|раза|дважды)$/;

function sourceOf(text: string, locale: Language): Source {
  const tokens = withoutSlips(tokenise(text));
  const words = tokens.filter(({ kind, word }) => kind === 'word' && /^[a-zа-я]/.test(word));
  const russian = words.filter(({ word }) => /[а-я]/.test(word)).length;
  const language = words.length === 0 ? locale : russian * 2 >= words.length ? 'ru' : 'en';
  return { tokens, language, repeats: words.some(({ word }) => repeating.test(word)) };
}

function answerOf(desk: Desk, when: When): Answer {
  if (when.isImpossible !== undefined) {
    note(desk, say(desk).impossible[when.isImpossible]);
    return none;
  }
  if (when.instant !== undefined) {
    const instant = Date.parse(when.instant);
    if (instant > desk.now.instant.getTime()) return { kind: 'once', rule: { at: instantText(instant) } };
    return { kind: 'past', options: [] };
  }
  if (when.repeats.some(({ is }) => is !== 'except')) return readRepeats(desk, when);
  if (when.eitherDay) return readEitherDay(desk, when);
  if (when.offset !== undefined) return readOffset(desk, when);
  if (when.day !== undefined) return readDay(desk, when.day, when);
  const bound = when.until?.day ?? when.start;
  if (bound !== undefined) return readDay(desk, bound, when);
  if (when.clocks !== undefined || when.part !== undefined || when.window !== undefined)
    return readClock(desk, when);
  if (when.until?.clock !== undefined) return readClock(desk, { ...when, clocks: [when.until.clock] });
  return none;
}

interface Span {
  start: number;
  end: number;
}

/** The places of a text that say when; those that stand side by side are one. */
function spansOf(tokens: readonly Token[], used: readonly Item[]): Span[] {
  const spans: Span[] = [];
  let last: Item | undefined;
  for (const item of used) {
    const [start, end] = [tokens[item.from]?.start ?? 0, tokens[item.to - 1]?.end ?? 0];
    const before = spans.at(-1);
    if (last !== undefined && before !== undefined && areJoined(tokens, last.to, item.from)) before.end = end;
    else spans.push({ start, end });
    last = item;
  }
  return spans;
}

const every = /^(every|each|кажд(ый|ая|ое|ые|ую|ого|ой))$/;

/** A word that says that it comes again, just before what was read, and was not read with it: once would be wrong. */
function unreadRepeat({ tokens }: Source, used: readonly Item[], { repeats }: When): string | undefined {
  const [first] = used;
  if (first === undefined || repeats.length > 0) return undefined;
  return tokens.slice(Math.max(0, first.from - 3), first.from).find(({ word }) => every.test(word))?.text;
}

/** What slips of the pen and zones have been taken for, in the words that were used. */
function noteWords(desk: Desk, { tokens }: Source, used: readonly Item[], when: When): void {
  for (const { from, to, pieces } of used) {
    for (const { isSlip, text, word } of tokens.slice(from, to))
      if (isSlip) note(desk, say(desk).slip(text, word));
    if (pieces.some(({ kind }) => kind === 'zone') && when.zone?.isExact === false) {
      const said = tokens.slice(from, to).map(({ text }) => text);
      note(desk, say(desk).zone(said.join(' '), when.zone.zone));
    }
  }
}

/**
 * Reads when something is meant; what is not that is what it is about.
 * @throws UnknownTimezoneError (CH003) where the context names none that exists
 */
export function readPhrase(text: string, context: PhraseContext): Reading {
  const { timezone, locale } = context;
  const cron = readCron(text);
  if (cron !== undefined) {
    const understood = [text.slice(cron.start, cron.end).trim()];
    const message = without(text, [cron], locale);
    return { kind: 'recurring', rule: { cron: cron.cron }, timezone, message, understood, assumptions: [] };
  }
  const described = readDescribed(text);
  if (described !== undefined)
    return { ...described, message: '', understood: [text.trim()], assumptions: [] };
  const source = sourceOf(text, locale);
  const gathered = gather(source.tokens, scan(source));
  const { used, left } = gathered;
  const zone = gathered.when.zone?.zone ?? timezone;
  const now = wallAt(context.now, zone);
  const other = used.length > 0 ? undefined : readOtherDate(text, source.tokens, source.language, now);
  const when =
    other === undefined
      ? gathered.when
      : { repeats: [], day: other.day, ...(other.clocks && { clocks: other.clocks }) };
  const desk: Desk = {
    now,
    locale,
    language: source.language,
    dayParts: { ...usualDayParts, ...context.dayParts },
    notes: [],
  };
  noteWords(desk, source, used, when);
  for (const { from, to } of left)
    note(desk, say(desk).left(text.slice(source.tokens[from]?.start, source.tokens[to - 1]?.end)));
  const unread = unreadRepeat(source, used, when);
  const answer = unread === undefined ? answerOf(desk, when) : none;
  if (unread !== undefined) note(desk, say(desk).unread(unread));
  if (answer.kind === 'none') {
    const assumptions = used.length === 0 && other === undefined ? [] : desk.notes;
    return { kind: 'none', timezone, message: withoutAsking(text, locale), understood: [], assumptions };
  }
  const spans = other === undefined ? spansOf(source.tokens, used) : [other];
  return {
    ...answer,
    timezone: zone,
    message: without(text, spans, locale),
    understood: spans.map(({ start, end }) => text.slice(start, end)),
    assumptions: desk.notes,
  };
}
