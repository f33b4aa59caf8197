// In which language a rule is put into words.
import { type Command, Option } from 'commander';
import { systemLanguage } from '../config.ts';

export interface LocaleOptions {
  locale?: string;
}

/** Adds the option for the language to a command that prints a rule. */
export function withLocale(command: Command): Command {
  return command.addOption(
    new Option('--locale <locale>', 'en or ru: the rule in words (default: the language of LC_ALL or LANG)'),
  );
}

/** The locale that was asked for, right or wrong; otherwise that of the system, or English. */
export function localeOf({ locale }: LocaleOptions): string {
  return locale ?? (systemLanguage() === 'ru' ? 'ru' : 'en');
}
