// Taking up again what was put aside because nobody answered for a while.
import { offer, propose } from './create.ts';
import { askEdit } from './edit.ts';
import { readSchedule } from './schedules.ts';
import type { PressHandler } from './turn.ts';
import { askZone } from './zone.ts';

export const pressRedraft: PressHandler = async (turn, press) => {
  const { draft, conversationId } = turn.heard;
  if (press.id !== conversationId) return turn.answer(turn.plain('notYours'), true);
  if (draft === null || press.rev !== String(turn.revision)) return turn.show(turn.t('stale'));
  switch (draft.awaits) {
    case 'zone':
      return askZone(turn, draft.then);
    case 'when':
      return propose(turn, draft.what);
    case 'what':
      await turn.keep(draft);
      return turn.show(turn.t('newWhat'));
    case 'confirm':
      return offer(turn, draft.what, draft.found, draft.text);
    case 'calls':
      return (await import('./calls.ts')).showCalls(turn, draft.calls);
    case 'edit':
    case 'confirm_edit': {
      const schedule = await readSchedule(turn, draft.scheduleId);
      return schedule === undefined ? turn.show(turn.t('gone')) : askEdit(turn, schedule);
    }
    default:
      await turn.keep(null);
      return turn.show(turn.t('cancelled'));
  }
};
