// What a language model is to the rest of pgchime: it is asked, and answers with text, or says why not. It proposes: whatever it does, it
// does by tools, which act under the rights of the speaker, and its own mistakes are answers, never exceptions.
import type { Tool, ToolAnswer, ToolContext } from '../tools/tool.ts';

/** One part of what is said to the model, in order. */
export type ModelMessage =
  /** Of the one who asks. */
  | { role: 'speaker'; text: string }
  /** Of the model itself, or of the bot, earlier. */
  | { role: 'assistant'; text: string }
  /** What others wrote: outputs, pages, messages of others. It is marked as data; `source` says in a few words what it is. */
  | { role: 'data'; source: string; text: string };

export interface ModelLimits {
  /** Tokens that it may write, over all steps. */
  maxOutputTokens?: number;
  /** Requests to the model; each but the first is there because it has called tools. */
  maxSteps?: number;
  /** Calls of tools, those that were refused or do not fit included. */
  maxToolCalls?: number;
  /** For all steps and the tools between them. */
  timeoutMs?: number;
}

export interface ModelTools {
  tools: readonly Tool[];
  context: ToolContext;
  /** Whether a tool may be called with this input; by default all that are not destructive. */
  mayCall?(tool: Tool, input: unknown): boolean | Promise<boolean>;
  /** Whether the model is done after this answer of a tool, and somebody else goes on; by default it never is. */
  endsWith?(answer: ToolAnswer): boolean;
}

export interface ModelRequest {
  instructions: string;
  messages: readonly ModelMessage[];
  /** What it may call; nothing by default. */
  toolbox?: ModelTools;
  /** What is less than the configuration has it; more is never given. */
  limits?: ModelLimits;
  signal?: AbortSignal;
}

/** A call that the model has asked for. */
export interface ModelToolCall {
  name: string;
  input: unknown;
  /** What the tool answered; undefined where it did not. */
  answer?: ToolAnswer;
  /** What the model was told in the place of an answer. */
  error?: string;
  /** What the tool has thrown. */
  cause?: unknown;
  /** It was not called, because `mayCall` did not let it. */
  withheld?: true;
}

export interface ModelUsage {
  inputTokens: number;
  outputTokens: number;
  steps: number;
}

export type FailureReason =
  /** The server, or what lies before it, has failed, or what it answers cannot be read. */
  | 'error'
  | 'timeout'
  /** The model, or its provider, does not want to. */
  | 'refused'
  /** Nothing that could be used: no text and no tool. */
  | 'nonsense'
  /** It needs more steps, tokens, calls or bytes than it has. */
  | 'limits'
  /** The key is wrong, or may not use this model. */
  | 'unauthorized'
  /** Too much was asked of it lately. */
  | 'throttled';

interface Asked {
  /** In the order in which they ended. What they did stays done, whatever became of the answer. */
  toolCalls: readonly ModelToolCall[];
  usage: ModelUsage;
}

export type ModelAnswer = Asked &
  (
    | { kind: 'answered'; text: string }
    | {
        kind: 'failed';
        reason: FailureReason;
        /** For operators, on one line, without secrets. */
        detail: string;
        /** Whether the same may go well later. */
        transient: boolean;
        /** When the server wants to be asked again, in milliseconds from now. */
        retryAfterMs?: number;
      }
  );

export interface ModelPort {
  /** The name of the model, for records. */
  readonly name: string;
  /**
   * Asks. One try: who asks decides whether there is another.
   * @throws whatever `signal` was aborted with, and nothing for what a model, a server or a tool does
   */
  ask(request: ModelRequest): Promise<ModelAnswer>;
}
