// How a command fails: what, why, and what to do next; a stack trace only when asked for. Exit codes: 0 ok, 1 failed,
// 2 what was typed is wrong, 3 not found.
import { ChimeError } from '../errors.ts';
import { forTerminal, json, paint } from './output.ts';

/** What was typed does not make sense. */
export class UsageError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

const inputCodes = new Set(['CH001', 'CH002', 'CH003', 'CH004', 'CH005', 'CH006', 'CH007', 'CH032']);
const notFoundCodes = new Set([
  'CH010',
  'CH011',
  'CH014',
  'CH015',
  'CH016',
  'CH017',
  'CH018',
  'CH019',
  'CH023',
  'CH024',
]);

export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  if (error instanceof UsageError) return 2;
  if (!(error instanceof ChimeError)) return 1;
  if (notFoundCodes.has(error.code)) return 3;
  return inputCodes.has(error.code) ? 2 : 1;
}

/** What to say about an error that is none of ours: usually the database cannot be reached. */
function explain(error: Error & { code?: unknown }): { message: string; hint?: string } {
  // A refused connection to a name with several addresses comes as several errors in one, which has no message.
  const inner = error instanceof AggregateError ? (error.errors[0] as Error & { code?: unknown }) : error;
  switch (inner.code) {
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'ETIMEDOUT':
      return {
        message: `The database cannot be reached: ${inner.message}.`,
        hint: 'Check DATABASE_URL (--database-url); chime doctor looks closer.',
      };
    case '28P01':
    case '28000':
      return {
        message: `The database does not let us in: ${inner.message}.`,
        hint: 'Check user and password in DATABASE_URL.',
      };
    case '3D000':
      return {
        message: `${inner.message}.`,
        hint: 'Create the database first, or check its name in DATABASE_URL.',
      };
    case '3F000':
    case '42P01':
    case '42883':
      return {
        message: `The database is not at this version of pgchime: ${inner.message}.`,
        hint: 'Run chime doctor, which says whether the database or the program is behind.',
      };
    default:
      return { message: inner.message || String(error) };
  }
}

/** Prints an error to standard error. */
export function printError(error: unknown, { asJson, debug }: { asJson: boolean; debug: boolean }): void {
  const own = error instanceof ChimeError ? error : undefined;
  const { message, hint } =
    own ??
    (error instanceof UsageError
      ? error
      : explain(error instanceof Error ? error : new Error(String(error))));
  if (asJson) {
    const code = own?.code ?? (error as { code?: unknown }).code;
    process.stderr.write(json({ error: { code, message, hint, detail: own?.detail } }));
  } else {
    process.stderr.write(
      `${paint('red', 'error:', process.stderr)} ${forTerminal(message, process.stderr)}\n`,
    );
    if (hint !== undefined) process.stderr.write(`  ${hint}\n`);
  }
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
