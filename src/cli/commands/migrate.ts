import { Command } from 'commander';
import { migrate } from '../../migrate.ts';
import { findDatabase } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json } from '../output.ts';

export function migrateCommand(): Command {
  return withCommon(new Command('migrate'))
    .description('bring the database to this version; safe to repeat, and to run from several places at once')
    .action(async (options: { json?: true }, command: Command) => {
      const connection = await findDatabase(configOf(command), { create: true });
      try {
        const result = await migrate(connection.url);
        if (options.json) {
          process.stdout.write(json(result));
        } else if (result.applied.length === 0 && result.reloaded.length === 0) {
          process.stdout.write('The database is up to date.\n');
        } else {
          for (const name of result.applied) process.stdout.write(`applied   ${name}\n`);
          for (const name of result.reloaded) process.stdout.write(`reloaded  ${name}\n`);
        }
      } finally {
        await connection.close();
      }
    });
}
