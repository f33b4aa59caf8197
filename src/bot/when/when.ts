// From what somebody has written to when it is meant: a rule, a question where two are as likely, or nothing. This reads the plain ways to
// say it, and nothing clever. Days are counted on the calendar; what instant that is, in which zone, is for the database to say.
import { dayAfter } from './clock.ts';
import { readCron } from './cron.ts';
import { english } from './english.ts';
import { russian } from './russian.ts';
import type { Moment, Rule } from './way.ts';

export type { Moment, Rule } from './way.ts';

export interface WhenContext {
  now: Moment;
  timezone: string;
  locale: 'en' | 'ru';
}

export interface Choice {
  day: 'today' | 'tomorrow';
  time: string;
  rule: Rule;
}

export type Reading =
  /** `time` where nothing but a time of day was said; `what` is all else that was written. */
  | { kind: 'rule'; rule: Rule; time?: string; phrase: string; what: string }
  | { kind: 'question'; choices: Choice[]; time: string; phrase: string; what: string }
  | { kind: 'none' };

/** The next day on which the clock has not passed that time yet. */
const nextDay = (time: string, now: Moment): Choice['day'] => (time > now.time ? 'today' : 'tomorrow');

const choice = (time: string, now: Moment): Choice => {
  const day = nextDay(time, now);
  return { day, time, rule: { at: `${day === 'today' ? now.date : dayAfter(now.date, 1)} ${time}` } };
};

function choicesOf(clock: string, now: Moment): Choice[] {
  const [hour = 0, minutes] = [Number(clock.slice(0, 2)), clock.slice(2)];
  const other = `${String((hour + 12) % 24).padStart(2, '0')}${minutes}`;
  return [choice(clock, now), choice(other, now)].sort((a, b) =>
    (a.rule.at as string).localeCompare(b.rule.at as string),
  );
}

/** Reads when something is meant; what is not that is what it is about. */
export function readWhen(text: string, { now, locale }: WhenContext): Reading {
  const cron = readCron(text);
  if (cron !== undefined)
    return { kind: 'rule', rule: { cron: cron.cron }, phrase: cron.cron, what: cron.rest.trim() };
  // People write in the one language and have the other set: their own first, then the other.
  const languages = locale === 'ru' ? [russian, english] : [english, russian];
  for (const { ways, rest } of languages) {
    for (const { pattern, read } of ways) {
      const match = pattern.exec(text);
      const found = match === null ? undefined : read(match.groups ?? {}, now);
      if (match === null || found === undefined) continue;
      const phrase = match[0].trim();
      const what = rest(`${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`);
      if ('rule' in found) return { kind: 'rule', ...found, phrase, what };
      if (found.isVague)
        return { kind: 'question', choices: choicesOf(found.clock, now), time: found.clock, phrase, what };
      return { kind: 'rule', rule: choice(found.clock, now).rule, time: found.clock, phrase, what };
    }
  }
  return { kind: 'none' };
}

/** What a text is about where it says nothing of when. */
export function withoutAsking(text: string, locale: 'en' | 'ru'): string {
  const [first, second] = locale === 'ru' ? [russian, english] : [english, russian];
  return second.rest(first.rest(text));
}
