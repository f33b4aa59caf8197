// Telegram: a text, a document where the text is too long, or a rich message where the operator wants them.
import { Api, InputFile } from 'node-telegram-bot-api';
import {
  type Channel,
  type ChannelSettings,
  type MakeChannel,
  type Message,
  RefusedError,
} from './channel.ts';
import { bodyOf, buttonsOf, composed, nameOf, notesOf } from './message.ts';
import { plainText } from './plain_text.ts';
import { summaryOf } from './split.ts';
import { placeOf, telegramFailure } from './telegram_answer.ts';
import { telegramHtml } from './telegram_html.ts';

/** UTF-16 units: of a text, of a rich message, and what a caption has at most here; Telegram takes 1024. */
const mostText = 4096;
const mostRich = 32_768;
const mostCaption = 600;
/** Less than a sender has for a message, in milliseconds. */
export const telegramPatience = 20_000;

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
  const place = { ...placeOf(message.context, message.isDegraded), ...keyboardOf(message) };
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

export const makeTelegram = (({
  telegramToken,
  telegramApi,
  telegramRich,
}: ChannelSettings): Channel | undefined => {
  if (telegramToken === undefined) return undefined;
  // Neither retries nor waits of the client's own: it would send again what may have arrived, and limits are kept in the database.
  const api = new Api(telegramToken, { apiRoot: telegramApi, maxRetries: 0, timeoutMs: telegramPatience });
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
    classify: (error, message) =>
      telegramFailure(error, {
        context: message.context,
        isDegraded: message.isDegraded,
        hasPlainer: formsOf(plainText(composed(message)), telegramRich)[message.tier + 1] !== undefined,
      }),
  };
}) satisfies MakeChannel;
