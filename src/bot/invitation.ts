// An invitation that somebody has sent as a file (.ics): it becomes a meeting of theirs, with reminders, or one is cancelled. Sent again, it
// changes that meeting.
import { addDays } from '../conversation/phrases/calendar.ts';
import {
  type Fault,
  type Invitation,
  keyOf,
  mostBytes,
  type Occurrence,
  readInvitation,
} from '../ical/invitation.ts';
import { mayCreate } from './create.ts';
import type { SentDocument } from './dialogue.ts';
import { instantOf, nextOf, timesOf, UnknownZone } from './invitation_times.ts';
import { wallText } from './moments.ts';
import type { TextKey } from './texts/texts.ts';
import type { PressHandler, Turn } from './turn.ts';
import { askZone } from './zone.ts';

const faults: Readonly<Record<Fault | 'too_large' | 'gone', TextKey>> = {
  malformed: 'invitationMalformed',
  empty: 'invitationEmpty',
  several: 'invitationSeveral',
  answer: 'invitationAnswer',
  too_large: 'invitationTooLarge',
  gone: 'invitationGone',
};

const refuse = (turn: Turn, fault: keyof typeof faults): void =>
  turn.say(turn.t(faults[fault], { most: mostBytes / 1024 }));

/** Takes a file that somebody has sent. */
export async function takeInvitation(turn: Turn, document: SentDocument): Promise<void> {
  if (!(await mayCreate(turn))) return;
  // Whole days, and times without a zone, mean nothing before.
  if (turn.timezone === null) return askZone(turn, { text: '', saidAt: turn.saidAt.toISOString(), document });
  if ((document.size ?? 0) > mostBytes) return refuse(turn, 'too_large');
  const file = await turn.fetchFile(document.fileId, mostBytes);
  if ('fault' in file) return refuse(turn, file.fault);
  const invitation = readInvitation(file.bytes);
  if (typeof invitation === 'string') return refuse(turn, invitation);
  try {
    await (invitation.wants === 'cancel' ? cancel(turn, invitation) : book(turn, invitation));
  } catch (error) {
    if (!(error instanceof UnknownZone)) throw error;
    turn.say(turn.t('invitationZone', { zone: error.zone.slice(0, 80) }));
  }
}

interface Known {
  id: string;
  key: string;
  title: string;
  revision: number;
}

/** What was booked from the same event before: by its key, or as the next time of the series that it is of. */
async function knownOf(turn: Turn, invitation: Invitation): Promise<Known[]> {
  const { uid, recurrence } = invitation;
  const key = keyOf(invitation);
  if (key === null) return [];
  const at = recurrence === null ? null : await instantOf(turn, invitation, recurrence);
  return turn.query<Known>(
    `select m.id, m.key, m.title, m.revision from chime.meetings m
     where m.owner_id = $1 and (m.key = $2 or m.key = $3 and m.starts_at = $4 or $4::timestamptz is null and starts_with(m.key, $2 || '/'))
     order by m.key = $2 desc, m.id`,
    [turn.heard.userId, key, keyOf({ uid, recurrence: null }), at],
  );
}

async function cancel(turn: Turn, invitation: Invitation): Promise<void> {
  const known = await knownOf(turn, invitation);
  if (known.length === 0) return turn.say(turn.t('invitationUnknown', { title: titleOf(turn, invitation) }));
  for (const { id } of known) await turn.query('select chime.cancel_meeting($1)', [id]);
  turn.say(turn.t('meetingCancelled', { title: known[0]?.title ?? '' }));
}

const titleOf = (turn: Turn, { title }: Occurrence): string => title ?? turn.plain('invitationUntitled');

