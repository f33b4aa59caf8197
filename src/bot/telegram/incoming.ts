// An update of Telegram in words of no channel.
import type { CallbackQuery, ChatMemberUpdated, Message, User } from 'node-telegram-bot-api';
import type { Incoming, SentDocument } from '../dialogue.ts';

/** An update, of all kinds those that are asked for. */
export interface Update {
  update_id: number;
  message?: Message;
  callback_query?: CallbackQuery;
  my_chat_member?: ChatMemberUpdated;
}

/** What is asked for. Anything else Telegram need not send. */
export const allowedUpdates = ['message', 'callback_query', 'my_chat_member'];

/** The chat that an update came from: what comes from one is handled in its order. */
export function laneOf(update: Update): string {
  const chat =
    update.message?.chat ??
    update.callback_query?.message?.chat ??
    update.callback_query?.from ??
    update.my_chat_member?.chat;
  return chat === undefined ? `update ${update.update_id}` : String(chat.id);
}

/**
 * What somebody did; undefined where it is nothing for this bot.
 * @param username of the bot: commands may be said to it, or to another
 */
export function incomingOf(update: Update, username: string, receivedAt: Date): Incoming | undefined {
  const id = String(update.update_id);
  if (update.message !== undefined) return ofMessage(id, update.message, username);
  if (update.callback_query !== undefined) return ofPress(id, update.callback_query, receivedAt);
  if (update.my_chat_member !== undefined) return ofMembership(id, update.my_chat_member);
  return undefined;
}

function ofMessage(id: string, message: Message, username: string): Incoming | undefined {
  const { chat, from, migrate_to_chat_id: movedTo, migrate_from_chat_id: movedFrom } = message;
  const common = {
    id,
    channelId: 'telegram' as const,
    isGroup: chat.type !== 'private',
    from: personOf(from, chat.id),
    at: new Date(message.date * 1000),
  };
  if (movedTo !== undefined)
    return { ...common, channelContextId: String(chat.id), migratedTo: String(movedTo) };
  if (movedFrom !== undefined)
    return { ...common, channelContextId: String(movedFrom), migratedTo: String(chat.id) };
  // What programs write is not answered: two of them would never end.
  if (from === undefined || from.is_bot) return undefined;
  const text = message.text ?? message.caption;
  const said = text === undefined ? undefined : saidTo(username, text);
  const { location, reply_to_message: answered } = message;
  const document = invitationIn(message);
  // A command of another bot, or nothing that this one reads.
  if (said === undefined && (text !== undefined || (location === undefined && document === undefined)))
    return undefined;
  // In a topic, what answers nothing says that it answers the message that the topic began with.
  const repliesTo = answered?.forum_topic_created === undefined ? answered?.message_id : undefined;
  const isNamed = said !== text;
  const isToBot =
    isNamed || (repliesTo !== undefined && isSame(answered?.from?.username, username) && username !== '');
  return {
    ...common,
    channelContextId: contextOf(message),
    ...(said !== undefined && { text: said }),
    ...(isToBot && { isToBot }),
    ...(repliesTo !== undefined && { repliesTo: String(repliesTo) }),
    ...(document !== undefined && { document }),
    ...(location !== undefined && {
      location: { latitude: location.latitude, longitude: location.longitude },
    }),
  };
}

/** The file of a message, where it is an invitation. */
function invitationIn({ document }: Message): SentDocument | undefined {
  if (document === undefined) return undefined;
  const { file_id: fileId, file_name: name = '', mime_type: type = '', file_size: size } = document;
  const isInvitation = /^(text\/calendar|application\/ics)\b/i.test(type) || /\.ics$/i.test(name);
  return isInvitation ? { fileId, ...(size !== undefined && { size }) } : undefined;
}

const isSame = (name: string | undefined, username: string): boolean =>
  name?.toLowerCase() === username.toLowerCase();

/** A text without the name of this bot, behind its command or anywhere; undefined where the command is another bot's. */
function saidTo(username: string, text: string): string | undefined {
  const [command, name] = /^\/\w+@(\w+)/.exec(text) ?? [];
  if (command !== undefined && name !== undefined) {
    if (!isSame(name, username)) return undefined;
    return command.slice(0, -name.length - 1) + text.slice(command.length);
  }
  for (const mention of text.matchAll(/(?<![\w@])@(\w+)[,:]?\s*/g))
    if (isSame(mention[1], username))
      return `${text.slice(0, mention.index)}${text.slice(mention.index + mention[0].length)}`.trim();
  return text;
}

function ofPress(id: string, query: CallbackQuery, receivedAt: Date): Incoming | undefined {
  const { message, data, from } = query;
  if (message === undefined || data === undefined) return undefined;
  return {
    id,
    channelId: 'telegram',
    channelContextId: contextOf(message as Message),
    isGroup: message.chat.type !== 'private',
    from: personOf(from, message.chat.id),
    at: receivedAt,
    pressed: { data, messageId: String(message.message_id), queryId: query.id },
  };
}

function ofMembership(id: string, change: ChatMemberUpdated): Incoming | undefined {
  const { chat, from, old_chat_member: before, new_chat_member: after } = change;
  const isOut = (status: string) => status === 'left' || status === 'kicked';
  if (isOut(before.status) === isOut(after.status)) return undefined;
  return {
    id,
    channelId: 'telegram',
    channelContextId: String(chat.id),
    isGroup: chat.type !== 'private',
    from: personOf(from, chat.id),
    at: new Date(change.date * 1000),
    membership: isOut(after.status) ? 'left' : 'returned',
  };
}

/** A chat, or chat:thread. Replies in a group without topics have a thread, too, which is no place. */
function contextOf({ chat, is_topic_message: isTopic, message_thread_id: thread }: Message): string {
  return isTopic === true && thread !== undefined ? `${chat.id}:${thread}` : String(chat.id);
}

/** @param chat who it is where nobody is named */
function personOf(user: User | undefined, chat: number): Incoming['from'] {
  if (user === undefined) return { id: String(chat), name: '' };
  const { id, first_name: first, last_name: last, language_code: languageCode } = user;
  return {
    id: String(id),
    name: [first, last].filter(Boolean).join(' '),
    ...(languageCode !== undefined && { languageCode }),
  };
}
