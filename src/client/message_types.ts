// What is said to people of one's own accord, as programs give and get it.

export type Purpose = 'check_in' | 'follow_up' | 'meeting_reminder';
export type MessageStatus = 'pending' | 'sent' | 'failed';

/** A check-in, a follow-up or the reminder of a meeting: planned, on its way, sent or failed. */
export interface ScheduledMessage {
  /** The id of its delivery, of its run while there is none, or of its schedule while it is planned. */
  id: string;
  purpose: Purpose;
  /** Whom it is for. */
  userId: string | null;
  /** The conversation; null = not decided yet, or the inbox. */
  channelMappingId: string | null;
  scheduleId: string;
  /** null while it is planned. */
  runId: string | null;
  scheduledFor: Date;
  /** null where it is not known yet. */
  content: string | null;
  status: MessageStatus;
  sentAt: Date | null;
  failureReason: string | null;
}

export interface FollowUpInput {
  /** When: an instant, or a wall-clock time of `timezone` such as `2026-12-01 18:00`. */
  at: string | Date;
  /** What is said; `{{person}}` and `{{reason}}` in it are filled in. */
  message?: string;
  /** A task that makes the text, in the place of `message`. */
  task?: string;
  /** What that task is given; placeholders in its texts are filled in, too. */
  payload?: unknown;
  /** Why the person is asked again. */
  reason: string;
  /** By default that of the tenant. */
  timezone?: string;
  /** The conversation; by default the inbox of the user for whom the program acts. */
  channelMappingId?: string;
  /** Whose word cancels it; by default whose conversation it is. */
  personId?: string;
  /** How late it may still be said, for example `2 hours`; a day by default. */
  catchUpWindow?: string;
}

export interface FollowUp {
  id: string;
  scheduleId: string;
  channelMappingId: string | null;
  personId: string;
  task: string;
  messageTemplate: string | null;
  reason: string;
  status: 'pending' | 'executed' | 'cancelled';
  createdAt: Date;
  executedAt: Date | null;
  cancelledAt: Date | null;
  cancelReason: 'client_responded' | 'by_hand' | 'missed' | null;
}

/** When somebody is asked how they are. */
export interface CheckInInput {
  /** A time of day of the person, HH:MM; null = never. */
  at: string | null;
  /** 1 = Monday to 7 = Sunday; every day by default. */
  days?: number[];
  /** Not when they have said something within this time, for example `3 hours`; by default as their tenant has it. */
  silence?: string;
}
