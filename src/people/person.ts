// The person whose run it is, as handlers may know them.

/** Something that is remembered of a person. */
export interface Remembered {
  text: string;
  /** When it was learnt, as ISO 8601 has it. */
  at: string;
}

/** Who owns a run. */
export interface Person {
  name: string | null;
  /** A language tag; null where it is not known. */
  locale: string | null;
  /** IANA time zone: their own, or that of their tenant. */
  timezone: string;
  /** What their clock shows: YYYY-MM-DD HH:MM. */
  localTime: string;
  /** The town whose weather concerns them. */
  place: string | null;
  /** What is remembered of them, the newest last. */
  context: { facts: Remembered[]; situations: Remembered[] };
  /** Of a check-in: why it is not wanted any more. */
  unwanted: string | null;
}
