// What readings are made with: the moment and the place of a phrase, what was taken for granted so far, and the answers there are.
import { addDays, clockFrom, clockText } from './calendar.ts';
import type { Clock, DayPart } from './piece.ts';
import type { DayParts, Language, PhraseOption, PhraseRule } from './reading.ts';
import { instantText, placeOf, type Wall } from './wall.ts';
import { momentWords, words } from './words.ts';

/** What is known of when, before the text around it counts. */
export type Answer =
  | { kind: 'once' | 'recurring'; rule: PhraseRule; time?: string }
  | { kind: 'ambiguous'; options: PhraseOption[]; time?: string }
  | { kind: 'past'; options: PhraseOption[] }
  | { kind: 'none' };

export const none: Answer = { kind: 'none' };

export interface Desk {
  now: Wall;
  /** In which options and assumptions are worded. */
  locale: Language;
  /** In which the phrase is written. */
  language: Language;
  dayParts: DayParts;
  /** What was taken for granted. */
  notes: string[];
}

export const note = (desk: Desk, text: string): void => {
  if (!desk.notes.includes(text)) desk.notes.push(text);
};
export const say = (desk: Desk) => words[desk.locale];

/** What the clock on the wall shows, YYYY-MM-DD HH:MM[:SS]. */
export const wallOf = (date: string, clock: Clock): string => `${date} ${clockText(clock)}`;

const long = (wall: string): string => (wall.length === 16 ? `${wall}:00` : wall);
/** Whether a time of the wall clock is still to come. */
export const isAhead = ({ now }: Desk, date: string, clock: Clock): boolean =>
  long(wallOf(date, clock)) > `${now.date} ${now.time}`;

/** The instant of a time of the wall clock; in a gap the first after it. */
export function instantOf({ now }: Desk, wall: string): string {
  const place = placeOf(wall, now.timezone);
  if (place.is !== 'gap') return instantText(place.instant);
  const after = placeOf(place.after, now.timezone);
  return instantText(after.is === 'gap' ? now.instant.getTime() : after.instant);
}

export const onceAt = (desk: Desk, date: string, clock: Clock): PhraseOption => ({
  label: momentWords(date, clockText(clock), desk.locale, desk.now.date),
  kind: 'once',
  rule: { at: wallOf(date, clock) },
});

/** Once at a time of the wall clock. One that a change of clocks leaves out is asked about; of two the first is taken. */
export function answerOnce(desk: Desk, date: string, clock: Clock): Answer {
  const wall = wallOf(date, clock);
  const place = placeOf(wall, desk.now.timezone);
  if (place.is === 'gap') {
    note(desk, say(desk).gap(clockText(clock)));
    const [afterDate = date, afterTime = ''] = place.after.split(' ');
    return {
      kind: 'ambiguous',
      options: [onceAt(desk, afterDate, clockFrom(afterTime)), onceAt(desk, addDays(date, 1), clock)],
    };
  }
  if (place.is === 'twice') note(desk, say(desk).twice(clockText(clock)));
  return { kind: 'once', rule: { at: wall } };
}

/** The time of a part of the day, as the person has it. */
export function clockOfPart(desk: Desk, part: DayPart): Clock {
  note(desk, say(desk).part(part, desk.dayParts[part]));
  return clockFrom(desk.dayParts[part]);
}

/** A time of day in the part of the day that was said of it. */
export function inPart(clock: Clock, part: DayPart | undefined): Clock {
  if (part === undefined || clock.half === 'said' || clock.hour > 12) return clock;
  const { hour } = clock;
  const later = (): number => {
    if (part === 'morning') return hour % 12;
    if (part === 'afternoon') return hour === 12 ? 12 : hour + 12;
    if (part === 'evening') return hour === 12 ? 0 : hour + 12;
    return hour === 12 ? 0 : hour >= 6 ? hour + 12 : hour;
  };
  const made = later();
  return {
    ...clock,
    hour: made,
    half: 'said',
    ...(part !== 'morning' && made === 0 && clock.minute === 0 ? { isMidnight: true } : {}),
  };
}

/** An hour whose half of the day was not said is of the clock of 24 hours. */
export function settled(desk: Desk, clock: Clock): Clock {
  if (clock.half === 'asked' && clock.hour >= 1 && clock.hour <= 12)
    note(
      desk,
      say(desk).hour(
        clock.minute === 0 ? String(clock.hour) : `${clock.hour}:${String(clock.minute).padStart(2, '0')}`,
        clockText(clock),
      ),
    );
  return { ...clock, half: 'said' };
}

export const otherHalf = (clock: Clock): Clock => ({ ...clock, hour: (clock.hour + 12) % 24, half: 'said' });
