// What the bot says, as Telegram takes it.
import { type Api, InputFile } from 'node-telegram-bot-api';
import { placeOf } from '../../channels/telegram_answer.ts';
import type { NewReply, TakenReply } from '../../db/update_calls.ts';
import type { Button, Outgoing } from '../dialogue.ts';

/** UTF-16 units: of a text, of a caption, and of what a press is answered with. */
const mostText = 4096;
const mostCaption = 1024;
const mostAnswer = 200;

/** What is said, as the database keeps it until it is sent. */
export function replyOf(outgoing: Outgoing): NewReply {
  if (outgoing.kind === 'answer') {
    const { kind, ...content } = outgoing;
    return { kind, context_id: null, content };
  }
  const { kind, channelContextId, ...content } = outgoing;
  return { kind, context_id: channelContextId, content };
}

/** Whether there is a plainer form of it than the one that was refused. */
export const hasPlainer = ({ kind, tier }: TakenReply) => kind !== 'answer' && tier === 0;

/**
 * Says it.
 * @returns the id of the message, where it became one
 * @throws the errors of the client
 */
export async function say(api: Api, reply: TakenReply, signal: AbortSignal): Promise<string | undefined> {
  const outgoing = {
    kind: reply.kind,
    channelContextId: reply.contextId,
    ...reply.content,
  } as unknown as Outgoing;
  if (outgoing.kind === 'answer') {
    const { queryId, text, alert = false } = outgoing;
    await api.answerCallbackQuery(
      {
        callback_query_id: queryId,
        ...(text !== undefined && { text: text.slice(0, mostAnswer), show_alert: alert }),
      },
      signal,
    );
    return undefined;
  }
  const sent = await post(api, outgoing, reply, signal);
  const id = typeof sent === 'object' ? sent?.message_id : undefined;
  return typeof id === 'number' ? String(id) : undefined;
}

async function post(
  api: Api,
  outgoing: Exclude<Outgoing, { kind: 'answer' }>,
  { isDegraded, tier }: TakenReply,
  signal: AbortSignal,
): Promise<{ message_id: number } | boolean> {
  const place = placeOf(outgoing.channelContextId, isDegraded);
  const text = textOf(outgoing.html ?? '', tier, mostText);
  const quiet = { link_preview_options: { is_disabled: true } };
  switch (outgoing.kind) {
    case 'message':
      return api.sendMessage(
        { ...place, ...text, ...quiet, ...keyboardOf(outgoing.buttons), ...answering(outgoing.repliesTo) },
        signal,
      );
    case 'edit':
      return api.editMessageText(
        {
          chat_id: place.chat_id,
          message_id: Number(outgoing.messageId),
          ...text,
          ...quiet,
          ...keyboardOf(outgoing.buttons),
        },
        signal,
      );
    case 'document': {
      const { text: caption, ...mode } = textOf(outgoing.html ?? '', tier, mostCaption);
      const document = new InputFile(Buffer.from(outgoing.content, 'utf8'), { filename: outgoing.name });
      return api.sendDocument(
        { ...place, document, ...(caption === '' ? {} : { caption, ...mode }) },
        signal,
      );
    }
    case 'ask_location':
      return api.sendMessage(
        {
          ...place,
          ...text,
          reply_markup: {
            keyboard: [[{ text: outgoing.label, request_location: true }]],
            one_time_keyboard: true,
            resize_keyboard: true,
          },
        },
        signal,
      );
  }
}

/** The text with its tags, or, where that was refused, without them and no longer than may be. */
function textOf(html: string, tier: number, most: number): { text: string; parse_mode?: 'HTML' } {
  if (tier === 0) return { text: html, parse_mode: 'HTML' };
  const plain = html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
  return { text: plain.length <= most ? plain : `${plain.slice(0, most - 1).toWellFormed()}…` };
}

function keyboardOf(buttons: Button[][] | undefined) {
  if (buttons === undefined || buttons.length === 0) return {};
  return {
    reply_markup: {
      inline_keyboard: buttons.map((row) =>
        row.map(({ label: text, data }) => ({ text, callback_data: data })),
      ),
    },
  };
}

function answering(repliesTo: string | undefined) {
  if (repliesTo === undefined) return {};
  return { reply_parameters: { message_id: Number(repliesTo), allow_sending_without_reply: true } };
}
