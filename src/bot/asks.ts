// What people ask for in plain words of schedules that there are: what comes next, that one be moved, why one failed.
import { showEdit } from './edit.ts';
import { type FiredRun, readRun } from './fired.ts';
import { showNext } from './list.ts';
import { wantedOf } from './patch.ts';
import { explain } from './replies.ts';
import { findSchedules } from './schedules.ts';
import type { Turn } from './turn.ts';

const next =
  /^(?:what(?:['’]?s| is) (?:next|coming(?: up)?|on today)|что (?:там )?(?:дальше|следующее|впереди|сегодня))$/iu;
const move =
  /^(?:please\s+)?(?:move|reschedule|shift|change)\s+(?:the\s+|my\s+)?(?<name>\S.*?)\s+to\s+(?<when>.+)$/iu;
const moveRu =
  /^(?:пожалуйста,?\s+)?(?:перенеси|передвинь|сдвинь|измени)(?:те)?\s+(?<name>\S.*?)\s+на\s+(?<when>.+)$/iu;
const why = /^why did(?:n['’]t)?\s+(?:the\s+|my\s+)?(?<name>\S.*?)\s+(?:fail|break|work|run)$/iu;
const whyRu =
  /^почему\s+(?:не\s+)?(?:сработал|упал|сломал|получил|выполнил)(?:[аои]|ся|ась|ось|ись)?(?:\s+(?<name>\S.*))?$/iu;

/** A schedule is moved: what it would be like is shown. Whether there is one of that name, and a time was said. */
async function takeMove(turn: Turn, name: string, when: string): Promise<boolean> {
  const [schedule, ...others] = await findSchedules(turn, name);
  // Of several of a name none is meant more than the others: a command asks which.
  if (schedule === undefined || others.length > 0) return false;
  const { patch, over } = wantedOf(turn, schedule, when);
  if (patch.rule === undefined && over === undefined) return false;
  if (await turn.mayChange(schedule.id)) await showEdit(turn, schedule, when);
  else turn.say(turn.t('notYours'));
  return true;
}

/** The last run that failed, if for now: of a schedule, or of all that the person sees. */
async function lastFailed(turn: Turn, scheduleId: string | null): Promise<FiredRun | undefined> {
  const [run] = await turn.query<{ id: string }>(
    `select r.id from chime.runs r
     where r.schedule_id is not null and ($1::uuid is null or r.schedule_id = $1)
       and r.status in ('failed', 'timed_out', 'retrying')
     order by r.id desc limit 1`,
    [scheduleId],
  );
  return run === undefined ? undefined : readRun(turn, run.id);
}

async function takeWhy(turn: Turn, name = ''): Promise<boolean> {
  const isAny = name === '' || /^(?:it|that|this|это|он|она|оно)$/iu.test(name);
  const [schedule] = isAny ? [] : await findSchedules(turn, name);
  if (!isAny && schedule === undefined) return false;
  const run = await lastFailed(turn, schedule?.id ?? null);
  if (run === undefined) turn.say(turn.t('nothingFailed'));
  else explain(turn, run);
  return true;
}

/** Answers what is asked of schedules that there are; false where nothing of the kind is. */
export async function takeAsk(turn: Turn, text: string): Promise<boolean> {
  if (text.length > 500) return false;
  const said = text.trim().replace(/[.!?\s]+$/, '');
  if (next.test(said)) {
    await showNext(turn);
    return true;
  }
  const moved = move.exec(said) ?? moveRu.exec(said);
  if (moved?.groups?.name !== undefined) return takeMove(turn, moved.groups.name, moved.groups.when ?? '');
  const asked = why.exec(said) ?? whyRu.exec(said);
  return asked === null ? false : takeWhy(turn, asked.groups?.name);
}
