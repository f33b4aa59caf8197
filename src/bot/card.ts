// A schedule on a card, with what can be done about it.
import type { Button } from '../channels/button.ts';
import { untilText, wallText } from './moments.ts';
import { type ScheduleView, stateOf } from './schedules.ts';
import { escaped, type TextKey } from './texts/texts.ts';
import type { Turn } from './turn.ts';

const statuses: Readonly<Record<string, TextKey>> = {
  succeeded: 'statusSucceeded',
  failed: 'statusFailed',
  timed_out: 'statusTimedOut',
  cancelled: 'statusCancelled',
  skipped: 'statusSkipped',
  queued: 'statusQueued',
  running: 'statusRunning',
  retrying: 'statusRetrying',
  lost: 'statusRetrying',
};

/** What became of a run, in a word or two. */
export const statusWord = (turn: Turn, status: string): string =>
  turn.plain(statuses[status] ?? 'statusQueued');

function stateText(turn: Turn, { status, pausedUntil }: ScheduleView): string {
  if (status === 'paused' && pausedUntil !== null)
    return turn.t('statePausedUntil', { until: wallText(pausedUntil, turn.language) });
  const key = {
    active: 'stateActive',
    paused: 'statePaused',
    completed: 'stateCompleted',
    cancelled: 'stateCancelled',
  };
  return turn.t(key[status] as TextKey);
}

/** When something fires: the rule in words, and the times that come next, the first with how long that is. */
export function whenLines(
  turn: Turn,
  words: string,
  next: readonly string[],
  seconds: number | null,
): string[] {
  const times = next.map((local) => wallText(local, turn.language));
  const soon = seconds === null ? '' : ` (${untilText(seconds, turn.language)})`;
  return [
    `🔁 ${escaped(words)}`,
    ...(times.length === 0
      ? []
      : [
          `⏭ ${times[0]}${soon}${times
            .slice(1)
            .map((time) => ` · ${time}`)
            .join('')}`,
        ]),
  ];
}

/** The text of a card. */
export function cardText(turn: Turn, schedule: ScheduleView): string {
  const { name, words, next, seconds, last, mappingId, channel, task } = schedule;
  const where =
    mappingId === null
      ? turn.t('deliversInbox')
      : mappingId === turn.heard.mappingId
        ? turn.t('deliversHere')
        : turn.t('deliversTo', { where: channel ?? '' });
  return [
    `<b>${escaped(name)}</b> · ${stateText(turn, schedule)}`,
    ...whenLines(turn, words, next, seconds),
    ...(last === null
      ? []
      : [
          turn.t('lastRun', {
            when: wallText(last.at, turn.language),
            status: statusWord(turn, last.status),
          }) + (last.error === null ? '' : `: ${escaped(last.error)}`),
        ]),
    `📍 ${where}${task === 'remind' ? '' : ` · ${escaped(task)}`}`,
  ].join('\n');
}

/** The buttons of a card. They carry the state that the card shows. */
export function cardButtons(turn: Turn, schedule: ScheduleView): Button[][] {
  const { id, status } = schedule;
  const rev = stateOf(schedule);
  const button = (key: TextKey, verb: string) => turn.button(key, verb, id, { rev });
  const steer =
    status === 'active'
      ? [button('buttonPause', 'pause')]
      : status === 'paused'
        ? [button('buttonResume', 'resume')]
        : [];
  return [
    [button('buttonRun', 'run'), ...steer, button('buttonEdit', 'edit')],
    [button('buttonOutput', 'output'), button('buttonRuns', 'runs')],
    [
      ...(status === 'active' ? [button('buttonSkip', 'skip')] : []),
      button('buttonDelete', 'delete'),
      turn.button('buttonList', 'list', turn.heard.conversationId, { arg: 'all.1' }),
    ],
  ];
}

/** Shows the card of a schedule in the place of what was pressed. */
export function showCard(turn: Turn, schedule: ScheduleView, note = ''): void {
  turn.show(`${note === '' ? '' : `${note}\n\n`}${cardText(turn, schedule)}`, cardButtons(turn, schedule));
}
