// Lists of schedules, in pages with numbered buttons, and what comes next of all of them.
import type { Button } from '../channels/button.ts';
import { wallText } from './moments.ts';
import { type Filter, listSchedules, type ScheduleView } from './schedules.ts';
import { escaped } from './texts/texts.ts';
import type { PressHandler, Turn } from './turn.ts';

const pageSize = 5;

function line(turn: Turn, schedule: ScheduleView, number: number): string {
  const mark =
    schedule.status === 'paused'
      ? '⏸'
      : schedule.last?.status === 'failed'
        ? '⚠'
        : schedule.once
          ? '⏳'
          : '▶';
  const next = schedule.next[0];
  const words = schedule.once ? '' : `\n     ${escaped(schedule.words)}`;
  const when = next === undefined ? '' : ` · ${wallText(next, turn.language)}`;
  return `${number}. ${mark} <b>${escaped(schedule.name)}</b>${when}${words}`;
}

/** Buttons with numbers, as the lines have them. */
export const numbered = (turn: Turn, schedules: readonly ScheduleView[], from = 1): Button[] =>
  schedules.map(({ id }, index) => ({
    ...turn.button('buttonCard', 'card', id),
    label: String(from + index),
  }));

export async function showList(turn: Turn, filter: Filter, wanted: number): Promise<void> {
  const { schedules, count, page } = await listSchedules(turn, filter, wanted, pageSize);
  const pages = Math.max(1, Math.ceil(count / pageSize));
  const from = (page - 1) * pageSize + 1;
  const title = turn.t(filter === 'paused' ? 'listPaused' : 'listTitle', { count, page, pages });
  const zone = turn.timezone === null ? '' : ` · ${escaped(turn.timezone)}`;
  const lines = schedules.map((schedule, index) => line(turn, schedule, from + index));
  const go = (label: string, to: Filter, number: number): Button => ({
    ...turn.button('buttonAll', 'list', turn.heard.conversationId, { arg: `${to}.${number}` }),
    label,
  });
  const isEmpty = count === 0 && filter === 'all';
  turn.show(
    isEmpty ? turn.t('listEmpty') : [`${title}${zone}`, ...lines].join('\n'),
    isEmpty
      ? []
      : [
          ...(schedules.length === 0 ? [] : [numbered(turn, schedules, from)]),
          [
            ...(page > 1 ? [go('◀', filter, page - 1)] : []),
            filter === 'all'
              ? go(turn.plain('buttonPaused'), 'paused', 1)
              : go(turn.plain('buttonAll'), 'all', 1),
            ...(page < pages ? [go('▶', filter, page + 1)] : []),
          ],
        ],
  );
}

/** A list shows what is whoever's who presses: it needs no owner. */
export const pressList: PressHandler = async (turn, press) => {
  const [filter, page] = press.arg.split('.');
  await showList(turn, filter === 'paused' ? 'paused' : 'all', Math.max(1, Number(page) || 1));
};

/** The next ten fires of all schedules. */
export async function showNext(turn: Turn): Promise<void> {
  const fires = await turn.query<{ name: string; local: string; zone: string }>(
    `select s.name, to_char(p.scheduled_for at time zone coalesce($1::text, s.timezone), 'YYYY-MM-DD HH24:MI') as local,
       coalesce($1::text, s.timezone) as zone
     from (
       select * from chime.schedules s where s.status = 'active' and s.deleted_at is null order by s.next_run_at limit 10) s
     cross join lateral chime.preview(s.id, 10) p
     order by p.scheduled_for, s.id limit 10`,
    [turn.timezone],
  );
  if (fires.length === 0) return turn.say(turn.t('nextEmpty'));
  const lines = fires.map(({ name, local }) => `${wallText(local, turn.language)} · ${escaped(name)}`);
  turn.say([turn.t('nextTitle', { zone: fires[0]?.zone ?? '' }), ...lines].join('\n'));
}
