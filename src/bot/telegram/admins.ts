// What a dialogue may ask of Telegram.
import { type Api, TelegramApiError } from 'node-telegram-bot-api';
import type { ChannelPort } from '../dialogue.ts';

/** For so long an answer is good, in milliseconds: who presses three buttons asks once. */
const goodFor = 60_000;
const mostKept = 1_000;

/** Tells whether somebody may speak for a group: its creator and its administrators may, and everybody for a chat of their own. */
export function telegramPort(api: Api, now: () => number = () => performance.now()): ChannelPort {
  const known = new Map<string, { isAdmin: boolean; until: number }>();
  return {
    async isAdmin(channelContextId, userId) {
      const chat = channelContextId.split(':')[0] ?? '';
      if (!chat.startsWith('-')) return true;
      const key = `${chat} ${userId}`;
      const before = known.get(key);
      if (before !== undefined && before.until > now()) return before.isAdmin;
      const isAdmin = await ask(api, Number(chat), Number(userId));
      known.delete(key);
      if (known.size >= mostKept) for (const oldest of known.keys()) if (known.delete(oldest)) break;
      known.set(key, { isAdmin, until: now() + goodFor });
      return isAdmin;
    },
  };
}

async function ask(api: Api, chat: number, user: number): Promise<boolean> {
  try {
    const { status } = await api.getChatMember({ chat_id: chat, user_id: user }, AbortSignal.timeout(5_000));
    return status === 'creator' || status === 'administrator';
  } catch (error) {
    // Who is not there is no administrator. Anything else says nothing of who asks.
    if (error instanceof TelegramApiError && error.errorCode === 400) return false;
    throw error;
  }
}
