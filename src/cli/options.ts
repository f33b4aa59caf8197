// Options that several commands share.
import { type Command, Option } from 'commander';
import { type Config, readConfig, type SettingName, settings } from '../config.ts';

/** Adds options for settings to a command, but for secrets; their defaults stay with the configuration. */
export function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { option, about, env } = settings[name];
    if (option !== null) command.addOption(new Option(option, `${about} [${env}]`));
  }
  return command;
}

/** Every command can speak JSON, and can tell where an error came from. */
export function withCommon(command: Command): Command {
  return withSettings(command, ['databaseUrl', 'dataDir'])
    .option('--json', 'print JSON')
    .option('--debug', 'print stack traces of errors');
}

export interface CommonOptions {
  json?: true;
  debug?: true;
}

/** The configuration, from the options of a command and what lies behind them. */
export function configOf(command: Command): Config {
  const options = command.opts<Record<string, unknown>>();
  // Commander sets `example` to true for --no-example that was not given; only false says something.
  for (const [name, { option }] of Object.entries(settings)) {
    if (option?.startsWith('--no-') && options[name] === true) delete options[name];
  }
  return readConfig(options);
}
