// The draft that a button is about: the one of whoever presses it, as it was when the button was made.
import type { Press } from '../channels/button.ts';
import type { Draft } from './draft.ts';
import type { PressHandler, Turn } from './turn.ts';

type Of<Awaits extends Draft['awaits']> = Extract<Draft, { awaits: Awaits }>;

function isCurrent(turn: Turn, press: Press): boolean {
  if (press.id !== turn.heard.conversationId) {
    turn.answer(turn.plain('notYours'), true);
    return false;
  }
  if (turn.heard.draft === null || press.rev !== String(turn.revision)) {
    turn.answer(turn.plain('stale'));
    turn.show(turn.t('stale'));
    return false;
  }
  return true;
}

/** The draft that waits for this; undefined, and said so, where it is another's, is not there any more, or was put aside. */
export async function draftOf<Awaits extends Draft['awaits']>(
  turn: Turn,
  press: Press,
  ...awaits: Awaits[]
): Promise<Of<Awaits> | undefined> {
  if (!isCurrent(turn, press)) return undefined;
  const { draft, isExpired } = turn.heard;
  if (isExpired) {
    sayExpired(turn);
    return undefined;
  }
  if (!awaits.some((one) => one === draft?.awaits)) {
    turn.answer(turn.plain('stale'));
    return undefined;
  }
  return draft as Of<Awaits>;
}

/** That it was put aside, and how to take it up again. */
export function sayExpired(turn: Turn): void {
  turn.say(turn.t('draftExpired'), [[turn.draftButton(turn.plain('buttonRestoreDraft'), 'redraft')]]);
}

/** Drops what the bot was about to do. */
export const pressDrop: PressHandler = async (turn, press) => {
  if (!isCurrent(turn, press)) return;
  await turn.keep(null);
  turn.show(turn.t('cancelled'));
};
