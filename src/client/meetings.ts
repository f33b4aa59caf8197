// Meetings of people, and what reminds of them.
import type { Send } from './chime.ts';
import {
  type BookMeetingInput,
  bookFields,
  type ListMeetingsOptions,
  type Meeting,
  type MeetingReminder,
  type MeetingTime,
  rescheduleFields,
} from './meeting_types.ts';
import type { Users } from './people.ts';
import { fromRow, isId, namedCall } from './rows.ts';

const columns = `m.id, m.owner_id, m.key, m.title, m.location, m.description, m.starts_at, m.ends_at, m.timezone, m.channel_mapping_id,
  m.reminders::text[] as reminders, m.status, m.revision, m.created_at, m.updated_at, m.cancelled_at, m.cancel_reason`;

type Row = Omit<Meeting, 'meetingReminders'>;

/** Meetings. A reference is an id, a key or a title. Errors are those of the SQL functions of the same names. */
export class Meetings {
  readonly #send: Send;
  readonly #users: Users;

  constructor(send: Send, users: Users) {
    this.#send = send;
    this.#users = users;
  }

  /** Books a meeting and its reminders; with the key of one that the person has, changes that to what is given. */
  async book({ user, ...input }: BookMeetingInput): Promise<Meeting> {
    const userId = user === undefined ? undefined : (await this.#users.get(user)).id;
    const { text, values } = namedCall('chime.book_meeting', { ...input, userId }, bookFields);
    return this.#changed(text, values);
  }

  /** Moves a meeting and its reminders; without `endsAt` it is as long as before. */
  async reschedule(reference: string, time: MeetingTime): Promise<Meeting> {
    const meetingId = await this.#id(reference);
    const { text, values } = namedCall('chime.reschedule_meeting', { meetingId, ...time }, rescheduleFields);
    return this.#changed(text, values);
  }

  /** Cancels a meeting and its reminders, those included that are not sent yet. */
  async cancel(reference: string, { reason }: { reason?: string } = {}): Promise<Meeting> {
    return this.#changed('select * from chime.cancel_meeting($1, $2)', [
      await this.#id(reference),
      reason ?? null,
    ]);
  }

  async get(reference: string): Promise<Meeting> {
    return this.#changed('select * from chime.find_meeting($1)', [reference]);
  }

  /** Meetings that take place and are not over, the next first; with `all`, those that are over or cancelled, too. */
  async list({ all = false, user, startsBefore, limit = 100 }: ListMeetingsOptions = {}): Promise<Meeting[]> {
    const owner = user === undefined ? null : (await this.#users.get(user)).id;
    const rows = await this.#send(
      `select ${columns} from chime.meetings m
       where m.tenant_id = chime.current_tenant() and ($1 or m.ends_at > chime.now() and m.status = 'scheduled')
         and ($2::uuid is null or m.owner_id = $2) and ($3::timestamptz is null or m.starts_at < $3)
       order by m.starts_at, m.id limit $4`,
      [all, owner, startsBefore ?? null, limit],
    );
    return this.#withReminders(rows.map((row) => fromRow<Row>(row)));
  }

  async #id(reference: string): Promise<string> {
    if (isId(reference)) return reference;
    const [row] = await this.#send<{ id: string }>('select m.id from chime.find_meeting($1) m', [reference]);
    return row?.id as string;
  }

  async #changed(text: string, values: unknown[]): Promise<Meeting> {
    const rows = await this.#send(`select ${columns} from (${text}) m`, values);
    const [meeting] = await this.#withReminders(rows.map((row) => fromRow<Row>(row)));
    return meeting as Meeting;
  }

  /** Asked for by themselves: a statement does not see what a function in it has just written. */
  async #withReminders(meetings: Row[]): Promise<Meeting[]> {
    const rows = await this.#send(
      `select r.meeting_id, r.before::text as before, r.remind_at, s.status, r.skip_reason, r.schedule_id
       from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id
       where r.meeting_id = any ($1::uuid[]) order by r.remind_at, r.id`,
      [meetings.map(({ id }) => id)],
    );
    const reminders = rows.map((row) => fromRow<MeetingReminder & { meetingId: string }>(row));
    return meetings.map((meeting) => ({
      ...meeting,
      meetingReminders: reminders
        .filter(({ meetingId }) => meetingId === meeting.id)
        .map(({ meetingId: _, ...reminder }) => reminder),
    }));
  }
}
