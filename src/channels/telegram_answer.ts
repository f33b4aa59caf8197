// Where Telegram is to send something, and what each of its answers means for it.
import { NetworkError, TelegramApiError } from 'node-telegram-bot-api';
import { type Failure, neverSent, RefusedError, reasonOf } from './channel.ts';

/** How long nothing is sent where the token is refused, in milliseconds: an operator has to see to it. */
const tokenPause = 60_000;

/** What was to be sent. */
export interface Sending {
  /** A chat, or chat:thread. */
  context: string;
  /** Whether its topic is gone, and the root of the chat has to do. */
  isDegraded: boolean;
  /** Whether there is a plainer form of it that may be tried. */
  hasPlainer: boolean;
}

/** The chat, and the thread in it, that a context stands for. */
export function placeOf(
  context: string,
  isDegraded: boolean,
): { chat_id: number | string; message_thread_id?: number } {
  const [chat = '', thread] = context.split(':');
  return {
    chat_id: /^-?\d+$/.test(chat) ? Number(chat) : chat,
    ...(thread === undefined || isDegraded ? {} : { message_thread_id: Number(thread) }),
  };
}

/** What an error of the Bot API client means for what was to be sent. */
export function telegramFailure(error: unknown, sending: Sending): Failure {
  if (error instanceof TelegramApiError) return ofAnswer(error, sending);
  if (error instanceof RefusedError) return { outcome: 'refused', reason: error.message };
  // An answer that says so, of a proxy for one, has no cause; a connection that broke has.
  if (error instanceof NetworkError && (error.cause === undefined || neverSent(error)))
    return { outcome: 'retry', reason: reasonOf(error) };
  return { outcome: 'unknown', reason: reasonOf(error) };
}

function ofAnswer(error: TelegramApiError, sending: Sending): Failure {
  const { errorCode, retryAfter, migrateToChatId } = error;
  const reason = `Telegram answered ${errorCode}: ${error.description}`;
  if (errorCode === 429) return { outcome: 'throttled', reason, waitMs: (retryAfter ?? 5) * 1000 };
  if (migrateToChatId !== undefined) {
    const thread = sending.context.split(':')[1];
    return {
      outcome: 'moved',
      reason,
      contextId: thread === undefined ? `${migrateToChatId}` : `${migrateToChatId}:${thread}`,
    };
  }
  if (errorCode === 403) return { outcome: 'blocked', reason };
  if (errorCode === 401 || errorCode === 404)
    return {
      outcome: 'throttled',
      reason: `${reason} (is the token right?)`,
      waitMs: tokenPause,
      wholeChannel: true,
    };
  if (errorCode >= 500) return { outcome: 'retry', reason };
  if (errorCode === 400) return ofBadRequest(error.description, sending);
  return { outcome: 'refused', reason };
}

/** What Telegram says with a 400, of which it has one code for all. */
function ofBadRequest(description: string, { context, isDegraded, hasPlainer }: Sending): Failure {
  const hasThread = context.includes(':') && !isDegraded;
  if (hasThread && /thread not found|topic.*(deleted|not found)|TOPIC_DELETED/i.test(description))
    return { outcome: 'degraded', reason: 'Its topic is gone.' };
  if (/chat not found|user is deactivated|PEER_ID_INVALID|group chat was deactivated/i.test(description))
    return { outcome: 'blocked', reason: description };
  if (hasPlainer) return { outcome: 'plainer', reason: description };
  return { outcome: 'refused', reason: description };
}
