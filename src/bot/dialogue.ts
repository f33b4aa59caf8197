// What the bot hears and what it says, in words of no channel: Telegram and the terminal speak to the same dialogue.
import type pg from 'pg';

/** A file that somebody has sent, where it is one that the bot reads: an invitation. */
export interface SentDocument {
  /** By which the channel knows it. */
  fileId: string;
  /** In bytes, where the channel says it. */
  size?: number;
}

/** What is in a file; or why that cannot be had, and never will. */
export type SentFile = { bytes: Uint8Array } | { fault: 'too_large' | 'gone' };

/** Something that a person did in a conversation. */
export interface Incoming {
  /** Of its channel; heard twice, it is the same. */
  id: string;
  channelId: 'telegram' | 'terminal';
  /** As in channel mappings: a chat, or chat:thread. */
  channelContextId: string;
  isGroup: boolean;
  from: { id: string; name: string; languageCode?: string };
  /** When it was said. */
  at: Date;
  text?: string;
  /** A button that was pressed: its data, and the message that it stands under. */
  pressed?: { data: string; messageId: string; queryId: string };
  /** The message that this one answers. */
  repliesTo?: string;
  /** In a group: it answers a message of the bot, or names it. */
  isToBot?: boolean;
  document?: SentDocument;
  location?: { latitude: number; longitude: number };
  /** The person has blocked the bot, or came back. */
  membership?: 'left' | 'returned';
  /** The group goes on under this id. */
  migratedTo?: string;
}

/** A button: what is written on it, and what comes back when it is pressed, 64 bytes at most. */
export interface Button {
  label: string;
  data: string;
}

/** Something that the bot says. Text is Telegram's HTML; what people wrote is escaped in it already. */
export type Outgoing =
  | { kind: 'message'; channelContextId: string; html: string; buttons?: Button[][]; repliesTo?: string }
  | { kind: 'edit'; channelContextId: string; messageId: string; html: string; buttons?: Button[][] }
  | { kind: 'answer'; queryId: string; text?: string; alert?: boolean }
  | { kind: 'document'; channelContextId: string; name: string; content: string; html?: string }
  /** A message that asks for the place of the person, where the channel can. */
  | { kind: 'ask_location'; channelContextId: string; html: string; label: string };

/** What a dialogue may ask of its channel. */
export interface ChannelPort {
  /** Whether somebody may speak for a group. */
  isAdmin(channelContextId: string, userId: string): Promise<boolean>;
  /** What is in a file of at most so many bytes; without it, the channel has no files. */
  fetchFile?(fileId: string, most: number): Promise<SentFile>;
}

/**
 * Answers what was said. Everything that it remembers it writes through this client, in the transaction in which the update is marked
 * handled and in which what it says is kept to be sent: all of it happens, or none.
 */
export interface Dialogue {
  handle(incoming: Incoming, client: pg.ClientBase, channel: ChannelPort): Promise<Outgoing[]>;
  /**
   * What is said where `handle` has failed again and again, and all that it did is undone. Without it, nothing is.
   * @param code what the person may name to an operator, whose log has it
   */
  sorry?(incoming: Incoming, code: string): Outgoing[];
}
