// Telegram: a text, a document where the text is too long, or a rich message where the operator wants them.
import { Api, InputFile, NetworkError, TelegramApiError } from 'node-telegram-bot-api';
import {
  type Channel,
  type Failure,
  type MakeChannel,
  type Message,
  neverSent,
  RefusedError,
  reasonOf,
} from './channel.ts';
import { bodyOf, buttonsOf, composed, nameOf, notesOf } from './message.ts';
import { plainText } from './plain_text.ts';
import { summaryOf } from './split.ts';
import { telegramHtml } from './telegram_html.ts';

/** UTF-16 units: of a text, of a rich message, and what a caption has at most here; Telegram takes 1024. */
const mostText = 4096;
const mostRich = 32_768;
const mostCaption = 600;
/** Less than a sender has for a message, in milliseconds. */
const patience = 20_000;
/** How long nothing is sent where the token is refused, in milliseconds: an operator has to see to it. */
const tokenPause = 60_000;

type Form = 'rich' | 'html' | 'plain' | 'document' | 'plain document';

/** Which forms a message may take, the best first; each next one is tried where Telegram refuses the one before. */
function formsOf(text: string, rich: boolean): Form[] {
  const worthIt = rich && text.length <= mostRich && /^(#{1,6} |\s*\|.*\|\s*$)/m.test(text);
  return [
    ...(worthIt ? (['rich'] as const) : []),
    ...(text.length <= mostText ? (['html', 'plain'] as const) : (['document', 'plain document'] as const)),
  ];
}

const formOf = (message: Message, rich: boolean): Form | undefined =>
  formsOf(plainText(composed(message)), rich)[message.tier];

/** A chat, or chat:thread. */
function placeOf({ context, isDegraded }: Message): { chat_id: number | string; message_thread_id?: number } {
  const [chat = '', thread] = context.split(':');
  return {
    chat_id: /^-?\d+$/.test(chat) ? Number(chat) : chat,
    ...(thread === undefined || isDegraded ? {} : { message_thread_id: Number(thread) }),
  };
}

/** The document that has all of an output. */
function documentOf(message: Message): InputFile {
  const { run } = message;
  const text = plainText(bodyOf(message));
  const isJson = /^\s*[[{]/.test(text) && isParsed(text);
  const stamp = run.scheduledFor.toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const name = (run.scheduleKey ?? run.task).replace(/[^\w-]+/g, '-').slice(0, 60);
  return new InputFile(Buffer.from(text, 'utf8'), {
    filename: `${name}-${stamp}.${isJson ? 'json' : 'md'}`,
    contentType: isJson ? 'application/json' : 'text/markdown',
  });
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function captionOf(message: Message): string {
  const notes = notesOf(message);
  const body = plainText(bodyOf(message));
  const title = `${nameOf(message).slice(0, 100)}\n\n`;
  const room = mostCaption - title.length - notes.join('\n\n').length - 2 * notes.length;
  return title + [summaryOf(body, Math.max(100, room)), ...notes].join('\n\n');
}

/** The buttons under a message, where it has any. */
function keyboardOf(message: Message) {
  const rows = buttonsOf(message);
  if (rows.length === 0) return {};
  return {
    reply_markup: {
      inline_keyboard: rows.map((row) =>
        row.map(({ label, data }) => ({ text: label, callback_data: data })),
      ),
    },
  };
}

async function post(
  api: Api,
  message: Message,
  form: Form,
  signal: AbortSignal,
): Promise<{ message_id: number }> {
  const place = { ...placeOf(message), ...keyboardOf(message) };
  const text = plainText(composed(message));
  const quiet = { link_preview_options: { is_disabled: true } };
  switch (form) {
    case 'rich':
      return api.sendRichMessage({ ...place, rich_message: { markdown: text } }, signal);
    case 'html':
      return api.sendMessage({ ...place, ...quiet, text: telegramHtml(text), parse_mode: 'HTML' }, signal);
    case 'plain':
      return api.sendMessage({ ...place, ...quiet, text }, signal);
    case 'document':
      return api.sendDocument(
        {
          ...place,
          document: documentOf(message),
          caption: telegramHtml(captionOf(message)),
          parse_mode: 'HTML',
        },
        signal,
      );
    case 'plain document':
      return api.sendDocument(
        { ...place, document: documentOf(message), caption: captionOf(message) },
        signal,
      );
  }
}

/** What Telegram says with a 400, of which it has one code for all. */
function ofBadRequest(description: string, message: Message, rich: boolean): Failure {
  const hasThread = message.context.includes(':') && !message.isDegraded;
  if (hasThread && /thread not found|topic.*(deleted|not found)|TOPIC_DELETED/i.test(description))
    return { outcome: 'degraded', reason: 'Its topic is gone.' };
  if (/chat not found|user is deactivated|PEER_ID_INVALID|group chat was deactivated/i.test(description))
    return { outcome: 'blocked', reason: description };
  if (formsOf(plainText(composed(message)), rich)[message.tier + 1] !== undefined)
    return { outcome: 'plainer', reason: description };
  return { outcome: 'refused', reason: description };
}

function ofAnswer(error: TelegramApiError, message: Message, rich: boolean): Failure {
  const { errorCode, retryAfter, migrateToChatId } = error;
  const reason = `Telegram answered ${errorCode}: ${error.description}`;
  if (errorCode === 429) return { outcome: 'throttled', reason, waitMs: (retryAfter ?? 5) * 1000 };
  if (migrateToChatId !== undefined) {
    const thread = message.context.split(':')[1];
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
  if (errorCode === 400) return ofBadRequest(error.description, message, rich);
  return { outcome: 'refused', reason };
}

export const makeTelegram: MakeChannel = ({
  telegramToken,
  telegramApi,
  telegramRich,
}): Channel | undefined => {
  if (telegramToken === undefined) return undefined;
  // Neither retries nor waits of the client's own: it would send again what may have arrived, and limits are kept in the database.
  const api = new Api(telegramToken, { apiRoot: telegramApi, maxRetries: 0, timeoutMs: patience });
  return {
    id: 'telegram',
    isOrdered: true,
    isRepeatable: false,
    isOpen: false,
    limits: [
      { by: '^(-?\\d+)', most: 1, perMs: 1000 },
      { by: '^(-\\d+)', most: 20, perMs: 60_000 },
      { most: 30, perMs: 1000 },
    ],
    retryWaits: ['5 seconds', '30 seconds', '5 minutes'],
    async send(message, signal) {
      const form = formOf(message, telegramRich);
      if (form === undefined) throw new RefusedError('Telegram took it in no form.');
      const sent = await post(api, message, form, signal);
      if (typeof sent?.message_id !== 'number')
        throw new Error('Telegram has not said which message it became.');
      return { externalId: String(sent.message_id) };
    },
    classify(error, message) {
      if (error instanceof TelegramApiError) return ofAnswer(error, message, telegramRich);
      if (error instanceof RefusedError) return { outcome: 'refused', reason: error.message };
      // An answer that says so, of a proxy for one, has no cause; a connection that broke has.
      if (error instanceof NetworkError && (error.cause === undefined || neverSent(error)))
        return { outcome: 'retry', reason: reasonOf(error) };
      return { outcome: 'unknown', reason: reasonOf(error) };
    },
  };
};
