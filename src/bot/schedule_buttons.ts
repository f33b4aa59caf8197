// The buttons of a card: each looks at the schedule as it is now, whether the person may change it, and whether it still is what the card
// showed.
import type { Press } from '../channels/button.ts';
import { cardButtons, cardText, showCard } from './card.ts';
import { askEdit } from './edit.ts';
import { showOutput, showRuns } from './runs.ts';
import { readSchedule, type ScheduleView, stateOf } from './schedules.ts';
import type { PressHandler, Turn } from './turn.ts';

/** The schedule that a button is about, where it may be pressed and is not out of date; undefined, and said so, else. */
async function scheduleOf(
  turn: Turn,
  press: Press,
  { changes = false, deleted = false } = {},
): Promise<ScheduleView | undefined> {
  const schedule = await readSchedule(turn, press.id);
  if (schedule === undefined) {
    turn.answer(turn.plain('notYourButton'), true);
    return undefined;
  }
  if (changes && !(await turn.mayChange(schedule.id))) {
    turn.answer(turn.plain('notYours'), true);
    return undefined;
  }
  if (schedule.isDeleted !== deleted || (press.rev !== '' && press.rev !== stateOf(schedule))) {
    turn.answer(turn.plain('stale'));
    if (schedule.isDeleted) showDeleted(turn, schedule);
    else turn.show(`${turn.t('stale')}\n\n${cardText(turn, schedule)}`, cardButtons(turn, schedule));
    return undefined;
  }
  return schedule;
}

function showDeleted(turn: Turn, schedule: ScheduleView, key: 'deleted' | 'undone' = 'deleted'): void {
  const rev = stateOf(schedule);
  turn.show(turn.t(key, { name: schedule.name }), [
    [turn.button('buttonUndo', 'restore', schedule.id, { rev })],
  ]);
}

/** Does something to the schedule, and shows what it is then. */
const changing =
  (
    statement: string,
    note: 'started' | 'pausedNow' | 'resumedNow' | 'skippedNext' | 'restored',
    deleted = false,
  ): PressHandler =>
  async (turn, press) => {
    const schedule = await scheduleOf(turn, press, { changes: true, deleted });
    if (schedule === undefined) return;
    await turn.query(statement, [schedule.id]);
    const changed = await readSchedule(turn, schedule.id);
    turn.answer(turn.plain(note));
    if (changed !== undefined) showCard(turn, changed);
  };

export const pressCard: PressHandler = async (turn, press) => {
  const schedule = await scheduleOf(turn, { ...press, rev: '' });
  if (schedule !== undefined) showCard(turn, schedule);
};

export const pressRun: PressHandler = async (turn, press) => {
  const schedule = await scheduleOf(turn, press, { changes: true });
  if (schedule === undefined) return;
  if (schedule.last?.isOpen === true) return turn.answer(turn.plain('alreadyRunning'), true);
  await turn.query('select chime.run_now($1)', [schedule.id]);
  turn.answer(turn.plain('started'));
  const changed = await readSchedule(turn, schedule.id);
  if (changed !== undefined) showCard(turn, changed);
};

export const pressPause = changing('select chime.pause_schedule($1)', 'pausedNow');
export const pressResume = changing('select chime.resume_schedule($1)', 'resumedNow');
export const pressSkip = changing('select chime.skip_next($1)', 'skippedNext');
export const pressRestore = changing('select chime.restore_schedule($1)', 'restored', true);

export const pressEdit: PressHandler = async (turn, press) => {
  const schedule = await scheduleOf(turn, press, { changes: true });
  if (schedule !== undefined) await askEdit(turn, schedule);
};

export const pressDelete: PressHandler = async (turn, press) => {
  const schedule = await scheduleOf(turn, press, { changes: true });
  if (schedule === undefined) return;
  const rev = stateOf(schedule);
  turn.show(turn.t('deleteAsk', { name: schedule.name }), [
    [
      turn.button('buttonDelete', 'remove', schedule.id, { rev }),
      turn.button('buttonKeep', 'card', schedule.id),
    ],
  ]);
};

/** Deletes, and offers the way back. */
const removing =
  (key: 'deleted' | 'undone'): PressHandler =>
  async (turn, press) => {
    const schedule = await scheduleOf(turn, press, { changes: true });
    if (schedule === undefined) return;
    await turn.query('select chime.delete_schedule($1)', [schedule.id]);
    const removed = await readSchedule(turn, schedule.id);
    if (removed !== undefined) showDeleted(turn, removed, key);
  };

export const pressRemove = removing('deleted');
export const pressUndo = removing('undone');

export const pressOutput: PressHandler = async (turn, press) => {
  const schedule = await scheduleOf(turn, { ...press, rev: '' });
  if (schedule !== undefined) await showOutput(turn, schedule);
};

export const pressRuns: PressHandler = async (turn, press) => {
  const schedule = await scheduleOf(turn, { ...press, rev: '' });
  if (schedule !== undefined) await showRuns(turn, schedule);
};
