// What schedules have done: the last runs, and what the last one said.
import { plainText } from '../channels/plain_text.ts';
import { telegramHtml } from '../channels/telegram_html.ts';
import { statusWord } from './card.ts';
import { wallText } from './moments.ts';
import type { ScheduleView } from './schedules.ts';
import { escaped } from './texts/texts.ts';
import type { Turn } from './turn.ts';

/** Characters of output that are a message with its title; more is a document. */
const mostOutput = 3500;

const marks: Readonly<Record<string, string>> = {
  succeeded: '✅',
  failed: '❌',
  timed_out: '❌',
  skipped: '⏭',
  cancelled: '✖',
};

export async function showRuns(turn: Turn, schedule: ScheduleView): Promise<void> {
  const runs = await turn.query<{
    status: string;
    at: string;
    ms: number | null;
    late: number | null;
    error: string | null;
  }>(
    `select r.status, to_char(r.scheduled_for at time zone $2, 'YYYY-MM-DD HH24:MI') as at, chime.runs_duration_ms(r) as ms,
       chime.runs_lateness_ms(r) as late, left(r.error, 100) as error
     from chime.runs r where r.schedule_id = $1 order by r.id desc limit 10`,
    [schedule.id, schedule.timezone],
  );
  const lines = runs.map(({ status, at, ms, late, error }) =>
    [
      `${marks[status] ?? '⏳'} ${wallText(at, turn.language)}`,
      status === 'succeeded' ? '' : statusWord(turn, status),
      ms === null ? '' : seconds(ms),
      late !== null && late >= 60_000 ? `+${Math.round(late / 60_000)} min` : '',
      escaped(error ?? ''),
    ]
      .filter(Boolean)
      .join(' · '),
  );
  turn.show(
    [
      turn.t('runsTitle', { name: schedule.name }),
      ...(lines.length === 0 ? [turn.t('runsEmpty')] : lines),
    ].join('\n'),
    [[turn.button('buttonCard', 'card', schedule.id), turn.button('buttonOutput', 'output', schedule.id)]],
  );
}

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** What the last run said that came to an end. */
export async function showOutput(turn: Turn, schedule: ScheduleView): Promise<void> {
  const [run] = await turn.query<{ output: string | null; error: string | null; at: string; status: string }>(
    `select r.output, r.error, r.status, to_char(r.scheduled_for at time zone $2, 'YYYY-MM-DD HH24:MI') as at
     from chime.runs r
     where r.schedule_id = $1 and r.finished_at is not null and r.status <> 'skipped' order by r.id desc limit 1`,
    [schedule.id, schedule.timezone],
  );
  if (run === undefined) return turn.say(turn.t('runsEmpty'));
  const text = plainText([run.output, run.error].filter(Boolean).join('\n\n')).trim();
  const title = `${turn.t('lastTitle', { name: schedule.name, when: wallText(run.at, turn.language) })} · ${statusWord(turn, run.status)}`;
  if (text.length <= mostOutput)
    return turn.say(`${title}\n\n${text === '' ? turn.t('noOutput') : telegramHtml(text)}`);
  const name = (schedule.name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60) || 'output').toLowerCase();
  turn.document(`${name}-${run.at.replace(/\D+/g, '-')}.md`, text, `${title}\n\n${turn.t('outputTooLong')}`);
}
