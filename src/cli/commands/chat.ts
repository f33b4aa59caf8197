import os from 'node:os';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import pg from 'pg';
import { makeDialogue } from '../../bot/conversation.ts';
import { TerminalConversation } from '../../bot/terminal.ts';
import { Sender } from '../../channels/sender.ts';
import { terminal } from '../../channels/terminal.ts';
import { type Config, systemLanguage } from '../../config.ts';
import { createLogger, type Logger } from '../../log.ts';
import { migrate } from '../../migrate.ts';
import { type Service, startAll, stopAll } from '../../service.ts';
import { modelSettingNames } from '../../settings_model.ts';
import { checkDatabase, findDatabase } from '../connect.ts';
import { configOf, withSettings } from '../options.ts';
import { makeBotModel } from '../services/bot.ts';
import { makeClock } from '../services/clock.ts';
import { makeWorker } from '../services/worker.ts';
import { Shutdown } from '../shutdown.ts';
import { Standby } from '../standby.ts';

interface ChatOptions {
  as?: string;
  language?: string;
}

export function chatCommand(): Command {
  return withSettings(new Command('chat'), ['databaseUrl', 'dataDir', 'tasksDir', ...modelSettingNames])
    .description('talk to the bot in this terminal: the same one as in Telegram, without a token')
    .option('--as <name>', 'who you are; another name is another person (default: your login)')
    .option('--language <language>', 'en or ru, for who is new (default: that of LC_ALL or LANG)')
    .option('--debug', 'print stack traces of errors')
    .action(async (options: ChatOptions, command: Command) => {
      const config = configOf(command);
      // What services have to say must not get into the conversation.
      const log = createLogger('warn', process.stderr);
      const shutdown = new Shutdown(log);
      await shutdown.during(async () => {
        const connection = await findDatabase(config, { create: true, serves: true });
        try {
          if (config.databaseUrl === undefined) await migrate(connection.url);
          else await checkDatabase(connection.url);
          await converse(config, connection.url, options, log, shutdown);
        } finally {
          await connection.close();
        }
      });
    });
}

function loginName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return 'you';
  }
}

async function converse(
  config: Config,
  url: string,
  options: ChatOptions,
  log: Logger,
  shutdown: Shutdown,
): Promise<void> {
  const name = options.as ?? loginName();
  const languageCode = options.language ?? systemLanguage();
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'pgchime chat' });
  pool.on('error', () => {});
  const conversation = new TerminalConversation({
    pool,
    dialogue: makeDialogue({ model: makeBotModel(config, log), publicUrl: config.publicUrl }),
    context: name,
    person: { id: name, name, ...(languageCode === undefined ? {} : { languageCode }) },
    write: (text) => void process.stdout.write(text),
  });
  try {
    const services = servicesOf(config, url, pool, log, conversation, name);
    await startAll(services, shutdown.asked);
    try {
      process.stdout.write(
        'Write what you want to be reminded of. /help says more; a number presses a button;\n',
      );
      process.stdout.write('"^ again" answers what was delivered last; Ctrl+D ends.\n');
      await conversation.take('/start');
      await readLines(conversation, shutdown);
    } finally {
      await stopAll(services);
    }
  } finally {
    await pool.end();
  }
}

/** What brings deliveries here; and what makes them, where nobody else does. */
function servicesOf(
  config: Config,
  url: string,
  pool: pg.Pool,
  log: Logger,
  conversation: TerminalConversation,
  context: string,
): Service[] {
  const channel = terminal(context, (text, buttons, id) => conversation.deliver(text, buttons, id));
  const sender = new Sender({
    connectionString: url,
    channels: [channel],
    log,
    pollInterval: config.pollInterval,
    longestSleep: 1000,
  });
  const standby = new Standby({
    pool,
    log,
    makeClock: () => makeClock(config, url, log),
    makeWorker: () => makeWorker(config, url, log),
  });
  return [sender, standby];
}

/** One line after the other; each is answered before the next is read. */
async function readLines(conversation: TerminalConversation, shutdown: Shutdown): Promise<void> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  const close = () => lines.close();
  shutdown.asked.addEventListener('abort', close, { once: true });
  try {
    for await (const line of lines) {
      if (shutdown.asked.aborted) break;
      await conversation.take(line);
    }
  } finally {
    shutdown.asked.removeEventListener('abort', close);
    lines.close();
  }
}
