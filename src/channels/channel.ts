// What a channel is to the sender: a way to carry one message, what it allows, and what its errors mean. Where a message goes, when,
// and what follows from how it went is decided in the database (sql/58_delivery_*.sql). One file a channel; registry.ts lists them.
import type { GuardedFetch } from '../net/guarded_fetch.ts';
import type { SecretBox } from '../net/secret_box.ts';

/** What one message is made of: a delivery, the place that it goes to, and the run that it tells of. */
export interface Message {
  deliveryId: string;
  /** Which part of it; how many there are is for the channel to say when it has sent the first. */
  part: number;
  /** How many forms of it the channel has refused; each next one is to be plainer. */
  tier: number;
  /** For how many runs it stands. */
  coversCount: number;
  tenantId: string;
  mappingId: string;
  /** The place within the channel, as the channel names it. */
  context: string;
  /** Whether the place is not quite there any more, and a lesser one has to do. */
  isDegraded: boolean;
  /** How long ago somebody last wrote from there, in milliseconds; null = never. */
  heardMsAgo: number | null;
  locale: string | null;
  /** When mornings and evenings are to who is told, HH:MM; null where that is nobody. */
  morningAt: string | null;
  eveningAt: string | null;
  /** Of a webhook: where to post, and the secret of its signature, encrypted. */
  url: string | null;
  sealedSecret: Buffer | null;
  /** Where it comes late: when it was due, and when it is sent, on the clock of who is told. */
  late: { due: string; sent: string } | null;
  run: {
    id: string;
    task: string;
    trigger: string;
    status: string;
    scheduleId: string | null;
    scheduleKey: string | null;
    scheduleName: string | null;
    scheduledFor: Date;
    finishedAt: Date;
    output: string | null;
    result: unknown;
    error: string | null;
  };
}

/** The proof that a message was sent. */
export interface Receipt {
  /** The id that the channel has given to it. */
  externalId: string;
  /** How many parts there are; one, where it is not said. */
  parts?: number;
}

/** What an error of a channel means for the message, and for the place that it goes to. */
export type Failure =
  /** It was not sent, and may be tried again, after `waitMs` at least. */
  | { outcome: 'retry'; reason: string; waitMs?: number }
  /** The channel wants a wait, of all that is sent to it or of this place; that costs no attempt. */
  | { outcome: 'throttled'; reason: string; waitMs: number; wholeChannel?: boolean }
  /** It was not sent, and trying again is of no use. */
  | { outcome: 'refused'; reason: string }
  /** Nothing that is sent there arrives. */
  | { outcome: 'blocked'; reason: string }
  /** The place is gone, but there is a lesser one. */
  | { outcome: 'degraded'; reason: string }
  /** The place has another name by now. */
  | { outcome: 'moved'; reason: string; contextId: string }
  /** This form of the message was refused; there is a plainer one. */
  | { outcome: 'plainer'; reason: string }
  /** It may have been sent or not. */
  | { outcome: 'unknown'; reason: string };

/** How much may be sent in any time of this length, over all processes. */
export interface Limit {
  /** A regular expression: what contexts have in its first group is counted together. Without it, all of the channel is. */
  by?: string;
  most: number;
  perMs: number;
}

export interface Channel {
  readonly id: string;
  /** Whether a message waits until those before it have been sent or given up. */
  readonly isOrdered: boolean;
  /** Whether who receives a message twice knows that it is the same one. */
  readonly isRepeatable: boolean;
  /** Whether users may map contexts of it for themselves. */
  readonly isOpen: boolean;
  /** The contexts that only this process can reach, where it is so. */
  readonly contexts?: readonly string[];
  /** The narrowest first. */
  readonly limits: readonly Limit[];
  /** Intervals: how long each next attempt waits after one that failed; there are as many. */
  readonly retryWaits: readonly string[];
  /**
   * Sends a message.
   * @throws whatever goes wrong: `classify` knows what it means
   */
  send(message: Message, signal: AbortSignal): Promise<Receipt>;
  classify(error: unknown, message: Message): Failure;
}

/** What channels are made from. */
export interface ChannelSettings {
  telegramToken: string | undefined;
  telegramApi: string;
  telegramRich: boolean;
  whatsappToken: string | undefined;
  whatsappPhoneId: string | undefined;
  whatsappApi: string;
  whatsappTemplate: string | undefined;
}

/** What all channels of a process share. */
export interface ChannelTools {
  fetch: GuardedFetch;
  /** Undefined where no key is configured. */
  secrets: SecretBox | undefined;
}

/** Makes a channel; undefined where it is not configured. */
export type MakeChannel = (settings: ChannelSettings, tools: ChannelTools) => Channel | undefined;

/** Why a message cannot be sent at all, in words for people. */
export class RefusedError extends Error {}

const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether a request failed before anything of it could have been sent: no connection was made. */
export function neverSent(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code } = cause as Error & { code?: unknown };
    if (
      typeof code === 'string' &&
      (neverConnected.has(code) || /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO)/.test(code))
    )
      return true;
    if (cause instanceof AggregateError && cause.errors.length > 0 && cause.errors.every(neverSent))
      return true;
  }
  return false;
}

/** What is wrong, of an error and what lies behind it, without what secrets may be in it. */
export function reasonOf(error: unknown): string {
  const words: string[] = [];
  for (let cause = error, depth = 0; cause instanceof Error && depth < 3; cause = cause.cause, depth++) {
    const { code } = cause as Error & { code?: unknown };
    words.push(
      typeof code === 'string' && !cause.message.includes(code)
        ? `${cause.message} (${code})`
        : cause.message,
    );
  }
  return words.filter(Boolean).join(': ').slice(0, 500) || 'an error without a message';
}
