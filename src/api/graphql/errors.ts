// What a client is told of an error: ours with a code that stays, message, hint and details; what it did wrong, clearly; everything else
// only by an id, under which the log has it.
import { randomUUID } from 'node:crypto';
import 'postgraphile';
import { isSafeError } from 'postgraphile/grafast';
import { defaultMaskError } from 'postgraphile/grafserv';
import { GraphQLError } from 'postgraphile/graphql';
import { fromCall } from '../../client/call_error.ts';
import { isTransient } from '../../db/pool.ts';
import { ChimeError, fromDatabase, NotAllowedError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { errorName } from './error_names.ts';

/** The extensions of an error of ours. */
export function extensionsOf(error: ChimeError): Record<string, unknown> {
  const type = error.constructor as typeof ChimeError;
  return {
    code: errorName(type),
    sqlstate: error.code,
    status: error.status,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.detail === undefined ? {} : { details: error.detail }),
  };
}

const codeOf = (error: unknown) => (error as { code?: unknown } | null)?.code;

/** The error of ours that this is, if it is one: raised by SQL, refused by it for want of rights, or a value that it cannot read. */
function ourError(error: unknown): ChimeError | undefined {
  if (codeOf(error) === '42501') {
    return new NotAllowedError('You may not do that.', {
      hint: 'It takes the role of an administrator.',
      cause: error,
    });
  }
  const known = fromCall(error);
  return known instanceof ChimeError ? known : undefined;
}

/** What is neither ours nor the client's fault, but no defect either: it may be tried again. */
function passing(error: unknown): Record<string, unknown> | undefined {
  if (codeOf(error) === '57014') {
    return { code: 'TIMEOUT', status: 503, hint: 'Ask for less: a smaller page, a shorter range of time.' };
  }
  return isTransient(error)
    ? { code: 'UNAVAILABLE', status: 503, hint: 'Try again in a moment.' }
    : undefined;
}

/** The same error, with what the client is told of it. */
function said(error: GraphQLError, message: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, {
    ...(error.nodes === undefined ? {} : { nodes: error.nodes }),
    ...(error.source === undefined ? {} : { source: error.source }),
    ...(error.positions === undefined ? {} : { positions: error.positions }),
    ...(error.path === undefined ? {} : { path: error.path }),
    extensions,
  });
}

/** For a server that is not ours: what pgchime raises is told, all else is masked as PostGraphile does it. */
export function maskOthers(error: GraphQLError): GraphQLError {
  const ours = fromDatabase(error.originalError);
  return ours instanceof ChimeError ? said(error, ours.message, extensionsOf(ours)) : defaultMaskError(error);
}

/** For our own: whatever is nobody's business goes to the log. */
export function makeMaskError(log: Pick<Logger, 'error' | 'warn'>): (error: GraphQLError) => GraphQLError {
  return (error) => {
    const cause = error.originalError;
    // Of the document itself: syntax, fields, variables.
    if (cause === undefined || cause === null || cause instanceof GraphQLError) return error;
    const say = (message: string, extensions: Record<string, unknown>) => said(error, message, extensions);
    const ours = ourError(cause);
    if (ours !== undefined) return say(ours.message, extensionsOf(ours));
    if (isSafeError(cause))
      return say(cause.message, { code: 'BAD_REQUEST', status: 400, ...cause.extensions });
    const id = randomUUID();
    const transient = passing(cause);
    if (transient !== undefined) {
      log.warn({ id, err: cause }, 'a GraphQL request could not be served at the moment');
      return say('The request could not be served at the moment.', { ...transient, id });
    }
    log.error({ id, err: cause, path: error.path }, 'a GraphQL request failed');
    return say('Internal error.', {
      code: 'INTERNAL',
      status: 500,
      id,
      hint: `The server's log has it under the id ${id}.`,
    });
  };
}
