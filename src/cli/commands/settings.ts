// The settings of a tenant: shown, changed, and made as they are by default.
import { Command } from 'commander';
import type { Chime } from '../../client/chime.ts';
import { settingName } from '../../client/tenant_settings.ts';
import type {
  SettingName,
  TenantSettings,
  TenantSettingsChanges,
} from '../../client/tenant_settings_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { configOf, withCommon } from '../options.ts';
import { intervalWords, json, table } from '../output.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

const interval = (value: string | null) => (value === null ? 'none' : intervalWords(value) || '0');
const clock = (time: string | null) => (time ?? '').replace(/^(\d\d:\d\d):00$/, '$1');

/** Each as it is shown: its name, its value, and what in the database it is. */
const shown: readonly [string, (settings: TenantSettings) => string, readonly SettingName[]][] = [
  ['timezone', ({ timezone }) => timezone, ['timezone']],
  ['max_retries', ({ maxRetries }) => String(maxRetries), ['maxRetries']],
  ['retry_delay', ({ retryDelay }) => interval(retryDelay), ['retryDelay']],
  ['retry_backoff', ({ retryBackoff }) => retryBackoff, ['retryBackoff']],
  [
    'quiet',
    ({ quietFrom, quietUntil }) => (quietFrom === null ? 'none' : `${clock(quietFrom)}-${clock(quietUntil)}`),
    ['quietFrom', 'quietUntil'],
  ],
  ['check_in_window', ({ checkInWindow }) => interval(checkInWindow), ['checkInWindow']],
  ['check_in_silence', ({ checkInSilence }) => interval(checkInSilence), ['checkInSilence']],
  [
    'meeting_reminders',
    ({ meetingReminders }) => meetingReminders.map(interval).join(', ') || 'none',
    ['meetingReminders'],
  ],
  ['follow_up_limit', ({ followUpLimit }) => String(followUpLimit), ['followUpLimit']],
  ['keep_executed', ({ keepExecuted }) => interval(keepExecuted), ['keepExecuted']],
  ['keep_cancelled', ({ keepCancelled }) => interval(keepCancelled), ['keepCancelled']],
];

function print(settings: TenantSettings, asJson: true | undefined): void {
  if (asJson) {
    process.stdout.write(json(settings));
    return;
  }
  const rows = shown.map(([setting, value, names]) => ({
    setting,
    value: printable(value(settings)),
    from: names.some((name) => settings.changed.includes(name)) ? '' : 'default',
  }));
  process.stdout.write(table(['setting', 'value', 'from'], rows));
}

/** The names in the database of one that is shown. */
function namesOf(setting: string): readonly SettingName[] {
  const wanted = settingName(setting.replaceAll('-', '_'));
  const names = shown.find(([name]) => settingName(name) === wanted)?.[2];
  if (names === undefined) {
    throw new UsageError(
      `There is no setting "${setting}".`,
      `Settings are ${shown.map(([name]) => name).join(', ')}.`,
    );
  }
  return names;
}

/** What `name=value` changes; `none` takes away what need not be there. */
export function changeOf(argument: string): TenantSettingsChanges {
  const [, setting = '', value = ''] = /^([^=]+)=(.*)$/s.exec(argument) ?? [];
  if (setting === '' || value.trim() === '') {
    throw new UsageError(
      `"${argument}" changes nothing.`,
      'Write name=value, for example timezone=Europe/Berlin.',
    );
  }
  const names = namesOf(setting);
  const [name] = names as [SettingName];
  if (name === 'meetingReminders')
    return { meetingReminders: value === 'none' ? [] : value.split(',').map((lead) => lead.trim()) };
  if (value === 'none' && (name === 'quietFrom' || name === 'checkInSilence')) return { reset: [...names] };
  if (name === 'quietFrom') {
    const [, quietFrom, quietUntil] = /^\s*([\d:]+)\s*(?:-|–|\.\.)\s*([\d:]+)\s*$/.exec(value) ?? [];
    if (quietFrom === undefined || quietUntil === undefined)
      throw new UsageError(`"${value}" are no quiet hours.`, 'Write quiet=22:00-08:00, or quiet=none.');
    return { quietFrom, quietUntil };
  }
  return { [name]: value.trim() };
}

/** Several of them, as one change. */
function changesOf(given: readonly string[]): TenantSettingsChanges {
  const changes = given.map(changeOf);
  return { ...Object.assign({}, ...changes), reset: changes.flatMap(({ reset = [] }) => reset) };
}

function settingsOf(command: Command, work: (chime: Chime) => Promise<TenantSettings>): Promise<void> {
  const options = command.opts<TenantOptions>();
  return withChime(
    configOf(command),
    async (chime) => print(await work(chime), options.json),
    options.tenant,
  );
}

export function settingsCommand(): Command {
  return new Command('settings')
    .description('what holds in a tenant where nothing else is said: show, set, reset')
    .addCommand(
      withTenant(withCommon(new Command('show')))
        .description('all settings, and which are as they are by default')
        .action((_options: TenantOptions, command: Command) =>
          settingsOf(command, (chime) => chime.settings.get()),
        ),
      { isDefault: true },
    )
    .addCommand(
      withTenant(withCommon(new Command('set')))
        .description('change some: timezone=Europe/Berlin quiet=22:00-08:00 meeting_reminders=1d,1h')
        .argument('<setting=value...>', 'lengths of time are like 90s, 30m, 1d or "2 days"')
        .action((given: string[], _options: TenantOptions, command: Command) => {
          const changes = changesOf(given);
          return settingsOf(command, (chime) => chime.settings.set(changes));
        }),
    )
    .addCommand(
      withTenant(withCommon(new Command('reset')))
        .description('make some as they are by default')
        .argument('<setting...>', 'their names')
        .action((given: string[], _options: TenantOptions, command: Command) => {
          const names = given.flatMap((name) => [...namesOf(name)]);
          return settingsOf(command, (chime) => chime.settings.reset(...names));
        }),
    );
}
