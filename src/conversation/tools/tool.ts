// What a tool is, whoever calls it: the model of the bot, a task, or a program over MCP. It acts as the speaker, whose rights the database
// knows; where its output goes is the conversation's, and no argument.
import type { z } from 'zod';
import type { Chime } from '../../client/chime.ts';
import type { Language, PhraseContext, Reading } from '../phrases/reading.ts';

/** Reads when a phrase is meant, and what it is about. */
export type ReadPhrase = (phrase: string, context: PhraseContext) => Reading;

/** The database, as the speaker may use it. */
export interface ToolActing {
  chime: Chime;
  /** Rows of a statement, with the names of TypeScript. */
  rows<T>(text: string, values?: unknown[]): Promise<T[]>;
}

export interface ToolContext {
  /** One transaction as the speaker. */
  act<T>(work: (acting: ToolActing) => Promise<T>): Promise<T>;
  /** The speaker's time zone; null where it is not known, and has to be named. */
  timezone: string | null;
  locale: Language;
  /** What the parts of the day are to the speaker, where they have said. */
  dayParts?: PhraseContext['dayParts'];
  /** The conversation that it is said in: schedules deliver there. Null where there is none. */
  channelMappingId: string | null;
  /** The user that is spoken with, where a person is. */
  userId: string | null;
  /** Asks the person to choose among options, where whoever calls can; answers which, or undefined. */
  choose?(question: string, labels: readonly string[]): Promise<number | undefined>;
  /** Whether the speaker may create schedules, where more than the database decides that, as in a group. */
  mayCreate?(): Promise<boolean>;
  /** Whether the speaker may change a schedule that they see, where more than the database decides that. */
  mayChange?(scheduleId: string): Promise<boolean>;
  /** Told of each schedule that was created, in the transaction that did it. */
  created?(scheduleId: string): Promise<void>;
}

/** What a tool answers: data for programs, and one sentence to repeat to a person, in their language. */
export interface ToolAnswer {
  data: Record<string, unknown>;
  say: string;
  /** It is a question: nothing was done, and the person has to answer first. `data.status` says what about. */
  kind?: 'asked';
}

export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: Output;
  /** It changes nothing. */
  readOnly: boolean;
  /** What it does may be hard to take back. */
  destructive: boolean;
  /** Called again with the same arguments it does nothing more. */
  idempotent: boolean;
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer>;
}
