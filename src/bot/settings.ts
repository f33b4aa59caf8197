// What a person, or the administrators of a group, may set; and what a person may take along or have deleted.
import type { Button } from '../channels/button.ts';
import { type Language, languageFor } from './texts/texts.ts';
import type { PressHandler, Turn } from './turn.ts';
import { askZone } from './zone.ts';

/** In a group, settings are its administrators'. */
export async function maySet(turn: Turn): Promise<boolean> {
  if (await turn.isAdmin()) return true;
  turn.answer(turn.plain('adminsOnly'), true);
  if (turn.incoming.pressed === undefined) turn.say(turn.t('adminsOnly'));
  return false;
}

export async function showSettings(turn: Turn): Promise<void> {
  const [user] = await turn.query<{ from: string | null; until: string | null }>(
    `select to_char(u.quiet_from, 'HH24:MI') as from, to_char(u.quiet_until, 'HH24:MI') as until from chime.users u where u.id = $1`,
    [turn.heard.userId],
  );
  const { isGroup } = turn.incoming;
  const quiet = user?.from != null && user.until !== null;
  const set = (key: Parameters<Turn['button']>[0], arg: string): Button =>
    turn.button(key, 'set', turn.heard.conversationId, { arg });
  const { adminsCreate } = turn.heard;
  turn.show(
    [
      turn.t('settingsTitle'),
      turn.t('settingsLanguage'),
      turn.t('settingsZone', { zone: turn.timezone ?? turn.plain('settingsNoZone') }),
      quiet
        ? turn.t('settingsQuiet', { from: user.from ?? '', until: user.until ?? '' })
        : turn.t('settingsNoQuiet'),
      turn.t('settingsParts', { morning: turn.heard.morningAt, evening: turn.heard.eveningAt }),
      ...(isGroup ? [turn.t(adminsCreate ? 'settingsAdmins' : 'settingsEveryone')] : []),
    ].join('\n'),
    [
      [set('buttonLanguage', 'language'), set('buttonZone', 'zone')],
      [quiet ? set('buttonNoQuiet', 'loud') : set('buttonQuiet', 'quiet')],
      [set('buttonMorning', 'morning'), set('buttonEvening', 'evening')],
      ...(isGroup
        ? [[adminsCreate ? set('buttonEveryone', 'everyone') : set('buttonAdmins', 'admins')]]
        : []),
    ],
  );
}

export const pressSet: PressHandler = async (turn, press) => {
  if (!(await maySet(turn))) return;
  switch (press.arg) {
    case 'language':
      return askLanguage(turn);
    case 'zone':
      return askZone(turn);
    case 'quiet':
    case 'loud':
      await turn.query(
        press.arg === 'quiet'
          ? "select chime.set_quiet_hours('22:00', '08:00')"
          : 'select chime.set_quiet_hours()',
      );
      return showSettings(turn);
    case 'morning':
    case 'evening':
      return askHour(turn, press.arg);
    case 'admins':
    case 'everyone':
      turn.heard.adminsCreate = press.arg === 'admins';
      await turn.recall('select chime_private.set_admins_create($1, $2)', [
        turn.heard.userId,
        turn.heard.adminsCreate,
      ]);
      return showSettings(turn);
  }
};

/** When a part of the day is to somebody. */
function askHour(turn: Turn, part: 'morning' | 'evening'): void {
  const hours = part === 'morning' ? [6, 7, 8, 9, 10] : [17, 18, 19, 20, 21];
  const button = (hour: number): Button => ({
    ...turn.button('buttonMorning', 'part', turn.heard.conversationId, { arg: `${part}-${hour}` }),
    label: `${String(hour).padStart(2, '0')}:00`,
  });
  turn.show(turn.t(part === 'morning' ? 'morningAsk' : 'eveningAsk'), [hours.map(button)]);
}

export const pressPart: PressHandler = async (turn, press) => {
  if (!(await maySet(turn))) return;
  const [, part, hour = ''] = /^(morning|evening)-(\d{1,2})$/.exec(press.arg) ?? [];
  if (part === undefined) return;
  const time = `${hour.padStart(2, '0')}:00`;
  await turn.query(`select chime.set_preferences(${part}_at => $1::time)`, [time]);
  turn.heard[part === 'morning' ? 'morningAt' : 'eveningAt'] = time;
  await showSettings(turn);
};

export function askLanguage(turn: Turn): void {
  const button = (label: string, arg: Language): Button => ({
    ...turn.button('buttonLanguage', 'language', turn.heard.conversationId, { arg }),
    label,
  });
  turn.show(turn.t('languageAsk'), [[button('English', 'en'), button('Русский', 'ru')]]);
}

export const pressLanguage: PressHandler = async (turn, press) => {
  if (!(await maySet(turn))) return;
  const language = languageFor(press.arg);
  await turn.query('select chime.set_preferences(locale => $1)', [language]);
  turn.language = language;
  turn.show(turn.t('languageSet'));
};

/** The largest document that Telegram takes of a bot is 50 MB; what is said waits in the database until it is sent, too. */
const mostExported = 40_000_000;

/** All that is known of the person, as JSON. */
export async function exportAll(turn: Turn): Promise<void> {
  const [row] = await turn.query<{ all: unknown }>('select chime.export_person() as all');
  const content = `${JSON.stringify(row?.all, null, 2)}\n`;
  if (Buffer.byteLength(content) > mostExported) turn.say(turn.t('exportTooLarge'));
  else turn.document('everything.json', content, turn.t('exported'));
}

/** Forgets the person, once they have typed that they want it. What is said after that is of somebody new. */
export async function takeForget(turn: Turn, text: string): Promise<void> {
  const wanted = text.trim().toLowerCase().replaceAll('ё', 'е');
  await turn.keep(null);
  if (wanted !== turn.plain('forgetWords').replaceAll('ё', 'е')) return turn.say(turn.t('notForgotten'));
  const [row] = await turn.query<{ count: number }>(
    "select (chime.forget_person() ->> 'schedules')::integer as count",
  );
  turn.say(turn.t('forgotten', { count: row?.count ?? 0 }));
}
