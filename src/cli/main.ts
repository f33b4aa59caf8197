// The command line `chime`. Each command is a file of commands/; this puts them together and turns errors into exit codes.
import { Command, CommanderError } from 'commander';
import { version } from '../package.ts';
import { tolerateClosedOutput } from './closed_output.ts';
import { calendarCommand } from './commands/calendar.ts';
import { clockCommand } from './commands/clock.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventCommand } from './commands/event.ts';
import { handlerCommand } from './commands/handler.ts';
import { limitCommand } from './commands/limit.ts';
import { migrateCommand } from './commands/migrate.ts';
import { psqlCommand } from './commands/psql.ts';
import { runsCommand } from './commands/runs.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { startCommand } from './commands/start.ts';
import { workerCommand } from './commands/worker.ts';
import { exitCodeOf, printError } from './failure.ts';

function makeProgram(): Command {
  const program = new Command('chime')
    .description('A scheduler that lives in Postgres.')
    .version(version, '-v, --version')
    .showHelpAfterError('(add --help for what there is)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride();
  for (const command of [
    startCommand(),
    scheduleCommand(),
    runsCommand(),
    calendarCommand(),
    eventCommand(),
    handlerCommand(),
    limitCommand(),
    migrateCommand(),
    doctorCommand(),
    psqlCommand(),
    clockCommand(),
    workerCommand(),
  ]) {
    program.addCommand(command);
  }
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
    const program = makeProgram();
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
