// What asks a language model for tasks of the type agent. pgchime has one of its own where a model is configured; an application may give
// the worker another.
import type pg from 'pg';

/** The user who owns a run. */
export interface RunOwner {
  userId: string;
  /** The time zone of the person; null where it is not known. */
  timezone: string | null;
  /** A language tag; null where it is not known. */
  locale: string | null;
  /** Where the run's output goes; null where nobody has named a place. */
  channelMappingId: string | null;
}

/**
 * Does work in one transaction as the user who owns the run, under row-level security.
 * @throws NotAllowedError (CH042) where nobody owns the run, the owner is blocked, or the attempt is over
 */
export type ActAsOwner = <T>(work: (client: pg.ClientBase, owner: RunOwner) => Promise<T>) => Promise<T>;

/** What an answer has taken. */
export interface AgentUsage {
  /** Which model answered. */
  model: string;
  inputTokens: number;
  outputTokens: number;
  /** Requests to the model. */
  steps: number;
  /** The tools that it has called, or has tried to, in order. */
  tools: { name: string; error?: string }[];
}

/** How a model is asked. */
export interface AgentOptions {
  signal: AbortSignal;
  traceparent: string;
  /** Who the model is to be; it stands above the prompt. */
  instructions?: string;
  /** What others wrote, and the prompt speaks of: marked as data, which is not obeyed. */
  data?: string;
  /** Names of tools that it may call, of `toolNames`; none by default. They act as the owner of the run. */
  tools?: readonly string[];
  /** Limits; those that are configured hold beside them. */
  maxTokens?: number;
  maxSteps?: number;
  timeoutMs?: number;
  /** Told what the answer has taken, also where there is none. */
  onUsage?(usage: AgentUsage): void;
  /** How tools act; workers add it. */
  actAsOwner?: ActAsOwner;
}

/** What asks a language model, for tasks of the type agent. */
export interface AgentPort {
  /** The tools that it can give to a model; none where it does not say. */
  readonly toolNames?: readonly string[];
  /**
   * Asks; resolves with what it says.
   * @throws ModelFailedError (CH051) where there is no answer
   */
  ask(prompt: string, options: AgentOptions): Promise<string>;
}
