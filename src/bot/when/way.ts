// What the ways to say when are made of, whatever the language.

/** A rule as schedules have it: one of the three. */
export interface Rule {
  cron?: string;
  /** An interval of Postgres. */
  every?: string;
  /** On the wall clock of the person's zone, or with an offset. */
  at?: string;
}

/** When something was said. */
export interface Moment {
  instant: Date;
  /** What the calendar and the clock of the person showed: YYYY-MM-DD and HH:MM. */
  date: string;
  time: string;
}

/** What a way to say it has found: a rule, or a time of day for which the day is open. */
export type Found = { rule: Rule; time?: string } | { clock: string; isVague: boolean };

/** One way to say when: what it looks like, and what it means; undefined where it means nothing after all. */
export interface Way {
  pattern: RegExp;
  read(groups: Record<string, string | undefined>, now: Moment): Found | undefined;
}

/** What is left of a text in its language without the words that only ask for a reminder. */
export type Rest = (text: string) => string;
