// Calling a tool with arguments that somebody else made up: they are checked, and what is refused is said to programs and to people.
import type { z } from 'zod';
import { fromCall } from '../../client/call_error.ts';
import { isTransient } from '../../db/pool.ts';
import { ChimeError, InvalidArgumentError, NotAllowedError } from '../../errors.ts';
import type { Language } from '../phrases/reading.ts';
import { quoted, type TextKey, text } from './texts/texts.ts';
import type { Tool, ToolAnswer, ToolContext } from './tool.ts';

/** Why a tool did nothing. */
export interface ToolError {
  /** The code that the same error has on every surface (CH001 ...); `unavailable` where the database cannot be reached. */
  code: string;
  /** What is wrong. */
  what: string;
  /** What to do about it. */
  hint?: string;
  /** For programs: the field, the position in an expression. */
  details?: Record<string, unknown>;
}

export type ToolResult = ({ ok: true } & ToolAnswer) | { ok: false; error: ToolError; say: string };

/**
 * Checks the arguments, and does what the tool does.
 * @param args what a model or a program gave
 * @throws what nobody foresaw, for the log; everything else is an answer
 */
export async function callTool(tool: Tool, args: unknown, context: ToolContext): Promise<ToolResult> {
  try {
    const { data, say } = await tool.run(argumentsOf(tool, args), context);
    return { ok: true, data, say };
  } catch (thrown) {
    const refused = refusalOf(thrown, context.locale);
    if (refused === undefined) throw thrown;
    return refused;
  }
}

/** An error as tools answer it; undefined for what nobody foresaw. */
export function refusalOf(thrown: unknown, locale: Language): ToolResult | undefined {
  const error = understood(thrown);
  return error && { ok: false, error, say: said(error, locale) };
}

function argumentsOf(tool: Tool, args: unknown): z.output<Tool['input']> {
  const parsed = tool.input.safeParse(args ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map(({ path, message }) => {
    const where = path.map(String).join('.').slice(0, 100);
    return where === '' ? message.slice(0, 300) : `${where}: ${message.slice(0, 300)}`;
  });
  throw new InvalidArgumentError(`The arguments of ${tool.name} are wrong. ${issues.join('; ')}.`, {
    hint: 'Call again with arguments that fit the schema of the tool.',
    detail: { field: parsed.error.issues[0]?.path.map(String).join('.') ?? '' },
  });
}

function understood(thrown: unknown): ToolError | undefined {
  if ((thrown as { code?: unknown } | null)?.code === '42501') {
    return errorOf(
      new NotAllowedError('Your role may not do that.', {
        hint: 'Reporters read; users and administrators change what is theirs.',
      }),
    );
  }
  const error = fromCall(thrown);
  if (error instanceof ChimeError && error.status < 500) return errorOf(error);
  if (isTransient(error) || (error instanceof ChimeError && error.status === 503))
    return {
      code: 'unavailable',
      what: 'The database cannot be reached, or is too busy.',
      hint: 'Try again in a few seconds.',
    };
  return undefined;
}

const errorOf = ({ code, message, hint, detail }: ChimeError): ToolError => ({
  ...{ code, what: message },
  ...(hint !== undefined && { hint }),
  ...(detail !== undefined && { details: detail }),
});

const sentences: Readonly<Record<string, TextKey>> = {
  CH010: 'notFound',
  CH011: 'runNotFound',
  CH012: 'changedMeanwhile',
  CH042: 'notAllowed',
  unavailable: 'unavailable',
};

function said({ code, what }: ToolError, locale: Language): string {
  const key = sentences[code];
  return key === undefined ? text(locale, 'refused', { what: quoted(what, 300) }) : text(locale, key);
}