async function book(turn: Turn, invitation: Invitation): Promise<void> {
  const isSeries = invitation.rule.length > 0 && invitation.recurrence === null;
  const found = isSeries
    ? await nextOf(turn, invitation)
    : { occurrence: invitation, times: await timesOf(turn, invitation, invitation) };
  if (found === undefined || found.times.ends <= turn.heard.now)
    return turn.say(turn.t('invitationOver', { title: titleOf(turn, invitation) }));
  const { occurrence, times } = found;
  const known = (await knownOf(turn, invitation)).find(
    ({ key }) => invitation.recurrence !== null || key === keyOf(invitation),
  );
  const [meeting] = await turn.query<{ id: string; revision: number }>(
    `select m.id, m.revision from chime.book_meeting(title => $1, starts_at => $2, ends_at => $3, timezone => $4, location => $5, description => $6,
       key => $7, channel_mapping_id => $8) m`,
    [
      ...[titleOf(turn, occurrence), times.startsAt, times.endsAt, turn.timezone],
      ...[occurrence.location, occurrence.description, known?.key ?? keyOf(invitation), turn.heard.mappingId],
    ],
  );
  if (meeting === undefined) throw new Error('The meeting was not booked.');
  const became: TextKey =
    known === undefined
      ? 'meetingBooked'
      : known.revision === meeting.revision
        ? 'meetingSame'
        : 'meetingChanged';
  await show(turn, meeting.id, became, isSeries);
}

interface MeetingRow {
  title: string;
  location: string | null;
  /** YYYY-MM-DD HH:MM, all three. */
  starts: string;
  ends: string;
  now: string;
}

/** Tells what is booked, on the clock of whoever reads it. */
async function show(turn: Turn, id: string, became: TextKey, repeats: boolean): Promise<void> {
  const zone = turn.timezone ?? 'UTC';
  const [meeting] = await turn.query<MeetingRow>(
    `select m.title, m.location, to_char(m.starts_at at time zone $2, 'YYYY-MM-DD HH24:MI') as starts, to_char(m.ends_at at time zone $2, 'YYYY-MM-DD HH24:MI') as ends,
       to_char($3::timestamptz at time zone $2, 'YYYY-MM-DD HH24:MI') as now
     from chime.meetings m where m.id = $1`,
    [id, zone, turn.heard.now],
  );
  if (meeting === undefined) throw new Error('The meeting is not there.');
  const reminders = await turn.query<{ at: string }>(
    `select to_char(r.remind_at at time zone $2, 'YYYY-MM-DD HH24:MI') as at from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id
     where r.meeting_id = $1 and s.status = 'active' and s.deleted_at is null order by r.remind_at`,
    [id, zone],
  );
  const words = (at: string) => wallText(at, turn.language, meeting.now);
  turn.say(
    [
      turn.t(became, { title: meeting.title }),
      turn.t('meetingWhen', { when: stretchOf(turn, meeting), zone }),
      ...(meeting.location === null ? [] : [turn.t('meetingWhere', { location: meeting.location })]),
      reminders.length === 0
        ? turn.t('meetingNoReminders')
        : turn.t('meetingReminders', { times: reminders.map(({ at }) => words(at)).join('; ') }),
      ...(repeats ? [turn.t('meetingRepeats')] : []),
    ].join('\n'),
    [[turn.button('buttonCancelMeeting', 'unbook', id)]],
  );
}

function stretchOf(turn: Turn, { starts, ends, now }: MeetingRow): string {
  const words = (at: string) => wallText(at, turn.language, now);
  if (!starts.endsWith(' 00:00') || !ends.endsWith(' 00:00') || starts === ends) {
    if (starts === ends) return words(starts);
    return starts.slice(0, 10) === ends.slice(0, 10)
      ? `${words(starts)}–${ends.slice(11)}`
      : `${words(starts)} – ${words(ends)}`;
  }
  const day = (at: string) => words(at).replace(/, \d\d:\d\d$/, '');
  // Midnight ends the day before.
  const last = addDays(ends.slice(0, 10), -1);
  return last === starts.slice(0, 10)
    ? `${day(starts)}, ${turn.plain('meetingAllDay')}`
    : `${day(starts)} – ${day(`${last} 00:00`)}`;
}

/** What was booked is taken back. In a group, that is its administrators' to do. */
export const pressUnbook: PressHandler = async (turn, press) => {
  if (!(await turn.isAdmin())) return turn.answer(turn.plain('notYours'), true);
  const [meeting] = await turn.query<{ title: string }>('select m.title from chime.cancel_meeting($1) m', [
    press.id,
  ]);
  turn.show(turn.t('meetingCancelled', { title: meeting?.title ?? '' }));
};
