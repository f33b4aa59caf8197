// Webhooks, as Standard Webhooks has them: a signed POST whose id stays the same over all attempts, so that who receives it twice knows.
import { Webhook } from 'standardwebhooks';
import { BlockedAddressError, InvalidArgumentError, InvalidConfigError } from '../errors.ts';
import type { GuardedResponse } from '../task.ts';
import {
  type Channel,
  type Failure,
  type MakeChannel,
  type Message,
  RefusedError,
  reasonOf,
} from './channel.ts';

/** How long a receiver has, in milliseconds. */
const patience = 15_000;
/** Of an answer nothing is used but its status. */
const mostBytes = 64 * 1024;
/** Outputs that are longer are cut; the run's id says where all of it is. */
const mostOutput = 256 * 1024;

class AnswerError extends Error {
  readonly response: GuardedResponse;
  constructor(response: GuardedResponse) {
    super(`The receiver answered ${response.status}.`);
    this.response = response;
  }
}

/** What is posted. */
function bodyOf({ deliveryId, run, late }: Message): string {
  const output = run.output ?? null;
  return JSON.stringify({
    type: `run.${run.status}`,
    timestamp: run.finishedAt.toISOString(),
    data: {
      delivery_id: deliveryId,
      run: {
        id: run.id,
        task: run.task,
        trigger: run.trigger,
        status: run.status,
        scheduled_for: run.scheduledFor.toISOString(),
        finished_at: run.finishedAt.toISOString(),
        output: output === null ? null : output.slice(0, mostOutput).toWellFormed(),
        is_output_cut: output !== null && output.length > mostOutput,
        result: run.result,
        error: run.error,
      },
      schedule:
        run.scheduleId === null ? null : { id: run.scheduleId, key: run.scheduleKey, name: run.scheduleName },
      is_late: late !== null,
    },
  });
}

/** How long an answer asks to wait, in milliseconds: Retry-After in seconds, a day at most. */
function waitOf({ headers }: GuardedResponse): { waitMs?: number } {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? { waitMs: Math.min(seconds, 86_400) * 1000 } : {};
}

function classify(error: unknown): Failure {
  if (error instanceof AnswerError) {
    const { status } = error.response;
    if (status === 410) return { outcome: 'blocked', reason: 'The receiver answered 410: it wants no more.' };
    return { outcome: 'retry', reason: error.message, ...waitOf(error.response) };
  }
  if (
    error instanceof BlockedAddressError ||
    error instanceof InvalidArgumentError ||
    error instanceof InvalidConfigError ||
    error instanceof RefusedError
  )
    return { outcome: 'refused', reason: error.message };
  // It may have arrived; but then the receiver knows it by its id.
  return { outcome: 'retry', reason: reasonOf(error) };
}

export const makeWebhook: MakeChannel = (_settings, { fetch, secrets }): Channel => ({
  id: 'webhook',
  isOrdered: false,
  isRepeatable: true,
  isOpen: false,
  limits: [],
  retryWaits: ['5 seconds', '5 minutes', '30 minutes', '2 hours', '5 hours', '10 hours', '10 hours'],
  async send(message, signal) {
    const { deliveryId, url, sealedSecret, tenantId, mappingId } = message;
    if (url === null) throw new RefusedError('The webhook is not there any more.');
    const body = bodyOf(message);
    const at = new Date();
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': 'pgchime',
      'webhook-id': deliveryId,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    };
    if (sealedSecret !== null) {
      if (secrets === undefined)
        throw new RefusedError('CHIME_SECRET_KEY is not set, so this webhook cannot be signed.');
      const secret = secrets.open(sealedSecret, { tenantId, rowId: mappingId });
      headers['webhook-signature'] = new Webhook(secret).sign(deliveryId, at, body);
    }
    const response = await fetch.fetch(url, {
      method: 'POST',
      headers,
      body,
      maxRedirects: 0,
      maxBytes: mostBytes,
      timeoutMs: patience,
      signal,
    });
    if (response.status < 200 || response.status > 299) throw new AnswerError(response);
    return { externalId: `${deliveryId} ${response.status}` };
  },
  classify,
});
