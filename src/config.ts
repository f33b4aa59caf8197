// Every setting, read once: from an option of the command line, a variable, a line of .env, or its default, in that
// order. Nothing else reads process.env.
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { InvalidConfigError } from './errors.ts';

const flag = z.union([z.boolean(), z.stringbool()]).describe('true or false, yes or no, on or off, 1 or 0');

interface Setting<T extends z.ZodType> {
  /** The variable, and the line of .env. */
  env: string;
  /** The option of the command line, as its help shows it. */
  option: string;
  /** One line for the help and the README. */
  about: string;
  schema: T;
  /** Never shown, also where it is wrong. */
  isSecret?: true;
}

function setting<T extends z.ZodType>(env: string, option: string, about: string, schema: T): Setting<T> {
  return { env, option, about, schema };
}

function secret<T extends z.ZodType>(env: string, option: string, about: string, schema: T): Setting<T> {
  return { env, option, about, schema, isSecret: true };
}

/** All settings, in the order in which the README lists them. */
export const settings = {
  databaseUrl: setting(
    'DATABASE_URL',
    '--database-url <url>',
    'the Postgres to use (15 or newer); without it, an embedded Postgres 18 is started',
    z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
      .optional(),
  ),
  dataDir: setting(
    'CHIME_DATA_DIR',
    '--data-dir <path>',
    'where the embedded Postgres keeps its data',
    z.string().min(1).default('.chime'),
  ),
  port: setting(
    'PORT',
    '--port <number>',
    'HTTP port',
    z.coerce.number().int().min(0).max(65535).default(4680),
  ),
  host: setting(
    'CHIME_HOST',
    '--host <address>',
    'HTTP address to listen on',
    z.string().min(1).default('127.0.0.1'),
  ),
  tasksDir: setting(
    'CHIME_TASKS_DIR',
    '--tasks-dir <path>',
    'a directory of your own task files, beside those that come with pgchime',
    z.string().min(1).optional(),
  ),
  concurrency: setting(
    'CHIME_CONCURRENCY',
    '--concurrency <number>',
    'how many runs a worker executes at once',
    z.coerce.number().int().min(1).max(1000).default(10),
  ),
  pollInterval: setting(
    'CHIME_POLL_INTERVAL',
    '--poll-interval <ms>',
    'how often to look for work where LISTEN does not get through, in milliseconds',
    z.coerce.number().int().min(50).max(60_000).default(1000),
  ),
  maxOutput: setting(
    'CHIME_MAX_OUTPUT',
    '--max-output <bytes>',
    'how much output a run may keep, in bytes; what is beyond is cut, with a mark',
    z.coerce
      .number()
      .int()
      .min(1024)
      // A result travels in one statement, at most doubled by escapes; several times more does not fit into one text of Node.
      .max(
        64 * 1024 * 1024,
        'must be at most 67108864 (64 MB): what is larger belongs into a file or a table',
      )
      .default(16 * 1024 * 1024),
  ),
  allowPrivateHttp: setting(
    'CHIME_ALLOW_PRIVATE_HTTP',
    '--allow-private-http <hosts>',
    'hosts, comma-separated, that http_request and webhooks may reach though they are private; * allows all',
    z.string().default(''),
  ),
  telegramToken: secret(
    'CHIME_TELEGRAM_TOKEN',
    '--telegram-token <token>',
    'the token of the Telegram bot that messages are sent by',
    z
      .string()
      .regex(/^\d+:[\w-]{20,}$/, 'must be a token as @BotFather gives it')
      .optional(),
  ),
  telegramApi: setting(
    'CHIME_TELEGRAM_API',
    '--telegram-api <url>',
    'where the Bot API is; another address for a server of your own',
    z.url({ protocol: /^https?$/ }).default('https://api.telegram.org'),
  ),
  telegramRich: setting(
    'CHIME_TELEGRAM_RICH',
    '--telegram-rich',
    'send texts with tables and headings as rich messages, which old apps do not show',
    flag.default(false),
  ),
  whatsappToken: secret(
    'CHIME_WHATSAPP_TOKEN',
    '--whatsapp-token <token>',
    'the access token of the WhatsApp Business Cloud API',
    z.string().min(1).optional(),
  ),
  whatsappPhoneId: setting(
    'CHIME_WHATSAPP_PHONE_ID',
    '--whatsapp-phone-id <id>',
    'the id of the WhatsApp number that messages are sent from',
    z.string().regex(/^\d+$/, 'must be a number').optional(),
  ),
  whatsappTemplate: setting(
    'CHIME_WHATSAPP_TEMPLATE',
    '--whatsapp-template <name>',
    'the approved template, of one parameter, for people who have not written for a day',
    z
      .string()
      .regex(/^[a-z0-9_]+$/, 'must be the name of a template')
      .optional(),
  ),
  whatsappApi: setting(
    'CHIME_WHATSAPP_API',
    '--whatsapp-api <url>',
    'where the Cloud API is, with its version',
    z.url({ protocol: /^https?$/ }).default('https://graph.facebook.com/v23.0'),
  ),
  secretKey: secret(
    'CHIME_SECRET_KEY',
    '--secret-key <base64>',
    'the key that secrets of webhooks are encrypted with: 32 bytes, as openssl rand -base64 32 makes them',
    z
      .base64()
      .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
      .optional(),
  ),
  shutdownTimeout: setting(
    'CHIME_SHUTDOWN_TIMEOUT',
    '--shutdown-timeout <ms>',
    'how long running tasks may go on after Ctrl-C or SIGTERM, in milliseconds',
    z.coerce.number().int().min(0).max(3_600_000).default(10_000),
  ),
  logLevel: setting(
    'CHIME_LOG_LEVEL',
    '--log-level <level>',
    'debug, info, warn or error',
    z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  ),
  example: setting(
    'CHIME_EXAMPLE',
    '--no-example',
    'do not create the example schedule on an empty embedded database',
    flag.default(true),
  ),
} as const;

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
  for (const [name, { env: variable, option, schema, isSecret }] of Object.entries(settings)) {
    const given =
      options[name as SettingName] ?? (env[variable] || undefined) ?? (file[variable] || undefined);
    const parsed = schema.safeParse(given);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      const reason = parsed.error.issues.map((issue) => issue.message).join('; ');
      const shown = isSecret ? '***' : JSON.stringify(given).replace(/(:\/\/[^:@/]*):.*@/, '$1:***@');
      problems.push(`${variable} (${option.split(' ')[0]}) is ${shown}: ${reason}`);
    }
  }
  if (problems.length > 0) {
    throw new InvalidConfigError(`The configuration is wrong.\n  ${problems.join('\n  ')}`, {
      hint: 'Settings come from options, variables and .env, in that order; the README has the table.',
    });
  }
  return values as Config;
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
