// The trace that a request belongs to (W3C Trace Context), and with it all that it leads to.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { activeTraceparent, formatTraceparent } from '../trace.ts';

export interface RequestTrace {
  traceparent: string;
  traceId: string;
  /** Whether it was there before the request. */
  given: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null only for what is no request, such as an address that cannot be read. */
    trace: RequestTrace | null;
  }
}

const known = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The trace of a header; undefined where it is none, which is as if nothing had been sent. */
export function readTraceparent(header: unknown): RequestTrace | undefined {
  const [, version, traceId, spanId, flags, more] =
    typeof header === 'string' ? (known.exec(header) ?? []) : [];
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined))
    return undefined;
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, traceId, given: true };
}

function begin(): RequestTrace {
  const traceId = randomBytes(16).toString('hex');
  return {
    traceparent: formatTraceparent(traceId, randomBytes(8).toString('hex'), 1),
    traceId,
    given: false,
  };
}

/**
 * Gives each request its trace: that of the span in which an instrumented server is, else that of its header, else a new one; and says
 * so in the answer.
 */
export function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('trace', null);
  app.addHook('onRequest', async (request, reply) => {
    request.trace = readTraceparent(activeTraceparent() ?? request.headers.traceparent) ?? begin();
    reply.header('traceresponse', request.trace.traceparent);
  });
}
