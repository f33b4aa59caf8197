// What people do in Telegram, as the updates that a bot is sent.
import type { Update } from '../../src/bot/telegram/incoming.ts';

/** The bot that is spoken to. */
export const botName = 'chime_test_bot';

export interface Said {
  /** The chat; negative for a group. */
  chat?: number;
  thread?: number;
  from?: number;
  repliesTo?: number;
  language?: string;
}

const userOf = (id: number, language = 'en') => ({
  id,
  is_bot: false,
  first_name: `User ${id}`,
  language_code: language,
});
const chatOf = (id: number) =>
  id < 0
    ? { id, type: 'supergroup' as const, title: 'Group' }
    : { id, type: 'private' as const, first_name: 'User' };

/** Updates, numbered from one on. */
export class Updates {
  #next: number;
  /** When people do what they do, in seconds since 1970. */
  date = 1_772_452_800;

  constructor(first = 1) {
    this.#next = first;
  }

  /** A message of somebody. */
  says(text: string, { chat = 42, thread, from = Math.abs(chat), repliesTo, language }: Said = {}): Update {
    const id = this.#next++;
    return {
      update_id: id,
      message: {
        message_id: 1000 + id,
        date: this.date,
        chat: chatOf(chat),
        from: userOf(from, language),
        text,
        ...(thread !== undefined && { message_thread_id: thread, is_topic_message: true }),
        ...(repliesTo !== undefined && {
          reply_to_message: { message_id: repliesTo, date: this.date, chat: chatOf(chat) },
        }),
      },
    } as Update;
  }

  /** A file of somebody. */
  sends(
    document: { file_id: string; file_name?: string; mime_type?: string; file_size?: number },
    said: Said = {},
    caption?: string,
  ): Update {
    const update = this.says('', said);
    const { text: _none, ...message } = update.message as NonNullable<Update['message']>;
    return {
      ...update,
      message: {
        ...message,
        document: { file_unique_id: document.file_id, ...document },
        ...(caption !== undefined && { caption }),
      },
    } as Update;
  }

  /** A press of a button under a message of the bot. */
  presses(
    data: string,
    messageId: number,
    { chat = 42, thread, from = Math.abs(chat), language }: Said = {},
  ): Update {
    const id = this.#next++;
    return {
      update_id: id,
      callback_query: {
        id: `query${id}`,
        from: userOf(from, language),
        chat_instance: '1',
        data,
        message: {
          message_id: messageId,
          date: this.date,
          chat: chatOf(chat),
          ...(thread !== undefined && { message_thread_id: thread, is_topic_message: true }),
        },
      },
    } as Update;
  }

  /** Somebody blocks the bot, or takes it out of a group; or comes back. */
  membership(after: 'kicked' | 'left' | 'member', { chat = 42, from = Math.abs(chat) }: Said = {}): Update {
    const user = { id: 1, is_bot: true, first_name: 'Bot' };
    return {
      update_id: this.#next++,
      my_chat_member: {
        chat: chatOf(chat),
        from: userOf(from),
        date: this.date,
        old_chat_member: { user, status: after === 'member' ? 'kicked' : 'member' },
        new_chat_member: { user, status: after },
      },
    } as Update;
  }

  /** A group becomes a supergroup. */
  migrates(chat: number, to: number): Update {
    const id = this.#next++;
    return {
      update_id: id,
      message: {
        message_id: 1000 + id,
        date: this.date,
        chat: chatOf(chat),
        from: userOf(5),
        migrate_to_chat_id: to,
      },
    } as Update;
  }
}
