// Errors as people and programs read them over HTTP: problem details (RFC 9457), with the codes that every surface has. What was not
// raised on purpose is masked: the answer has the id of the request, under which the log has the cause.
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { fromCall } from '../client/call_error.ts';
import { isTransient } from '../db/pool.ts';
import {
  ChimeError,
  InvalidArgumentError,
  InvalidRuleError,
  NeverFiresError,
  NotAllowedError,
  NotAuthenticatedError,
  NotMigratedError,
} from '../errors.ts';

/** What went wrong with one field of a request. */
export interface FieldError {
  /** The field, with dots between its parts: `payload.text`. */
  path: string;
  message: string;
}

export interface Problem {
  /** Stable: what programs branch on where there is no code. */
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The code that the same error has on every surface; absent where it is one of HTTP alone. */
  code?: string;
  /** The request, as the log names it. */
  instance: string;
  /** What to do about it. */
  hint?: string;
  errors?: FieldError[];
  /** For programs: position in an expression, the revision that is there now, ... */
  details?: Record<string, unknown>;
}

/** An error of HTTP that is none of pgchime's own. */
export class HttpError extends Error {
  readonly status: number;
  readonly title: string;
  readonly hint: string | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    title: string,
    detail: string,
    info: { hint?: string; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, info.cause === undefined ? undefined : { cause: info.cause });
    this.status = status;
    this.title = title;
    this.hint = info.hint;
    this.headers = info.headers ?? {};
  }
}

/** Nobody is known of this request, so that the client should say who asks; with a token that was refused, how so. */
export function challengeOf(hasToken: boolean): string {
  return hasToken ? 'Bearer realm="pgchime", error="invalid_token"' : 'Bearer realm="pgchime"';
}

export interface Answer {
  problem: Problem;
  headers: Record<string, string>;
  /** Nobody foresaw it: the log has to say more than the answer does. */
  unexpected: boolean;
}

/**
 * What to answer to an error.
 * @param requestId names the request in answer and log
 */
export function problemOf(thrown: unknown, requestId: string): Answer {
  const error = understood(thrown);
  const instance = `urn:uuid:${requestId}`;
  if (error instanceof ChimeError && error.status !== 500) {
    const { name, code, status, message: detail, hint, detail: details } = error;
    const title = titleOf(name);
    const errors = fieldErrors(error);
    return {
      problem: {
        ...{ type: typeOf(title), title, status, detail, code, instance },
        ...(hint !== undefined && { hint }),
        ...(errors !== undefined && { errors }),
        ...(details !== undefined && { details }),
      },
      headers: error instanceof NotAuthenticatedError ? { 'www-authenticate': challengeOf(false) } : {},
      unexpected: false,
    };
  }
  if (error instanceof HttpError) {
    const { title, status, message: detail, hint, headers } = error;
    return {
      problem: {
        ...{ type: typeOf(title), title, status, detail, instance },
        ...(hint !== undefined && { hint }),
      },
      headers,
      unexpected: false,
    };
  }
  const title = 'Internal error';
  const detail =
    'Something went wrong that should not. The log of the server has the cause, under the id of this request.';
  return {
    problem: { type: typeOf(title), title, status: 500, detail, instance },
    headers: {},
    unexpected: true,
  };
}

/** An error in the class by which it is answered; one that is none of these as it is. */
function understood(thrown: unknown): unknown {
  if (thrown instanceof HttpError || thrown instanceof InvalidRequest) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const place = thrown.validationContext === 'querystring' ? 'query' : (thrown.validationContext ?? 'body');
    return new InvalidRequest(
      thrown.validation.flatMap(({ instancePath, message, keyword, params }) => {
        const path = instancePath.slice(1).replaceAll('/', '.');
        if (keyword !== 'unrecognized_keys')
          return { path: path || place, message: message ?? 'is not valid' };
        return (params as { keys: string[] }).keys.map((key) => ({
          path: [path, key.slice(0, 100)].filter(Boolean).join('.'),
          message: 'there is no such field',
        }));
      }),
    );
  }
  const { code, statusCode } = (thrown ?? {}) as Partial<FastifyError>;
  if (code === '42501') {
    return new NotAllowedError('Your role may not do that.', {
      hint: 'Reporters read; users and administrators of the tenant change what is theirs.',
      cause: thrown,
    });
  }
  // A schema that is not there: all that this server asks of is in those of pgchime.
  if (code === '3F000')
    return new NotMigratedError('The database has not been migrated.', {
      hint: 'Run: chime migrate',
      cause: thrown,
    });
  const error = fromCall(thrown);
  if (error instanceof ChimeError) return error;
  if (isTransient(error)) {
    return new HttpError(503, 'Service unavailable', 'The database cannot be reached, or is too busy.', {
      hint: 'Try again in a few seconds.',
      headers: { 'retry-after': '5' },
      cause: error,
    });
  }
  return statusCode !== undefined && statusCode < 500 ? ofFramework(error as FastifyError) : error;
}

/** Requests that do not have the form that the schema of their route wants. */
class InvalidRequest extends InvalidArgumentError {
  readonly errors: FieldError[];
  constructor(errors: FieldError[]) {
    const [first] = errors;
    const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(first === undefined ? 'The request is not valid.' : `${first.path}: ${first.message}${rest}`);
    this.name = 'InvalidArgumentError';
    this.errors = errors;
  }
}

/** The titles of what the framework refuses by itself. */
const frameworkTitles: Record<number, string> = {
  400: 'Malformed request',
  404: 'Not found',
  413: 'Request too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  429: 'Too many requests',
};

function ofFramework(error: FastifyError): HttpError {
  const status = error.statusCode ?? 400;
  return new HttpError(status, frameworkTitles[status] ?? 'Refused', `${error.message.replace(/\.$/, '')}.`, {
    cause: error,
    ...(status === 415 && { hint: 'Send JSON, with the header content-type: application/json.' }),
  });
}

/** `ScheduleNotFoundError` is "Schedule not found". */
function titleOf(name: string): string {
  const words = name.replace(/Error$/, '').replace(/(?<!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return words;
}

function typeOf(title: string): string {
  return `urn:pgchime:problem:${title.toLowerCase().replaceAll(' ', '-')}`;
}

const ruleCodes: ReadonlySet<string> = new Set([InvalidRuleError.code, NeverFiresError.code]);

/** What columns are called in the fields of a task. */
const restNames: Readonly<Record<string, string>> = {
  cron: 'cron_expression',
  at: 'scheduled_at',
  starts_at: 'scheduled_at',
};

function fieldErrors(error: ChimeError): FieldError[] | undefined {
  if (error instanceof InvalidRequest) return error.errors;
  const { field, path } = error.detail ?? {};
  const where = typeof path === 'string' ? path : field;
  if (typeof where !== 'string') return undefined;
  // A field of a rule is one within its expression: hour, day-of-month.
  if (ruleCodes.has(error.code)) return [{ path: restNames.cron as string, message: error.message }];
  return [{ path: restNames[where] ?? where, message: error.message }];
}
