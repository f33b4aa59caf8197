// Why a request to a model has failed: what the SDK throws, as reasons that a caller can act on, and a line for operators.
import type * as sdk from 'ai';
import { printable } from '../../printable.ts';
import type { BoundError } from './bounded_fetch.ts';
import type { FailureReason, ModelAnswer } from './port.ts';

export type Failure = Pick<
  Extract<ModelAnswer, { kind: 'failed' }>,
  'reason' | 'detail' | 'transient' | 'retryAfterMs'
>;

/** A server may ask for silence, but not for days of it. */
const longestWait = 3_600_000;
const longestDetail = 300;

export function failureOf(reason: FailureReason, detail: string, transient = false): Failure {
  return { reason, detail: printable(detail).slice(0, longestDetail), transient };
}

/**
 * @param error what was thrown while the model was asked
 * @param known what is known of it beside: the bound that was broken, whether its time was over
 * @param secret what the server may repeat, and nobody may read
 */
export function failureFrom(
  error: unknown,
  known: { broken: BoundError | undefined; timedOut: boolean; secret: string | undefined },
  { APICallError }: Pick<typeof sdk, 'APICallError'>,
): Failure {
  const { broken, timedOut, secret } = known;
  if (broken !== undefined) return failureOf(broken.kind === 'size' ? 'limits' : 'error', broken.message);
  if (timedOut) return failureOf('timeout', 'The model took too long.', true);
  if (!APICallError.isInstance(error)) {
    return failureOf(
      'error',
      without(secret, `The answer of the model cannot be read: ${textOf(error)}`),
      true,
    );
  }
  const { statusCode: status, responseHeaders: headers } = error;
  const said = without(secret, error.message);
  // No answer, or one that breaks off or is no JSON, though the server says that all is well.
  if (status === undefined) return failureOf('error', `The model cannot be reached: ${said}`, true);
  if (status < 400) return failureOf('error', `The answer of the model cannot be read: ${said}`, true);
  const detail = `The server of the model answered ${status}: ${said}`;
  const wait = retryAfter(headers);
  const failure =
    status === 401 || status === 403
      ? failureOf('unauthorized', detail)
      : status === 429
        ? failureOf('throttled', detail, true)
        : failureOf('error', detail, status >= 500 || status === 408 || status === 409);
  return failure.transient && wait !== undefined ? { ...failure, retryAfterMs: wait } : failure;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Cut before it is searched: a server may send megabytes of error. */
function without(secret: string | undefined, text: string): string {
  const start = text.slice(0, 10_000);
  return secret === undefined ? start : start.replaceAll(secret, '***');
}

/** When a server wants to be asked again: seconds, milliseconds in a header of some, or a date, by which its clock counts too. */
function retryAfter(headers: Record<string, string> | undefined): number | undefined {
  const milliseconds = Number(headers?.['retry-after-ms'] ?? Number.NaN);
  const after = headers?.['retry-after'] ?? '';
  const seconds = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : undefined;
  const date = Date.parse(after) - Date.parse(headers?.date ?? '');
  const wait = Number.isFinite(milliseconds) ? milliseconds : (seconds ?? date);
  return Number.isFinite(wait) ? Math.min(longestWait, Math.max(0, wait)) : undefined;
}
