// What the bot is made to say.
import type { Dialogue } from './dialogue.ts';
import type { CommandMenu } from './telegram/menu.ts';

export interface Talk {
  dialogue: Dialogue;
  menus: readonly CommandMenu[];
}

/** Undefined while there is no dialogue: nobody listens then. */
export const talk: Talk | undefined = undefined;
