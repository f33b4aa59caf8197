// What programs give and get of meetings: the names of the columns, in the case of TypeScript.
import type { ScheduleStatus } from './types.ts';

/** When a meeting is. */
export interface MeetingTime {
  /** When it begins: an instant, or a wall-clock time of the zone such as `2026-12-01 15:00`. */
  startsAt: string | Date;
  /** When it ends. */
  endsAt?: string | Date;
  /** IANA time zone of these times: when it is booked, by default that of the person, else of the tenant; when it is moved, that in which it was booked. */
  timezone?: string;
  /** The revision that was read before: if it has another one by now, the change is refused (CH012). */
  expectedRevision?: number;
}

export interface BookMeetingInput extends Omit<MeetingTime, 'expectedRevision'> {
  title: string;
  /** How long it is, in place of `endsAt`, for example `45 minutes`; an hour by default. */
  duration?: string;
  /** Where it is: a place, a link. */
  location?: string;
  description?: string;
  /** What another calendar calls it; one of that person that has it is changed. */
  key?: string;
  /**
   * How long before it the reminders come, for example `['1 day', '30 minutes']`; by default as the tenant has it (`meeting_reminders`). `24 hours` are
   * exact, `1 day` is the same time of day on the day before.
   */
  reminders?: string[];
  /** Where the reminders go; by default where the person is best reached. */
  channelMappingId?: string;
  /** Whose meeting it is, by id or subject; by default the user who acts. */
  user?: string;
}

export interface ListMeetingsOptions {
  /** Those, too, that are over or cancelled. */
  all?: boolean;
  /** Those of one user, by id or subject. */
  user?: string;
  startsBefore?: string | Date;
  limit?: number;
}

export interface MeetingReminder {
  /** How long before the meeting it comes, as Postgres writes it: `24:00:00`, `1 day`. */
  before: string;
  remindAt: Date;
  /** How far its schedule is: `completed` = its time has come. */
  status: ScheduleStatus;
  /** Why it was not made when its time came. */
  skipReason: 'cancelled' | 'begun' | 'overtaken' | 'missed' | null;
  scheduleId: string;
}

export interface Meeting {
  id: string;
  ownerId: string;
  key: string | null;
  title: string;
  location: string | null;
  description: string | null;
  startsAt: Date;
  endsAt: Date;
  /** The zone that it was booked in. */
  timezone: string;
  channelMappingId: string | null;
  /** How long before it the reminders come; those whose time was over already when it was booked or moved are not made. */
  reminders: string[];
  /** The reminders that there are, in the order of their times. */
  meetingReminders: MeetingReminder[];
  status: 'scheduled' | 'cancelled';
  revision: number;
  createdAt: Date;
  updatedAt: Date;
  cancelledAt: Date | null;
  cancelReason: string | null;
}

/** The names of BookMeetingInput, as the call has them. */
export const bookFields: Readonly<Record<keyof Omit<BookMeetingInput, 'user'> | 'userId', true>> = {
  title: true,
  startsAt: true,
  endsAt: true,
  duration: true,
  timezone: true,
  location: true,
  description: true,
  key: true,
  reminders: true,
  channelMappingId: true,
  userId: true,
};

/** The names of MeetingTime, and of the meeting. */
export const rescheduleFields: Readonly<Record<keyof MeetingTime | 'meetingId', true>> = {
  meetingId: true,
  startsAt: true,
  endsAt: true,
  timezone: true,
  expectedRevision: true,
};
