// The commands that Telegram offers to people who type a slash, for each kind of chat and each language.
import type { Api } from 'node-telegram-bot-api';
import type { Logger } from '../../log.ts';
import { insist } from './patience.ts';

export interface CommandMenu {
  /** Where it is offered: in chats with the bot alone, in groups, or to the administrators of groups. */
  scope: 'private' | 'groups' | 'group_admins';
  /** Two letters; without it, for all languages that have no menu of their own. */
  languageCode?: string;
  commands: readonly { command: string; description: string }[];
}

const scopes = {
  private: 'all_private_chats',
  groups: 'all_group_chats',
  group_admins: 'all_chat_administrators',
} as const;

/** Registers the menus; resolves when Telegram has all of them, or when it shall stop. */
export async function registerMenus(
  api: Api,
  menus: readonly CommandMenu[],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (const { scope, languageCode, commands } of menus) {
    const params = {
      commands: commands.map(({ command, description }) => ({ command, description })),
      scope: { type: scopes[scope] },
      ...(languageCode !== undefined && { language_code: languageCode }),
    };
    await insist((aborted) => api.setMyCommands(params, aborted), 'setMyCommands', log, signal);
  }
}
