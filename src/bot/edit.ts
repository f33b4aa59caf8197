// Changing a schedule in free text: a new time, a new text, or both; what it was and what it will be is shown before.
import type { Button } from '../channels/button.ts';
import { showCard, whenLines } from './card.ts';
import { nameOf } from './create.ts';
import type { Draft } from './draft.ts';
import { draftOf } from './drafts.ts';
import { momentIn } from './moments.ts';
import { previewRule } from './rules.ts';
import { readSchedule, type ScheduleView } from './schedules.ts';
import { escaped } from './texts/texts.ts';
import type { PressHandler, Turn } from './turn.ts';
import { type Reading, type Rule, readWhen, withoutAsking } from './when/when.ts';

export async function askEdit(turn: Turn, schedule: ScheduleView): Promise<void> {
  await turn.keep({ awaits: 'edit', scheduleId: schedule.id, revision: schedule.revision });
  turn.say(turn.t('editAsk', { name: schedule.name }), [
    [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
  ]);
}

/** The new rule: where only a time of day was said, a rule of cron at a fixed time keeps its days. */
function ruleOf(schedule: ScheduleView, reading: Reading): Rule | undefined {
  if (reading.kind === 'none') return undefined;
  const days = /^\d+ \d+ (.+)$/.exec(schedule.cron ?? '')?.[1];
  if (reading.time !== undefined && days !== undefined)
    return { cron: `${Number(reading.time.slice(3))} ${Number(reading.time.slice(0, 2))} ${days}` };
  if (reading.kind === 'rule') return reading.rule;
  // Two times are as likely; the one that was written, since it is shown before it counts.
  return reading.choices.find(({ time }) => time === reading.time)?.rule;
}

function patchOf(
  turn: Turn,
  schedule: ScheduleView,
  text: string,
  reading: Reading,
): Record<string, unknown> {
  const rule = ruleOf(schedule, reading);
  const said = reading.kind === 'none' ? withoutAsking(text, turn.language) : reading.what;
  const what = said.replace(/^(move|change|make|перенеси|измени|сделай)( it| его| её)?( to| на)?\s*/i, '');
  return {
    ...rule,
    ...(what === '' ? {} : { name: nameOf(what) }),
    ...(what === '' || schedule.task !== 'remind' ? {} : { payload: { ...schedule.payload, text: what } }),
  };
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
  const { timezone } = schedule;
  const now = await momentIn(turn, turn.saidAt, timezone);
  const patch = patchOf(turn, schedule, text, readWhen(text, { now, timezone, locale: turn.language }));
  const { name, payload: _payload, ...rule } = patch as Rule & { name?: string; payload?: unknown };
  const isNew = Object.keys(rule).length > 0;
  const after = isNew ? await previewRule(turn, rule, timezone) : schedule;
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
      `${turn.t('after')}\n${shown(name ?? schedule.name, after.words, after.next, after.seconds)}`,
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
