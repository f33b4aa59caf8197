// Every setting, read once: from an option of the command line, a variable, a line of .env, or its default, in that
// order. Nothing else reads process.env.
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { InvalidConfigError } from './errors.ts';
import type { Setting } from './setting.ts';
import { settings } from './settings.ts';

export { settings } from './settings.ts';

export type SettingName = keyof typeof settings;
/** The settings of one process. */
export type Config = { readonly [K in SettingName]: z.output<(typeof settings)[K]['schema']> };
/** Settings given as options: strings from a command line, or values from a program. */
export type ConfigOptions = { [K in SettingName]?: unknown };

/**
 * Reads the configuration.
 * @param options what the command line, or a program, gives; wins over everything else
 * @param env the variables of the process
 * @param envFile the text of .env, or its path
 * @throws InvalidConfigError (CH032) naming every setting that is wrong
 */
export function readConfig(
  options: ConfigOptions = {},
  env: NodeJS.ProcessEnv = process.env,
  envFile: { path: string } | { text: string } = { path: '.env' },
): Config {
  const file = parseEnv('text' in envFile ? envFile.text : readIfPresent(envFile.path));
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const given = options[name as SettingName] ?? valueIn(env, setting) ?? valueIn(file, setting);
    const parsed = setting.schema.safeParse(given);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      const reason = parsed.error.issues.map((issue) => issue.message).join('; ');
      problems.push(`${nameAndValue(setting, given)}: ${reason}`);
    }
  }
  if (problems.length > 0) {
    throw new InvalidConfigError(`The configuration is wrong.\n  ${problems.join('\n  ')}`, {
      hint: 'Settings come from options, variables and .env, in that order; the README has the table.',
    });
  }
  return values as Config;
}

/** What variables say of a setting; an empty one says nothing. */
function valueIn(variables: NodeJS.ProcessEnv, { env, inFile }: Setting<z.ZodType>): string | undefined {
  const value = variables[env];
  if (value) return value;
  const path = inFile ? variables[`${env}_FILE`] : undefined;
  if (!path) return undefined;
  try {
    // Editors end files with a line break, which is not part of a secret.
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new InvalidConfigError(`${env}_FILE cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** How a setting is named to whoever got it wrong; what is secret of its value is not repeated. */
function nameAndValue({ env, option }: Setting<z.ZodType>, given: unknown): string {
  if (option === null) return env;
  const shown = JSON.stringify(given).replace(/(:\/\/[^:@/]*):.*@/, '$1:***@');
  return `${env} (${option.split(' ')[0]}) is ${shown}`;
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new InvalidConfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The language that the system speaks to people, by POSIX: `ru` of ru_RU.UTF-8; undefined where it says none. */
export function systemLanguage(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return /^([a-z]{2,3})([-_.@]|$)/i.exec(locale)?.[1]?.toLowerCase();
}

/** The variables of this process for a program that it starts, with others beside them. */
export function environmentWith(extra: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...extra };
}
