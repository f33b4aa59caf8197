// What the bot is about to do, as it is kept between two messages. It is JSON in the database: who adds a kind has to think of the drafts
// that an older version has left there; they expire after fifteen minutes.
import type { SentDocument } from './dialogue.ts';
import type { Found } from './phrase.ts';

/** What somebody has written that cannot be read before their time zone is known. */
export interface Pending {
  text: string;
  /** When it was said, as ISO text. */
  saidAt: string;
  /** An invitation, in the place of the text. */
  document?: SentDocument;
}

/** A tool, by its name, and what it is to be called with. */
export interface ToolCall {
  tool: string;
  input: Record<string, unknown>;
}

export type Draft =
  /** A time zone; `then` is what it is needed for. */
  | { awaits: 'zone'; options: string[]; then?: Pending }
  /** What becomes of schedules that repeat, now that the zone has changed. */
  | { awaits: 'keep'; zone: string; old: string }
  | { awaits: 'when'; what: string }
  | { awaits: 'what'; found: Found }
  /** Which of several times is meant. */
  | { awaits: 'choice'; what: string; ways: Found[] }
  /** That a new schedule is right; `text` is what it was read from. */
  | { awaits: 'confirm'; what: string; found: Found; text: string }
  /** How a schedule shall be changed. */
  | { awaits: 'edit'; scheduleId: string; revision: number }
  | { awaits: 'confirm_edit'; scheduleId: string; revision: number; patch: Record<string, unknown> }
  /** That what the language model would do is right. */
  | { awaits: 'calls'; calls: ToolCall[] }
  /** Which of several times is meant in something that the language model would do. */
  | { awaits: 'option'; call: ToolCall; options: Record<string, unknown>[] }
  /** When a person wants to be asked how they are. */
  | { awaits: 'check_in_time' }
  /** The town whose weather concerns them. */
  | { awaits: 'place' }
  | { awaits: 'forget' };
