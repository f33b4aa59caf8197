// The errors of pgchime: one SQLSTATE, one class, one HTTP status each. SQL raises the same codes (sql/00_errors.sql);
// sql/README.md lists them for readers.

import type { RunWithOutput } from './client/types.ts';

/** What an error carries beside its message. */
export interface ErrorInfo {
  /** What to do about it. */
  hint?: string | undefined;
  /** For programs: position in an expression, path in a payload, options to choose from. */
  detail?: Record<string, unknown> | undefined;
  cause?: unknown;
}

/** Any error that pgchime raises on purpose. */
export class ChimeError extends Error {
  static readonly code: string = 'CH000';
  static readonly status: number = 500;
  /** SQLSTATE, stable: what programs branch on. */
  readonly code: string;
  /** The HTTP status that REST answers with. */
  readonly status: number;
  readonly hint: string | undefined;
  readonly detail: Record<string, unknown> | undefined;

  constructor(message: string, info: ErrorInfo = {}) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    const type = new.target as typeof ChimeError;
    this.name = type.name;
    this.code = type.code;
    this.status = type.status;
    this.hint = info.hint;
    this.detail = info.detail;
  }
}

/** A rule cannot be read: cron expression, interval or date. */
export class InvalidRuleError extends ChimeError {
  static override readonly code = 'CH001';
  static override readonly status = 400;
}
/** A rule that would never fire. */
export class NeverFiresError extends ChimeError {
  static override readonly code = 'CH002';
  static override readonly status = 400;
}
/** A time zone that does not exist. */
export class UnknownTimezoneError extends ChimeError {
  static override readonly code = 'CH003';
  static override readonly status = 400;
}
/** A time that is over. */
export class PastTimeError extends ChimeError {
  static override readonly code = 'CH004';
  static override readonly status = 400;
}
/** A task that no worker has registered. */
export class UnknownTaskError extends ChimeError {
  static override readonly code = 'CH005';
  static override readonly status = 400;
}
/** A payload that does not fit its task. */
export class InvalidPayloadError extends ChimeError {
  static override readonly code = 'CH006';
  static override readonly status = 400;
}
/** A value that is out of range, or a field that does not exist. */
export class InvalidArgumentError extends ChimeError {
  static override readonly code = 'CH007';
  static override readonly status = 400;
}
/** There is no such schedule. */
export class ScheduleNotFoundError extends ChimeError {
  static override readonly code = 'CH010';
  static override readonly status = 404;
}
/** There is no such run. */
export class RunNotFoundError extends ChimeError {
  static override readonly code = 'CH011';
  static override readonly status = 404;
}
/** Somebody else changed it meanwhile. */
export class RevisionConflictError extends ChimeError {
  static override readonly code = 'CH012';
  static override readonly status = 409;
}
/** Not possible in this state: it is cancelled, finished, or running. */
export class IllegalStateError extends ChimeError {
  static override readonly code = 'CH013';
  static override readonly status = 409;
}
/** No such event handler, or several of that name. */
export class EventHandlerNotFoundError extends ChimeError {
  static override readonly code = 'CH014';
  static override readonly status = 404;
}
/** There is no such user. */
export class UserNotFoundError extends ChimeError {
  static override readonly code = 'CH015';
  static override readonly status = 404;
}
/** There is no such tenant. */
export class TenantNotFoundError extends ChimeError {
  static override readonly code = 'CH016';
  static override readonly status = 404;
}
/** There is no such API token. */
export class ApiTokenNotFoundError extends ChimeError {
  static override readonly code = 'CH017';
  static override readonly status = 404;
}
/** There is no such channel mapping, or no such session. */
export class ChannelMappingNotFoundError extends ChimeError {
  static override readonly code = 'CH018';
  static override readonly status = 404;
}
/** There is no such delivery. */
export class DeliveryNotFoundError extends ChimeError {
  static override readonly code = 'CH019';
  static override readonly status = 404;
}
/** The worker was taken for dead and must stop. */
export class LeaseLostError extends ChimeError {
  static override readonly code = 'CH020';
  static override readonly status = 409;
}
/** A report that is not one statement that reads. */
export class InvalidReportError extends ChimeError {
  static override readonly code = 'CH021';
  static override readonly status = 400;
}
/** An invariant of the database was about to be broken. */
export class InvariantError extends ChimeError {
  static override readonly code = 'CH022';
  static override readonly status = 409;
}
/** There is no such meeting. */
export class MeetingNotFoundError extends ChimeError {
  static override readonly code = 'CH023';
  static override readonly status = 404;
}
/** There is no such calendar feed. */
export class CalendarFeedNotFoundError extends ChimeError {
  static override readonly code = 'CH024';
  static override readonly status = 404;
}
/** The database belongs to a newer version of pgchime. */
export class NewerDatabaseError extends ChimeError {
  static override readonly code = 'CH030';
  static override readonly status = 503;
}
/** The database has not been migrated, or cannot be. */
export class NotMigratedError extends ChimeError {
  static override readonly code = 'CH031';
  static override readonly status = 503;
}
/** A setting that is wrong. */
export class InvalidConfigError extends ChimeError {
  static override readonly code = 'CH032';
  static override readonly status = 500;
}
/** The embedded Postgres cannot be started. */
export class EmbeddedPostgresError extends ChimeError {
  static override readonly code = 'CH033';
  static override readonly status = 503;
}
/** A request to an address that is not public. */
export class BlockedAddressError extends ChimeError {
  static override readonly code = 'CH040';
  static override readonly status = 403;
}

