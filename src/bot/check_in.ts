// /checkin: when a person is asked how they are, on which days, and what for it is left out.
import type { Button } from '../channels/button.ts';
import { momentIn, wallText } from './moments.ts';
import type { PressHandler, Turn } from './turn.ts';
import { askZone } from './zone.ts';

interface CheckIn {
  at: string | null;
  days: number[] | null;
  /** Hours without a word of theirs; null = as the tenant has it. */
  silence: number | null;
  /** What the tenant has, in hours. */
  usual: number | null;
  place: string | null;
  next: Date | null;
}

async function readCheckIn(turn: Turn): Promise<CheckIn> {
  const [row] = await turn.query<CheckIn>(
    `select to_char(u.preferred_message_time, 'HH24:MI') as at, u.check_in_days as days, u.place,
       (extract(epoch from u.check_in_silence) / 3600)::double precision as silence,
       (extract(epoch from t.check_in_silence) / 3600)::double precision as usual,
       (select s.next_run_at from chime.schedules s where s.owner_id = u.id and s.purpose = 'check_in' and s.next_run_at is not null) as next
     from chime.users u left join chime.tenant_settings t on t.tenant_id = u.tenant_id where u.id = $1`,
    [turn.heard.userId],
  );
  return row ?? { at: null, days: null, silence: null, usual: null, place: null, next: null };
}

const daySets = { all: null, work: [1, 2, 3, 4, 5], rest: [6, 7] } as const;
type DaySet = keyof typeof daySets;

function daysText(turn: Turn, days: number[] | null): string {
  const known = (Object.keys(daySets) as DaySet[]).find(
    (name) => JSON.stringify(daySets[name]) === JSON.stringify(days),
  );
  if (known !== undefined) return turn.t('checkInDays', { days: known });
  const names = new Intl.DateTimeFormat(turn.language, { weekday: 'short', timeZone: 'UTC' });
  // The first of January 2024 was a Monday.
  return (days ?? []).map((day) => names.format(new Date(Date.UTC(2024, 0, day)))).join(', ');
}

/** Shows how it is, with buttons to change it. */
async function showCheckIn(turn: Turn): Promise<void> {
  const { at, days, silence, usual, place, next } = await readCheckIn(turn);
  const hours = silence ?? usual ?? 0;
  const set = (label: string, arg: string): Button => ({
    ...turn.button('buttonOther', 'checkin', turn.heard.conversationId, { arg }),
    label,
  });
  const moment = next === null ? undefined : await momentIn(turn, next, turn.timezone ?? 'UTC');
  const lines =
    at === null
      ? [turn.t('checkInOff')]
      : [
          turn.t('checkInOn', { at, days: daysText(turn, days), zone: turn.timezone ?? 'UTC' }),
          ...(moment === undefined
            ? []
            : [turn.t('checkInNext', { when: wallText(`${moment.date} ${moment.time}`, turn.language) })]),
          turn.t(hours > 0 ? 'checkInSilence' : 'checkInNoSilence', { hours }),
          place === null ? turn.t('checkInNoPlace') : turn.t('checkInPlace', { place }),
        ];
  turn.show([turn.t('checkInTitle'), ...lines].join('\n'), [
    ['07:00', '08:00', '09:00', '10:00'].map((time) => set(time, `at-${time.replace(':', '')}`)),
    [
      ...['12:00', '18:00', '21:00'].map((time) => set(time, `at-${time.replace(':', '')}`)),
      set(turn.plain('buttonOther'), 'time'),
    ],
    ...(at === null
      ? []
      : [
          (Object.keys(daySets) as DaySet[]).map((name) =>
            set(turn.plain('checkInDays', { days: name }), `days-${name}`),
          ),
          [0, 1, 3, 12].map((each) => set(turn.plain('buttonSilence', { hours: each }), `silence-${each}`)),
          [set(turn.plain('buttonPlace'), 'place'), set(turn.plain('buttonCheckInOff'), 'off')],
        ]),
  ]);
}

/** Changes what is given and keeps the rest; who does that for the first time is known well enough to be written to. */
async function change(turn: Turn, fields: Partial<Pick<CheckIn, 'at' | 'days' | 'silence'>>): Promise<void> {
  const { at, days, silence } = { ...(await readCheckIn(turn)), ...fields };
  await turn.query('select chime.complete_onboarding()');
  await turn.query('select chime.set_check_in($1, $2, make_interval(secs => $3))', [
    at,
    days,
    silence === null ? null : silence * 3600,
  ]);
  await turn.keep(null);
  await showCheckIn(turn);
}

/** HH:MM from what people write: 9, 9:30, 9.30 pm. */
export function clockIn(text: string): string | undefined {
  const match = /^(?:at |в )?(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const half = match[3]?.toLowerCase();
  let hour = Number(match[1]);
  if (half !== undefined && (hour < 1 || hour > 12)) return undefined;
  if (half !== undefined) hour = (hour % 12) + (half === 'pm' ? 12 : 0);
  const minute = Number(match[2] ?? 0);
  if (hour > 23 || minute > 59) return undefined;
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

/** The command, with a time, with off, or alone. */
export async function checkIn(turn: Turn, rest: string): Promise<void> {
  if (turn.timezone === null) return askZone(turn, { text: '/checkin', saidAt: turn.saidAt.toISOString() });
  if (rest === '') return showCheckIn(turn);
  if (/^(off|no|нет|выкл(ючить)?)$/i.test(rest)) return change(turn, { at: null });
  const at = clockIn(rest);
  if (at === undefined) return turn.say(turn.t('checkInTimeUnclear', { text: rest }));
  await change(turn, { at });
}

/** What somebody has typed who was asked for a time. */
export async function takeCheckInTime(turn: Turn, text: string): Promise<void> {
  const at = clockIn(text);
  if (at === undefined) return turn.say(turn.t('checkInTimeUnclear', { text }));
  await change(turn, { at });
}

/** What somebody has typed who was asked for their town. */
export async function takePlace(turn: Turn, text: string): Promise<void> {
  const none = /^(-|none|no|нет)$/i.test(text.trim());
  await turn.query('select chime.set_preferences(place => $1)', [none ? '' : text.trim().slice(0, 100)]);
  await turn.keep(null);
  await showCheckIn(turn);
}

export const pressCheckIn: PressHandler = async (turn, press) => {
  if (turn.timezone === null) return askZone(turn);
  const [what = '', arg = ''] = press.arg.split('-');
  switch (what) {
    case 'at':
      return change(turn, { at: clockIn(arg.replace(/(..)$/, ':$1')) ?? null });
    case 'days':
      if (Object.hasOwn(daySets, arg))
        await change(turn, { days: daySets[arg as DaySet] as number[] | null });
      return;
    case 'silence':
      return change(turn, { silence: Number(arg) });
    case 'off':
      return change(turn, { at: null });
    case 'time':
    case 'place':
      await turn.keep({ awaits: what === 'time' ? 'check_in_time' : 'place' });
      return turn.say(turn.t(what === 'time' ? 'checkInAskTime' : 'checkInAskPlace'));
  }
};
