// What browsers are told, and what pages of other sites may not do.
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from './loopback.ts';
import { HttpError } from './problem.ts';

/** What pages may read of an answer beside its body. */
const exposedHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
  'Traceresponse',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

/** Headers by which browsers protect who looks at answers; pages of the origins given may use the API, others may not. */
export async function protectBrowsers(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  await app.register(helmet, {
    // Nothing here is a page, but for those that bring a policy of their own.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    referrerPolicy: { policy: 'no-referrer' },
  });
  // Browsers ask for it unasked, and put into the console of each page that it is not there.
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.code(204).send());
  if (origins.length > 0) {
    await app.register(cors, {
      origin: [...origins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'if-match', 'traceparent', 'mcp-protocol-version'],
      exposedHeaders,
      maxAge: 600,
    });
  }
}

/**
 * Where nobody has to say who they are, a browser on this machine must not lend its place to the pages that it shows: neither to one
 * that reaches us under a name of its own (DNS rebinding), nor to one that sends requests across sites.
 */
export function keepOthersOut(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook('onRequest', async (request) => {
    if (!isLoopback(hostnameOf(request.headers.host))) {
      throw new HttpError(
        421,
        'Misdirected request',
        'This server answers to names of this machine alone, such as localhost.',
        {
          hint: 'Set up who may use the API (CHIME_AUTH, CHIME_JWT_SECRET, CHIME_JWKS_URL) to reach it under another name.',
        },
      );
    }
    if (isForeign(request, origins)) {
      throw new HttpError(403, 'Cross-site request', 'A page of another site may not use this server.', {
        hint: 'Name its origin in CHIME_CORS_ORIGINS if it is yours.',
      });
    }
  });
}

function hostnameOf(host: string | undefined): string {
  return /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host ?? '')?.[1] ?? '';
}

function isForeign({ headers, method }: FastifyRequest, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return origin !== `http://${host}` && !origins.includes(origin);
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  // Following a link shows an answer to the person alone, and reading changes nothing.
  const follows = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return !(method === 'GET' && follows);
}
