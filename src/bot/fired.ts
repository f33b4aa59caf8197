// What can be done with a reminder that has fired: it is done, or it comes again later. That is a schedule of its own, which fires once; the
// one that it came from does not move.
import { reminderButtons } from '../channels/message.ts';
import { telegramHtml } from '../channels/telegram_html.ts';
import { addDays } from '../conversation/phrases/calendar.ts';
import type { PhraseRule } from '../conversation/phrases/reading.ts';
import { instantText } from '../conversation/phrases/wall.ts';
import { nameOf } from './create.ts';
import { momentIn, wallText } from './moments.ts';
import { ruleArguments } from './rules.ts';
import type { PressHandler, Turn } from './turn.ts';

export interface FiredRun {
  id: string;
  task: string;
  payload: Record<string, unknown>;
  output: string | null;
  error: string | null;
  status: string;
  trigger: string;
  /** Of its schedule, or of the person. */
  timezone: string;
  /** Its nominal time on the clock there: YYYY-MM-DD HH:MM. */
  at: string;
  scheduleId: string | null;
  name: string;
}

const selected = `
  select r.id, r.task, r.payload, r.output, r.error, r.status, r.trigger, coalesce($2::text, s.timezone, 'UTC') as timezone,
    to_char(r.scheduled_for at time zone coalesce($2::text, s.timezone, 'UTC'), 'YYYY-MM-DD HH24:MI') as at,
    r.schedule_id as "scheduleId", coalesce(s.name, r.task) as name
  from chime.runs r left join chime.schedules s on s.id = r.schedule_id`;

/** A run that the person sees; undefined where there is none. */
export async function readRun(turn: Turn, id: string): Promise<FiredRun | undefined> {
  const [run] = await turn.query<FiredRun>(`${selected} where r.id = $1`, [id, turn.timezone]);
  return run;
}

/** The run that a message told of which came to this place. */
export async function runOfMessage(turn: Turn, messageId: string): Promise<FiredRun | undefined> {
  const [run] = await turn.query<FiredRun>(
    `${selected} where r.id = (
       select d.run_id from chime.deliveries d where d.channel_mapping_id = $3 and d.external_id = $1 and d.channel_id in ('telegram', 'terminal') limit 1)`,
    [messageId, turn.timezone, turn.heard.mappingId],
  );
  return run;
}

const bodyOf = (run: FiredRun): string => telegramHtml(run.output ?? '');

async function firedOf(turn: Turn, id: string): Promise<FiredRun | undefined> {
  const run = await readRun(turn, id);
  if (run === undefined) turn.answer(turn.plain('notYourButton'), true);
  return run;
}

/** Says the same again at another time; a later wish for the same run takes the place of the one before. */
export async function snooze(turn: Turn, run: FiredRun, rule: PhraseRule): Promise<string> {
  const { sql, values } = ruleArguments(rule, 7);
  const name = run.task === 'remind' ? nameOf(String(run.payload.text ?? run.name)) : run.name;
  const [row] = await turn.query<{ local: string }>(
    `select to_char(c.next_run_at at time zone $4, 'YYYY-MM-DD HH24:MI') as local
     from chime.create_schedule(task => $1::text, payload => $2::jsonb, name => $3::text, timezone => $4::text, key => $5::text,
       channel_mapping_id => $6::uuid, tags => '{snooze}', ${sql}) c`,
    [
      run.task,
      JSON.stringify(run.payload),
      name,
      run.timezone,
      `snooze:${run.id}`,
      turn.heard.mappingId,
      ...values,
    ],
  );
  return wallText(row?.local ?? '', turn.language);
}

async function ruleOfArg(turn: Turn, run: FiredRun, arg: string): Promise<PhraseRule | undefined> {
  const now = await momentIn(turn, turn.heard.now, run.timezone);
  const minutes = { '10m': 10, '1h': 60 }[arg];
  if (minutes !== undefined) return { at: instantText(now.instant.getTime() + minutes * 60_000) };
  if (arg === 'tonight') return { at: `${now.date} ${turn.heard.eveningAt}` };
  return arg === 'tomorrow' ? { at: `${addDays(now.date, 1)} ${turn.heard.morningAt}` } : undefined;
}

export const pressDone: PressHandler = async (turn, press) => {
  const run = await firedOf(turn, press.id);
  if (run === undefined) return;
  const { time } = await momentIn(turn, turn.heard.now, run.timezone);
  const done = turn.incoming.isGroup
    ? turn.t('doneBy', { at: time, who: turn.incoming.from.name })
    : turn.t('doneAt', { at: time });
  turn.show(`${bodyOf(run)}\n\n${done}`, [[turn.button('buttonUndo', 'again', run.id)]]);
};

export const pressSnooze: PressHandler = async (turn, press) => {
  const run = await firedOf(turn, press.id);
  const rule = run === undefined ? undefined : await ruleOfArg(turn, run, press.arg);
  if (run === undefined || rule === undefined) return;
  const when = await snooze(turn, run, rule);
  turn.show(`${bodyOf(run)}\n\n${turn.t('snoozedUntil', { when })}`, [
    [turn.button('buttonUndo', 'again', run.id)],
  ]);
};

/** It is neither done nor snoozed, after all. */
export const pressAgain: PressHandler = async (turn, press) => {
  const run = await firedOf(turn, press.id);
  if (run === undefined) return;
  await turn.query(
    `select chime.delete_schedule(s.id) from chime.schedules s
     where s.key = $1 and s.deleted_at is null and s.status in ('active', 'paused')`,
    [`snooze:${run.id}`],
  );
  turn.show(bodyOf(run), reminderButtons(run.id, turn.language, turn.heard));
};
