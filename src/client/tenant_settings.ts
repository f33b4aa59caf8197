// How a tenant wants things to be where nothing else is said.
import type { Send } from './chime.ts';
import { fromRow, namedCall } from './rows.ts';
import type { SettingName, TenantSettings, TenantSettingsChanges } from './tenant_settings_types.ts';

const columns = `s.timezone, s.max_retries, s.retry_delay::text as retry_delay, s.retry_backoff, s.quiet_from::text as quiet_from,
  s.quiet_until::text as quiet_until, s.check_in_window::text as check_in_window, s.check_in_silence::text as check_in_silence,
  s.meeting_reminders::text[] as meeting_reminders, s.follow_up_limit, s.keep_executed::text as keep_executed, s.keep_cancelled::text as keep_cancelled,
  s.updated_at, chime.tenant_settings_changed(s) as changed`;

const known: Readonly<Record<SettingName | 'reset', true>> = {
  timezone: true,
  maxRetries: true,
  retryDelay: true,
  retryBackoff: true,
  quietFrom: true,
  quietUntil: true,
  checkInWindow: true,
  checkInSilence: true,
  meetingReminders: true,
  followUpLimit: true,
  keepExecuted: true,
  keepCancelled: true,
  reset: true,
};

/** The settings of the tenant. Administrators change them. */
export class Settings {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  async get(): Promise<TenantSettings> {
    return this.#read('select * from chime.settings()');
  }

  /**
   * Changes those that are given; the others stay.
   * @throws UnknownTimezoneError (CH003)
   * @throws InvalidArgumentError (CH007)
   */
  async set(changes: TenantSettingsChanges): Promise<TenantSettings> {
    const { text, values } = namedCall('chime.set_tenant_settings', changes, known);
    return this.#read(text, values);
  }

  /** Makes these as they are by default. */
  async reset(...names: SettingName[]): Promise<TenantSettings> {
    return this.#read('select * from chime.set_tenant_settings(reset => $1)', [names]);
  }

  async #read(text: string, values: unknown[] = []): Promise<TenantSettings> {
    const rows = await this.#send(`select ${columns} from (${text}) r, lateral (select r.*) s`, values);
    const settings = fromRow<TenantSettings>(rows[0] ?? {});
    const changed = settings.changed as string[];
    return { ...settings, changed: changed.map(settingName) };
  }
}

/** The name of a setting as it is here. */
export const settingName = (name: string): SettingName =>
  name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()) as SettingName;
