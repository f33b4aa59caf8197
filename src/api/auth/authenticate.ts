// Who asks, known before anything else is done for a request; and no more guesses than anybody makes by mistake.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NotAuthenticatedError } from '../../errors.ts';
import type { Identity } from '../identity.ts';
import { clientKey, tooMany } from '../limits.ts';
import { challengeOf } from '../problem.ts';
import type { Identifier } from './identify.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null where nobody has been asked for. */
    identity: Identity | null;
  }
}

/** So many tokens that are refused may come from one address in a minute. */
const guesses = 60;

/** Makes the hook that finds out who asks, for routes that are for somebody. */
export function authenticator(app: FastifyInstance, identifier: Identifier) {
  app.decorateRequest('identity', null);
  const failures = app.createRateLimit({
    max: guesses,
    timeWindow: 60_000,
    keyGenerator: (request: FastifyRequest) => `refused:${clientKey(request)}`,
  });
  return async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { authorization } = request.headers;
    const known = identifier.recall(authorization);
    if (known !== undefined) {
      request.identity = known;
      return;
    }
    const past = await failures(request, { increment: false });
    if (!past.isAllowed && past.remaining === 0) throw tooMany(past.ttlInSeconds);
    try {
      request.identity = await identifier.identify(authorization);
    } catch (error) {
      if (error instanceof NotAuthenticatedError) {
        reply.header('www-authenticate', challengeOf(authorization !== undefined));
        await failures(request);
      }
      throw error;
    }
  };
}

/** Who asks, in a route behind `authenticate`. */
export function identityOf({ identity }: FastifyRequest): Identity {
  if (identity === null) throw new Error('The route does not ask who is there.');
  return identity;
}
