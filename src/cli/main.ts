// The command line `chime`. Each command is a file of commands/; this puts them together and turns errors into exit codes.
import { Command, CommanderError } from 'commander';
import { version } from '../package.ts';
import { tolerateClosedOutput } from './closed_output.ts';
import { exitCodeOf, printError } from './failure.ts';

/** In the order of the help. Only the one that is called is loaded: what a worker needs, nobody waits for who lists schedules. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./commands/start.ts')).startCommand(),
  schedule: async () => (await import('./commands/schedule.ts')).scheduleCommand(),
  runs: async () => (await import('./commands/runs.ts')).runsCommand(),
  parse: async () => (await import('./commands/parse.ts')).parseCommand(),
  meeting: async () => (await import('./commands/meeting.ts')).meetingCommand(),
  calendar: async () => (await import('./commands/calendar.ts')).calendarCommand(),
  event: async () => (await import('./commands/event.ts')).eventCommand(),
  handler: async () => (await import('./commands/handler.ts')).handlerCommand(),
  chat: async () => (await import('./commands/chat.ts')).chatCommand(),
  mcp: async () => (await import('./commands/mcp.ts')).mcpCommand(),
  deliveries: async () => (await import('./commands/deliveries.ts')).deliveriesCommand(),
  inbox: async () => (await import('./commands/inbox.ts')).inboxCommand(),
  message: async () => (await import('./commands/message.ts')).messageCommand(),
  webhook: async () => (await import('./commands/webhook.ts')).webhookCommand(),
  limit: async () => (await import('./commands/limit.ts')).limitCommand(),
  settings: async () => (await import('./commands/settings.ts')).settingsCommand(),
  tenant: async () => (await import('./commands/tenant.ts')).tenantCommand(),
  user: async () => (await import('./commands/user.ts')).userCommand(),
  token: async () => (await import('./commands/token.ts')).tokenCommand(),
  'calendar-feed': async () => (await import('./commands/calendar_feed.ts')).calendarFeedCommand(),
  migrate: async () => (await import('./commands/migrate.ts')).migrateCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  psql: async () => (await import('./commands/psql.ts')).psqlCommand(),
  clock: async () => (await import('./commands/clock.ts')).clockCommand(),
  bot: async () => (await import('./commands/bot.ts')).botCommand(),
  deliver: async () => (await import('./commands/deliver.ts')).deliverCommand(),
  worker: async () => (await import('./commands/worker.ts')).workerCommand(),
  api: async () => (await import('./commands/api.ts')).apiCommand(),
};

async function makeProgram(called: string | undefined): Promise<Command> {
  const program = new Command('chime')
    .description('A scheduler that lives in Postgres.')
    .version(version, '-v, --version')
    .showHelpAfterError('(add --help for what there is)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride();
  const wanted = called !== undefined && Object.hasOwn(commands, called) ? [called] : Object.keys(commands);
  for (const name of wanted) program.addCommand((await commands[name]?.()) as Command);
  // Subcommands that were added whole do not inherit this.
  const override = (command: Command): void => {
    command.exitOverride().showHelpAfterError('(add --help for what there is)');
    command.commands.forEach(override);
  };
  program.commands.forEach(override);
  return program;
}

/**
 * Runs the command line.
 * @param args what was typed after `chime`
 * @returns the exit code: 0 ok, 1 failed, 2 usage, 3 not found
 */
export async function main(args: readonly string[]): Promise<number> {
  tolerateClosedOutput();
  try {
    const program = await makeProgram(args[0]);
    if (args.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync(args, { from: 'user' });
    // A command that ran to its end may still have found something wrong: doctor, trigger --wait.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Help and version are errors to commander; it has printed all there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(error, { asJson: args.includes('--json'), debug: args.includes('--debug') });
    return exitCodeOf(error);
  }
}
