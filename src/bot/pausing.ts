// Pausing and resuming by command: one schedule, by its name, or all of them.
import { numbered } from './list.ts';
import { momentOf, readIn } from './phrase.ts';
import { findSchedules, type ScheduleView } from './schedules.ts';
import { maySet } from './settings.ts';
import { escaped } from './texts/texts.ts';
import type { Turn } from './turn.ts';

/** One schedule that is meant; several are offered as buttons. */
export async function one(turn: Turn, name: string): Promise<ScheduleView | undefined> {
  const found = await findSchedules(turn, name);
  if (found.length === 1) return found[0];
  if (found.length === 0) turn.say(turn.t('notFound', { name }));
  else {
    const lines = found.map(
      (schedule, index) => `${index + 1}. ${escaped(schedule.name)}: ${escaped(schedule.words)}`,
    );
    turn.say([turn.t('severalFound'), ...lines].join('\n'), [numbered(turn, found)]);
  }
  return undefined;
}

const isAll = (name: string): boolean => /^(all|everything|вс[её])$/i.test(name);

/** Until when a pause lasts, and what is paused. */
function pauseWanted(turn: Turn, rest: string): { name: string; until: string | null } {
  const match = /^(?<name>.*?)\s+(?:until|till|до)\s+(?<when>.+)$/iu.exec(rest);
  if (match?.groups === undefined) return { name: rest, until: null };
  const at = momentOf(readIn(turn, match.groups.when ?? ''));
  return at === undefined ? { name: rest, until: null } : { name: match.groups.name ?? '', until: at };
}

/** An instant, of wall-clock time in a zone or with an offset. */
const instantSql = (value: string, zone: string) =>
  `case when ${value} ~ 'Z$' then ${value}::timestamptz else ${value}::timestamp at time zone ${zone} end`;

export async function pause(turn: Turn, rest: string): Promise<void> {
  if (rest === '') return turn.say(turn.t('pauseWhich'));
  const { name, until } = pauseWanted(turn, rest);
  const ids = await idsOf(turn, name, 'active');
  if (ids === undefined) return;
  const paused = await turn.query(
    `select chime.pause_schedule(s.id, null, ${instantSql('$2::text', '$3::text')}) from chime.schedules s where s.id = any ($1)`,
    [ids, until, turn.timezone ?? 'UTC'],
  );
  turn.say(turn.t('pausedCount', { count: paused.length }));
}

export async function resume(turn: Turn, rest: string): Promise<void> {
  if (rest === '') return turn.say(turn.t('resumeWhich'));
  const ids = await idsOf(turn, rest, 'paused');
  if (ids === undefined) return;
  const resumed = await turn.query(
    'select chime.resume_schedule(s.id) from chime.schedules s where s.id = any ($1)',
    [ids],
  );
  turn.say(turn.t('resumedCount', { count: resumed.length }));
}

/** The schedules that shall change, of those that are in this state; undefined, and said so, where they are not to be changed. */
async function idsOf(turn: Turn, name: string, status: 'active' | 'paused'): Promise<string[] | undefined> {
  if (isAll(name)) {
    if (!(await maySet(turn))) return undefined;
    const rows = await turn.query<{ id: string }>(
      'select s.id from chime.schedules s where s.deleted_at is null and s.status = $1',
      [status],
    );
    return rows.map(({ id }) => id);
  }
  const schedule = await one(turn, name);
  if (schedule === undefined) return undefined;
  if (!(await turn.mayChange(schedule.id))) {
    turn.say(turn.t('notYours'));
    return undefined;
  }
  return schedule.status === status ? [schedule.id] : [];
}
