// What the settings of a tenant are.
import type { RetryBackoff } from './types.ts';

/** How a tenant wants things to be where nothing else is said. Lengths of time are intervals as Postgres writes them: `1 day`, `00:30:00`. */
export interface TenantSettings {
  /** The time zone of schedules, and of people, that name none. */
  timezone: string;
  /** How often a run that fails is tried again, where its schedule does not say. */
  maxRetries: number;
  /** How long the first retry waits, where the schedule does not say. */
  retryDelay: string;
  /** How the wait grows from retry to retry, where the schedule does not say. */
  retryBackoff: RetryBackoff;
  /** From when on nothing is sent to people without quiet hours of their own: a time of day; null = there are none. */
  quietFrom: string | null;
  /** When those quiet hours end. */
  quietUntil: string | null;
  /** How late a daily check-in may still be sent. */
  checkInWindow: string;
  /** No check-in to people who have said something so recently; null = it does not matter. */
  checkInSilence: string | null;
  /** How long before a meeting its reminders come, the longest first. */
  meetingReminders: string[];
  /** How many follow-ups may be pending in one conversation. */
  followUpLimit: number;
  /** How long follow-ups, check-ins and meetings are kept after they took place. */
  keepExecuted: string;
  /** How long they are kept after they were cancelled or skipped. */
  keepCancelled: string;
  updatedAt: Date;
  /** Those that are not as they are by default. */
  changed: SettingName[];
}

export type SettingName = Exclude<keyof TenantSettings, 'updatedAt' | 'changed'>;

/** What is to be changed: `30 minutes`, `1d` and the like are lengths of time, `22:00` is a time of day. */
export type TenantSettingsChanges = {
  [Name in SettingName]?: NonNullable<TenantSettings[Name]>;
} & {
  /** Those that are to be as they are by default: no quiet hours, and no `checkInSilence`. */
  reset?: SettingName[];
};
