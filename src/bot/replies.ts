// An answer to a message that told of a run acts on that run: again, its log, why it came, or later.
import { telegramHtml } from '../channels/telegram_html.ts';
import { statusWord } from './card.ts';
import { type FiredRun, runOfMessage, snooze } from './fired.ts';
import { wallText } from './moments.ts';
import { momentOf, readIn } from './phrase.ts';
import { escaped, type TextKey } from './texts/texts.ts';
import type { Turn } from './turn.ts';

async function again(turn: Turn, run: FiredRun): Promise<void> {
  const failed = ['failed', 'timed_out', 'cancelled'].includes(run.status);
  if (failed) await turn.query('select chime.retry_run($1)', [run.id]);
  else if (run.scheduleId !== null) await turn.query('select chime.run_now($1)', [run.scheduleId]);
  else return turn.say(turn.t('gone'));
  turn.say(turn.t('againStarted'));
}

async function showLog(turn: Turn, run: FiredRun): Promise<void> {
  const lines = await turn.query<{ line: string }>(
    `select to_char(l.logged_at at time zone $2, 'HH24:MI:SS') || ' ' || l.level || ' ' || l.message as line
     from (select * from chime.run_logs l where l.run_id = $1 order by l.seq desc limit 30) l order by l.seq`,
    [run.id, run.timezone],
  );
  const text = [...lines.map(({ line }) => line), ...(run.error === null ? [] : [run.error])].join('\n');
  turn.say(
    text === '' ? turn.t('logEmpty') : `<blockquote expandable>${escaped(text.slice(-3500))}</blockquote>`,
  );
}

/** Why a run came, and what went wrong with it. */
export function explain(turn: Turn, run: FiredRun): void {
  const causes: Readonly<Record<string, TextKey>> = {
    schedule: 'whySchedule',
    manual: 'whyManual',
    event: 'whyEvent',
  };
  const words = turn.t('why', {
    name: run.name,
    trigger: turn.plain(causes[run.trigger] ?? 'whyOther'),
    when: wallText(run.at, turn.language),
    status: statusWord(turn, run.status),
  });
  turn.say(run.error === null ? words : `${words}\n${telegramHtml(run.error.slice(0, 2000))}`);
}

async function later(turn: Turn, run: FiredRun, when: string): Promise<void> {
  const text = when.replace(/^\s*(until|till|до)\s+/i, '');
  const candidates = [
    text,
    `in ${text.replace(/^for\s+/i, '')}`,
    `через ${text.replace(/^на\s+/i, '')}`,
    `at ${text}`,
  ];
  for (const candidate of candidates) {
    const at = momentOf(readIn(turn, candidate, { timezone: run.timezone }));
    if (at !== undefined) return turn.say(turn.t('snoozedUntil', { when: await snooze(turn, run, { at }) }));
  }
  turn.say(turn.t('snoozeWhen'));
}

/** Acts on the run that the message told of which somebody answers; false where it told of none, or nothing of the kind is said. */
export async function takeReply(turn: Turn, messageId: string, text: string): Promise<boolean> {
  const said = text.trim().replace(/[.!?]+$/, '');
  const isAgain = /^(again|once more|repeat|ещ[её] раз|снова|повтори|запусти ещ[её] раз)$/iu.test(said);
  const isLog = /^(logs?|лог|логи|журнал)$/iu.test(said);
  const isWhy = /^(why|почему|зачем)$/iu.test(said);
  const snoozed = /^(?:snooze|later|отложи(?:ть)?|позже)(?:\s+(?<when>.+))?$/iu.exec(said);
  if (!isAgain && !isLog && !isWhy && snoozed === null) return false;
  const run = await runOfMessage(turn, messageId);
  if (run === undefined) return false;
  if (isAgain) {
    if (run.scheduleId !== null && !(await turn.mayChange(run.scheduleId))) turn.say(turn.t('notYours'));
    else await again(turn, run);
  } else if (isLog) await showLog(turn, run);
  else if (isWhy) explain(turn, run);
  else await later(turn, run, snoozed?.groups?.when ?? '10 minutes');
  return true;
}
