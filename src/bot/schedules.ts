// Schedules as the bot shows them, read as the person's user: what row-level security hides is not there.
import type { Turn } from './turn.ts';

export interface ScheduleView {
  id: string;
  name: string;
  task: string;
  payload: Record<string, unknown>;
  status: 'active' | 'paused' | 'completed' | 'cancelled';
  pausedUntil: string | null;
  timezone: string;
  cron: string | null;
  once: boolean;
  revision: number;
  isDeleted: boolean;
  mappingId: string | null;
  channel: string | null;
  /** The rule in words. */
  words: string;
  /** Wall-clock times of the next fires, YYYY-MM-DD HH:MM. */
  next: string[];
  seconds: number | null;
  last: { id: string; status: string; at: string; error: string | null; isOpen: boolean } | null;
}

const wall = (value: string) => `to_char(${value} at time zone s.timezone, 'YYYY-MM-DD HH24:MI')`;

const selected = `
  select s.id, s.name, s.task, s.payload, s.status, ${wall('s.paused_until')} as "pausedUntil", s.timezone, s.cron, s.at is not null as once,
    s.revision, s.deleted_at is not null as "isDeleted", s.channel_mapping_id as "mappingId", m.channel_id as channel,
    case when s.deleted_at is null then chime.describe(s.id, $1) else '' end as words,
    coalesce(n.next, '{}') as next, n.seconds,
    case when r.id is not null then json_build_object('id', r.id, 'status', r.status, 'at', ${wall('r.scheduled_for')}, 'error', left(r.error, 200),
      'isOpen', r.finished_at is null) end as last
  from chime.schedules s
  left join chime.channel_mappings m on m.id = s.channel_mapping_id
  left join lateral (select * from chime.runs r where r.schedule_id = s.id and r.status <> 'skipped' order by r.id desc limit 1) r on true
  left join lateral (
    select array_agg(to_char(p.local_time, 'YYYY-MM-DD HH24:MI') order by p.scheduled_for) as next,
      extract(epoch from min(p.scheduled_for) - chime.now())::double precision as seconds
    from chime.preview(s.id, 3) p where s.status = 'active' and s.deleted_at is null) n on true`;

/** A schedule, deleted ones included; undefined where there is none that the person sees. */
export async function readSchedule(turn: Turn, id: string): Promise<ScheduleView | undefined> {
  const [row] = await turn.query<ScheduleView>(`${selected} where s.id = $2`, [turn.language, id]);
  return row;
}

export type Filter = 'all' | 'paused';

/** A page of schedules: those that fire next come first, then those that do not fire. */
export async function listSchedules(
  turn: Turn,
  filter: Filter,
  page: number,
  size: number,
): Promise<{ schedules: ScheduleView[]; count: number; page: number }> {
  const states = filter === 'paused' ? "('paused')" : "('active', 'paused')";
  const which = `s.deleted_at is null and s.status in ${states}`;
  const [counted] = await turn.query<{ count: number }>(
    `select count(*)::integer as count from chime.schedules s where ${which}`,
  );
  const count = counted?.count ?? 0;
  // What was on a later page may be gone by now.
  const shown = Math.min(page, Math.max(1, Math.ceil(count / size)));
  const schedules = await turn.query<ScheduleView>(
    `${selected} where ${which} order by s.next_run_at nulls last, s.id limit $2 offset $3`,
    [turn.language, size, (shown - 1) * size],
  );
  return { schedules, count, page: shown };
}

/** The schedules that somebody means by a name: those that are called so, else those in which the words occur. */
export async function findSchedules(turn: Turn, name: string): Promise<ScheduleView[]> {
  const exact = await turn.query<ScheduleView>(
    `${selected} where s.deleted_at is null and lower(s.name) = lower($2) order by s.next_run_at nulls last, s.id desc limit 8`,
    [turn.language, name],
  );
  if (exact.length > 0) return exact;
  return turn.query<ScheduleView>(
    `${selected} where s.id in (select f.id from chime.search_schedules(text => $2) f) order by s.next_run_at nulls last, s.id desc limit 8`,
    [turn.language, name],
  );
}

/** What a schedule was like when a button was made: its revision, and the state in which it was shown. */
export const stateOf = (schedule: Pick<ScheduleView, 'revision' | 'status' | 'isDeleted'>): string =>
  `${schedule.revision}${schedule.isDeleted ? 'd' : schedule.status.charAt(0)}`;
