// How much one client may ask of the server: size, depth and number of requests.
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from './problem.ts';

/** A payload of 1 MB, the most that a task may have, whose every character JSON has to escape; in bytes. */
export const bodyLimit = 2 * 1024 * 1024 + 64 * 1024;
/** No body is nested deeper; a payload may be 100 levels deep. */
const deepest = 110;

/** The address that a request came from, for those whom nothing else tells apart: of IPv6, the network that one client has. */
export function clientKey(request: FastifyRequest): string {
  return normalizeIP(request.ip);
}

export function tooMany(seconds: number): HttpError {
  return new HttpError(429, 'Too many requests', 'There were too many requests.', {
    hint: `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    headers: { 'retry-after': String(seconds) },
  });
}

/**
 * Counts requests by who asks, or by the address they come from where nobody has to say.
 * @param perMinute 0 for any number
 */
export async function limitRate(app: FastifyInstance, perMinute: number): Promise<void> {
  await app.register(rateLimit, {
    global: perMinute > 0,
    max: perMinute,
    timeWindow: 60_000,
    enableDraftSpec: true,
    keyGenerator: (request) => {
      const { identity } = request;
      return identity
        ? `identity:${identity.tenantId}:${identity.userId}:${identity.name}`
        : clientKey(request);
    },
    errorResponseBuilder: (_request, { ttl }) => tooMany(Math.ceil(ttl / 1000)),
  });
}

/** Reads bodies: JSON alone, in UTF-8, of bounded depth, and none where there is none. */
export function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return done(
        new HttpError(415, 'Unsupported media type', 'Bodies are taken as they are, not compressed.'),
      );
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(body as Buffer);
    } catch {
      return done(new HttpError(400, 'Malformed request', 'The body is not UTF-8.'));
    }
    return parse(request, text, (error: Error | null, value?: unknown) => {
      if (error !== null) {
        return done(new HttpError(400, 'Malformed request', `The body cannot be read: ${error.message}.`));
      }
      const fault = faultOf(value);
      if (fault !== undefined) return done(new HttpError(400, 'Malformed request', `The body ${fault}.`));
      return done(null, value);
    });
  });
}

/** Why JSON is not taken, if it is not. Level by level, because recursion is what such a value is made to break. */
export function faultOf(value: unknown): string | undefined {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return `is nested more than ${deepest} levels deep`;
    // It would be stored as null.
    if (level.includes(Number.POSITIVE_INFINITY) || level.includes(Number.NEGATIVE_INFINITY)) {
      return 'has a number that is too large';
    }
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return undefined;
}
