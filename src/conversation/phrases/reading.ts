// What a phrase is taken for: a rule that is complete, or what has to be asked. Nothing here knows a language.

export type Language = 'en' | 'ru';

/** When a phrase was said, where, and what its words are worth there. */
export interface PhraseContext {
  now: Date;
  /** An IANA time zone. */
  timezone: string;
  /** The language to try first, and to word options in. */
  locale: Language;
  /** What "in the morning" and the like are to the person, HH:MM; what is not given is as most have it. */
  dayParts?: Partial<DayParts>;
}

export interface DayParts {
  morning: string;
  afternoon: string;
  evening: string;
  night: string;
}

/** A rule with the arguments of chime.create_schedule: one of cron, every, rrule and at, and what belongs to it. */
export interface PhraseRule {
  cron?: string;
  /** An interval of Postgres; with anchor, counted from there. */
  every?: string;
  /** An instant, or YYYY-MM-DD HH:MM[:SS] on the clock of the zone. */
  anchor?: string;
  /** RRULE of RFC 5545, DTSTART in front where it counts from a day. */
  rrule?: string;
  /** An instant with Z where it was counted from now, else YYYY-MM-DD HH:MM[:SS] on the clock of the zone. */
  at?: string;
  starts_at?: string;
  ends_at?: string;
  max_runs?: number;
}

/** One way to take a phrase that can be taken in several. */
export interface PhraseOption {
  /** A few words for a button, in the language of the context. */
  label: string;
  kind: 'once' | 'recurring';
  rule: PhraseRule;
}

interface Understood {
  /** The zone that times are read in: one that the phrase names, else that of the context. */
  timezone: string;
  /** All else that was written: what it is about. */
  message: string;
  /** The words that say when, as they were written. */
  understood: string[];
  /** What was taken for granted, in the language of the context; for people. */
  assumptions: string[];
}

export type Reading = Understood &
  (
    | {
        kind: 'once' | 'recurring';
        rule: PhraseRule;
        /** HH:MM, where nothing but a time of day was said. */
        time?: string;
      }
    /** Two to four ways to take it, none more likely than the others. */
    | { kind: 'ambiguous'; options: PhraseOption[]; time?: string }
    /** What was named is over; the next that may be meant, if any. */
    | { kind: 'past'; options: PhraseOption[] }
    /** Nothing was said of when, or what cannot be. */
    | { kind: 'none' }
  );
