// Instants as a sentence has them: the date and time that the clock of the zone shows, with its offset where that comes twice.
import { map, opt, pattern, type Reader, seq } from './reader.ts';

export interface SaidInstant {
  /** YYYY-MM-DD */
  date: string;
  /** HH:MM[:SS[.ffffff]] */
  time?: string;
  /** In seconds, where the time comes twice. */
  offset?: number;
}

const offset = map(
  pattern(' \\(UTC([+-])(\\d\\d):(\\d\\d)(?::(\\d\\d))?\\)'),
  ([, sign, hours, minutes, seconds = '0']) => {
    const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? -size : size;
  },
);

export const time: Reader<string> = map(pattern('\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?'), ([said]) => said);

/** 2026-01-05, or 05.01.2026. */
export const date: Reader<string> = map(
  pattern('(?:(\\d{4,})-(\\d\\d)-(\\d\\d)|(\\d\\d)\\.(\\d\\d)\\.(\\d{4,}))'),
  ([, year, month, day, otherDay, otherMonth, otherYear]) =>
    `${year ?? otherYear}-${month ?? otherMonth}-${day ?? otherDay}`,
);

export const foldOffset: Reader<number | undefined> = opt(offset);

/** 2026-01-05 09:00. */
export const saidInstant: Reader<SaidInstant> = map(
  seq(date, pattern(' '), time, foldOffset),
  ([day, , clock, shift]) => ({ date: day, time: clock, ...(shift !== undefined && { offset: shift }) }),
);
