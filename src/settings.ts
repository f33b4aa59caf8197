// Every setting: its variable, its option, what it is for, and what it may be. src/config.ts reads them.
import { z } from 'zod';
import { setting } from './setting.ts';
import { apiSettings } from './settings_api.ts';
import { modelSettings } from './settings_model.ts';
import { weatherSettings } from './settings_weather.ts';

const flag = z.union([z.boolean(), z.stringbool()]).describe('true or false, yes or no, on or off, 1 or 0');

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
    { inFile: true },
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
  ...apiSettings,
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
  telegramToken: setting(
    'CHIME_TELEGRAM_TOKEN',
    null,
    'the token of the Telegram bot that messages are sent by; CHIME_TELEGRAM_TOKEN_FILE may name a file that holds it',
    z
      .string()
      .regex(/^\d+:[\w-]{20,}$/, 'must be a token as @BotFather gives it')
      .optional(),
    { inFile: true },
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
  bot: setting(
    'CHIME_BOT',
    '--no-bot',
    'only send by the Telegram bot: another program hears what is said to it',
    flag.default(true),
  ),
  telegramWebhookUrl: setting(
    'CHIME_TELEGRAM_WEBHOOK_URL',
    '--telegram-webhook-url <url>',
    'the public address at which Telegram posts what is said to the bot; without it, Telegram is asked',
    z.url({ protocol: /^https$/ }).optional(),
  ),
  telegramWebhookPort: setting(
    'CHIME_TELEGRAM_WEBHOOK_PORT',
    '--telegram-webhook-port <number>',
    'the port that this address leads to, on the address that HTTP listens on',
    z.coerce.number().int().min(0).max(65535).default(4681),
  ),
  mcpToken: setting(
    'CHIME_MCP_TOKEN',
    null,
    'the API token, or JWT, as whose bearer chime mcp acts; CHIME_MCP_TOKEN_FILE may name a file that holds it',
    z.string().min(1).optional(),
    { inFile: true },
  ),
  whatsappToken: setting(
    'CHIME_WHATSAPP_TOKEN',
    null,
    'the access token of the WhatsApp Business Cloud API; CHIME_WHATSAPP_TOKEN_FILE may name a file that holds it',
    z.string().min(1).optional(),
    { inFile: true },
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
  ...modelSettings,
  ...weatherSettings,
  secretKey: setting(
    'CHIME_SECRET_KEY',
    null,
    'the key that secrets of webhooks are encrypted with: 32 bytes, as openssl rand -base64 32 makes them; CHIME_SECRET_KEY_FILE may name a file that holds it',
    z
      .base64()
      .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
      .optional(),
    { inFile: true },
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
