// Changing a schedule in free text: a new time, a new text, or both; what it was and what it will be is shown before.
import type { Button } from '../channels/button.ts';
import { showCard, whenLines } from './card.ts';
import type { Draft } from './draft.ts';
import { draftOf } from './drafts.ts';
import { momentIn } from './moments.ts';
import { wantedOf } from './patch.ts';
import { previewRule } from './rules.ts';
import { readSchedule, type ScheduleView } from './schedules.ts';
import { escaped } from './texts/texts.ts';
import type { PressHandler, Turn } from './turn.ts';

export async function askEdit(turn: Turn, schedule: ScheduleView): Promise<void> {
  await turn.keep({ awaits: 'edit', scheduleId: schedule.id, revision: schedule.revision });
  turn.say(turn.t('editAsk', { name: schedule.name }), [
    [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
  ]);
}

/** What somebody has written who was asked how a schedule shall be. */
export async function takeEdit(
  turn: Turn,
  draft: Extract<Draft, { awaits: 'edit' }>,
  text: string,
): Promise<void> {
  const schedule = await readSchedule(turn, draft.scheduleId);
  if (schedule === undefined || schedule.isDeleted) {
    await turn.keep(null);
    return turn.say(turn.t('gone'));
  }
  if (text.length > 2000) return turn.say(turn.t('tooLong', { most: 2000 }));
  await showEdit(turn, schedule, text);
}

/** Shows what a schedule was and what it would be like. */
export async function showEdit(turn: Turn, schedule: ScheduleView, text: string): Promise<void> {
  const { patch: wanted, assumptions, over } = wantedOf(turn, schedule, text);
  if (over !== undefined)
    return turn.say(
      turn.t('whenOver', { when: over, now: (await momentIn(turn, turn.saidAt, schedule.timezone)).time }),
    );
  const { rule, ...others } = wanted;
  const patch = { ...rule, ...others };
  const after =
    rule === undefined ? schedule : await previewRule(turn, rule, others.timezone ?? schedule.timezone);
  await turn.keep({ awaits: 'confirm_edit', scheduleId: schedule.id, revision: schedule.revision, patch });
  const buttons: Button[][] = [
    [
      turn.draftButton(turn.plain('buttonSave'), 'save'),
      turn.draftButton(turn.plain('buttonChange'), 'reedit'),
      turn.draftButton(turn.plain('buttonCancel'), 'drop'),
    ],
  ];
  const shown = (title: string, words: string, next: readonly string[], seconds: number | null) =>
    [`<b>${escaped(title)}</b>`, ...whenLines(turn, words, next, seconds)].join('\n');
  turn.say(
    [
      turn.t('confirmEdit', { name: schedule.name }),
      `${turn.t('before')}\n${shown(schedule.name, schedule.words, schedule.next, schedule.seconds)}`,
      `${turn.t('after')}\n${shown(others.name ?? schedule.name, after.words, after.next, after.seconds)}`,
      ...(assumptions.length === 0
        ? []
        : [assumptions.map((note) => turn.t('assumed', { text: note })).join('\n')]),
    ].join('\n\n'),
    buttons,
  );
}

export const pressSave: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'confirm_edit');
  if (draft === undefined) return;
  const { scheduleId, revision, patch } = draft;
  if (!(await turn.mayChange(scheduleId))) return turn.answer(turn.plain('notYours'), true);
  await turn.keep(null);
  const [now] = await turn.query<{ revision: number }>('select revision from chime.schedules where id = $1', [
    scheduleId,
  ]);
  const isCurrent = now?.revision === revision;
  if (isCurrent)
    await turn.query('select chime.update_schedule($1, $2::jsonb, $3)', [
      scheduleId,
      JSON.stringify(patch),
      revision,
    ]);
  const schedule = await readSchedule(turn, scheduleId);
  if (schedule === undefined || schedule.isDeleted) return turn.show(turn.t('gone'));
  showCard(turn, schedule, turn.t(isCurrent ? 'saved' : 'stale'));
};

export const pressReedit: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'confirm_edit');
  const schedule = draft === undefined ? undefined : await readSchedule(turn, draft.scheduleId);
  if (schedule === undefined) return;
  turn.show(turn.t('cancelled'));
  await askEdit(turn, schedule);
};
