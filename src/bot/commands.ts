// The commands of the bot: what each does, and where it is offered.
import { makeCalendar } from './calendar_feed.ts';
import { checkIn } from './check_in.ts';
import { propose } from './create.ts';
import { showList, showNext } from './list.ts';
import { momentIn } from './moments.ts';
import { one, pause, resume } from './pausing.ts';
import { showOutput, showRuns } from './runs.ts';
import { readSchedule, type ScheduleView } from './schedules.ts';
import { askLanguage, exportAll, maySet, showSettings } from './settings.ts';
import { type Language, plain, type TextKey } from './texts/texts.ts';
import type { Turn } from './turn.ts';
import { askZone, takeZone } from './zone.ts';

type Scope = 'private' | 'group';

interface BotCommand {
  about: TextKey;
  /** Where it is offered; one that is not offered in a group does nothing there. */
  in: readonly Scope[];
  run(turn: Turn, rest: string): Promise<void> | void;
}

const everywhere = ['private', 'group'] as const;

async function start(turn: Turn): Promise<void> {
  const { heard } = turn;
  if (heard.mappingStatus === 'blocked') return welcomeBack(turn);
  const [row] = await turn.query<{ count: number }>(
    "select count(*)::integer as count from chime.schedules s where s.deleted_at is null and s.status in ('active', 'paused')",
  );
  turn.say(row?.count ? turn.t('helloAgain', { count: row.count }) : turn.t('hello'));
}

/** To somebody who had blocked the bot: what was not sent meanwhile, and whether to send again. */
export async function welcomeBack(turn: Turn): Promise<void> {
  const [row] = await turn.query<{ count: number }>(
    `select count(*)::integer as count from chime.deliveries d join chime.channel_mappings m on m.id = d.channel_mapping_id
     where d.channel_mapping_id = $1 and d.status = 'skipped' and d.finished_at >= m.status_changed_at`,
    [turn.heard.mappingId],
  );
  const { conversationId } = turn.heard;
  turn.say(turn.t('welcomeBack', { count: row?.count ?? 0 }), [
    [
      turn.button('buttonResumeSending', 'back', conversationId, { arg: 'yes' }),
      turn.button('buttonNotNow', 'back', conversationId, { arg: 'no' }),
    ],
  ]);
}

/** The schedule that is named, or else the one that ran last. */
async function oneOrLast(turn: Turn, name: string): Promise<ScheduleView | undefined> {
  if (name !== '') return one(turn, name);
  const [last] = await turn.query<{ id: string }>(
    `select s.id from chime.runs r join chime.schedules s on s.id = r.schedule_id
     where s.deleted_at is null and r.status <> 'skipped' order by r.id desc limit 1`,
  );
  if (last === undefined) turn.say(turn.t('noRuns'));
  return last === undefined ? undefined : readSchedule(turn, last.id);
}

async function timezone(turn: Turn, rest: string): Promise<void> {
  if (turn.timezone !== null && !(await maySet(turn))) return;
  if (rest !== '') {
    await turn.keep({ awaits: 'zone', options: [] });
    if (!(await takeZone(turn, rest))) turn.say(turn.t('zoneUnknown', { text: rest }));
    return;
  }
  if (turn.timezone !== null) {
    const { time } = await momentIn(turn, turn.heard.now, turn.timezone);
    turn.say(turn.t('zoneIs', { zone: turn.timezone, local: time }));
  }
  await askZone(turn);
}

async function create(turn: Turn, rest: string): Promise<void> {
  if (rest === '') return turn.say(turn.t('newWhat'));
  await propose(turn, rest);
}

function help(turn: Turn): void {
  const list = botCommands(turn.language, turn.incoming.isGroup ? 'group' : 'private');
  const commands = list.map(({ command, description }) => `/${command}: ${description}`).join('\n');
  turn.say(turn.t('help', { commands }));
}

export const commands: Readonly<Record<string, BotCommand>> = {
  start: { about: 'commandStart', in: everywhere, run: start },
  new: { about: 'commandNew', in: everywhere, run: create },
  remind: { about: 'commandRemind', in: everywhere, run: create },
  list: {
    about: 'commandList',
    in: everywhere,
    run: (turn, rest) => showList(turn, /^(paused|на паузе)$/i.test(rest) ? 'paused' : 'all', 1),
  },
  next: { about: 'commandNext', in: everywhere, run: showNext },
  last: {
    about: 'commandLast',
    in: everywhere,
    async run(turn, rest) {
      const schedule = await oneOrLast(turn, rest);
      if (schedule !== undefined) await showOutput(turn, schedule);
    },
  },
  runs: {
    about: 'commandRuns',
    in: everywhere,
    async run(turn, rest) {
      const schedule = await oneOrLast(turn, rest);
      if (schedule !== undefined) await showRuns(turn, schedule);
    },
  },
  pause: { about: 'commandPause', in: everywhere, run: pause },
  resume: { about: 'commandResume', in: everywhere, run: resume },
  timezone: { about: 'commandTimezone', in: everywhere, run: timezone },
  checkin: { about: 'commandCheckIn', in: ['private'], run: checkIn },
  calendar: { about: 'commandCalendar', in: ['private'], run: makeCalendar },
  settings: { about: 'commandSettings', in: everywhere, run: showSettings },
  language: {
    about: 'commandLanguage',
    in: ['private'],
    async run(turn) {
      if (await maySet(turn)) askLanguage(turn);
    },
  },
  cancel: {
    about: 'commandCancel',
    in: everywhere,
    async run(turn) {
      turn.say(turn.t(turn.heard.draft === null ? 'nothingToCancel' : 'cancelled'));
      await turn.keep(null);
    },
  },
  export: { about: 'commandExport', in: ['private'], run: exportAll },
  forget: {
    about: 'commandForget',
    in: ['private'],
    async run(turn) {
      await turn.keep({ awaits: 'forget' });
      turn.say(turn.t('forgetAsk', { words: turn.plain('forgetWords') }));
    },
  },
  help: { about: 'commandHelp', in: everywhere, run: help },
};

/** The commands that are offered there, with what each does in that language: what setMyCommands takes. */
export function botCommands(language: Language, scope: Scope): { command: string; description: string }[] {
  return Object.entries(commands)
    .filter(([, { in: scopes }]) => scopes.includes(scope))
    .map(([command, { about }]) => ({ command, description: plain(language, about) }));
}
