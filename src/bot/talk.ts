// What the bot is made to say.
import { botCommands } from './commands.ts';
import { makeDialogue } from './conversation.ts';
import type { Dialogue } from './dialogue.ts';
import type { CommandMenu } from './telegram/menu.ts';
import type { Means } from './turn.ts';

export interface Talk {
  dialogue: Dialogue;
  menus: readonly CommandMenu[];
}

/** The dialogue, and the commands that it knows, in English for all languages but Russian. */
export const makeTalk = (means: Means = {}): Talk => ({
  dialogue: makeDialogue(means),
  menus: (['private', 'groups'] as const).flatMap((scope) => {
    const place = scope === 'private' ? 'private' : 'group';
    return [
      { scope, commands: botCommands('en', place) },
      { scope, languageCode: 'ru', commands: botCommands('ru', place) },
    ];
  }),
});
