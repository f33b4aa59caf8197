// The answers to requests that were not served: all of them problem details, whoever finds out what is wrong.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../log.ts';
import { HttpError, problemOf } from './problem.ts';

/** There is no such address. */
export function notFound({ method, url }: FastifyRequest): HttpError {
  const path = url.split('?')[0]?.slice(0, 200) ?? '';
  return new HttpError(404, 'Not found', `There is nothing at ${method} ${path}.`, {
    hint: 'GET /api/docs shows what there is.',
  });
}

/** Answers a request that failed; what nobody foresaw, the log is told. */
export function answerError(
  log: Logger,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { problem, headers, unexpected } = problemOf(error, request.id);
  if (unexpected || problem.status === 503) {
    const { method, routeOptions } = request;
    const level = unexpected ? 'error' : 'warn';
    log[level](
      {
        request_id: request.id,
        trace_id: request.trace?.traceId ?? null,
        method,
        route: routeOptions?.url ?? null,
        err: error,
      },
      'a request failed',
    );
  }
  if (reply.raw.headersSent) return reply;
  return reply
    .code(problem.status)
    .headers({ 'cache-control': 'no-store', ...withoutSet(headers, reply) })
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problem);
}

/** What is not HTTP has no request, and no reply; the connection is of no more use. */
export function answerNonsense(error: ConnectionError, socket: Socket): void {
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const [status, title] = tooLarge
    ? [431, 'Request header fields too large']
    : late
      ? [408, 'Request timeout']
      : [400, 'Malformed request'];
  const { problem } = problemOf(new HttpError(status, title, 'The request cannot be read.'), randomUUID());
  const body = JSON.stringify(problem);
  if (socket.writable && error.code !== 'ECONNRESET') {
    const head = [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

/** A hook that knew more has set some already. */
function withoutSet(headers: Record<string, string>, reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !reply.hasHeader(name)));
}