/** Nobody that may sign in: a token that is wrong, over or revoked, a user who is blocked, a tenant that does not exist. */
export class NotAuthenticatedError extends ChimeError {
  static override readonly code = 'CH041';
  static override readonly status = 401;
}
/** Only administrators of the tenant may do that. */
export class NotAllowedError extends ChimeError {
  static override readonly code = 'CH042';
  static override readonly status = 403;
}

/** What a program waited for has come to another end than success; `run` is what became of it. */
export class RunFailedError extends ChimeError {
  static override readonly code = 'CH050';
  static override readonly status = 409;
  readonly run: RunWithOutput | undefined;

  constructor(message: string, { run, ...info }: ErrorInfo & { run?: RunWithOutput } = {}) {
    super(message, info);
    this.run = run;
  }
}

/** A language model has given no answer that can be used; `detail` says why, whether that may pass, and when to ask again. */
export class ModelFailedError extends ChimeError {
  static override readonly code = 'CH051';
  static override readonly status = 502;
}

/** Every class by its code; the test of it holds SQL, this list and sql/README.md against each other. */
export const errorClasses: ReadonlyMap<string, typeof ChimeError> = new Map(
  [
    InvalidRuleError,
    NeverFiresError,
    UnknownTimezoneError,
    PastTimeError,
    UnknownTaskError,
    InvalidPayloadError,
    InvalidArgumentError,
    ScheduleNotFoundError,
    RunNotFoundError,
    RevisionConflictError,
    IllegalStateError,
    EventHandlerNotFoundError,
    UserNotFoundError,
    TenantNotFoundError,
    ApiTokenNotFoundError,
    ChannelMappingNotFoundError,
    DeliveryNotFoundError,
    LeaseLostError,
    InvalidReportError,
    InvariantError,
    MeetingNotFoundError,
    CalendarFeedNotFoundError,
    NewerDatabaseError,
    NotMigratedError,
    InvalidConfigError,
    EmbeddedPostgresError,
    BlockedAddressError,
    NotAuthenticatedError,
    NotAllowedError,
    RunFailedError,
    ModelFailedError,
  ].map((type) => [type.code, type]),
);

/** Turns an error of the database that carries one of our codes into its class; leaves any other as it is. */
export function fromDatabase(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ChimeError) return error;
  const { code, hint, detail } = error as Error & { code?: unknown; hint?: string; detail?: string };
  const type = typeof code === 'string' ? errorClasses.get(code) : undefined;
  if (type === undefined) return error;
  return new type(error.message, { hint: hint || undefined, detail: parseDetail(detail), cause: error });
}

function parseDetail(detail: string | undefined): Record<string, unknown> | undefined {
  if (!detail) return undefined;
  try {
    return JSON.parse(detail) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
