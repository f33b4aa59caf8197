import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import pg from 'pg';
import { environmentWith } from '../../config.ts';
import { findDatabase } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';

export function psqlCommand(): Command {
  return withCommon(new Command('psql'))
    .description('speak SQL to the database: with psql where it is installed, else with a small console')
    .option('-c, --command <sql>', 'run this and exit')
    .option('--url', 'print the URL of the database and exit')
    .action(async (options: { command?: string; url?: true; json?: true }, command: Command) => {
      const connection = await findDatabase(configOf(command));
      try {
        if (options.url) {
          process.stdout.write(`${connection.url}\n`);
        } else if (options.command !== undefined || !process.stdin.isTTY) {
          await withClient(connection.url, async (client) => {
            await runStatement(client, options.command ?? (await text(process.stdin)), options.json === true);
          });
        } else if (!(await runPsql(connection.url))) {
          await withClient(connection.url, openConsole);
        }
      } finally {
        await connection.close();
      }
    });
}

/** What psql is given: its argument, and variables beside those that it inherits. */
export function psqlArguments(url: string): { url: string; variables: Record<string, string> } {
  // The password travels in the environment, where other users' process lists do not show it. Without one in the URL, psql
  // looks where it always does, .pgpass or PGPASSWORD; an empty one would keep it from that.
  const { username, password, hostname, port, pathname, search } = new URL(url);
  return {
    url: `postgres://${username}@${hostname}:${port || 5432}${pathname}${search}`,
    variables: password === '' ? {} : { PGPASSWORD: decodeURIComponent(password) },
  };
}

/** Hands over to psql; false where there is none. */
async function runPsql(url: string): Promise<boolean> {
  const { url: bare, variables } = psqlArguments(url);
  const child = spawn('psql', [bare], { stdio: 'inherit', env: environmentWith(variables) });
  const ignore = () => {};
  process.on('SIGINT', ignore); // Ctrl-C is psql's: it cancels the statement
  try {
    const started = await Promise.race([
      once(child, 'spawn').then(() => true),
      once(child, 'error').then(() => false),
    ]);
    if (!started) return false;
    const [code] = (await once(child, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
    return true;
  } finally {
    process.off('SIGINT', ignore);
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'pgchime psql' });
  client.on('notice', (notice) => process.stderr.write(`${notice.severity}: ${notice.message}\n`));
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function runStatement(client: pg.Client, sql: string, asJson: boolean): Promise<void> {
  // Several statements in one text answer several results. Values are shown as Postgres writes them.
  const answer: unknown = await client.query({
    text: sql,
    rowMode: 'array',
    types: { getTypeParser: () => (value: string) => value },
  });
  for (const result of [answer].flat() as pg.QueryArrayResult[]) {
    const columns = result.fields.map((field) => field.name);
    const rows = result.rows.map((row) =>
      Object.fromEntries(columns.map((column, index) => [column, row[index]])),
    );
    if (asJson) process.stdout.write(json(rows));
    else if (columns.length === 0)
      process.stdout.write(`${result.command} ${result.rowCount ?? ''}`.trimEnd().concat('\n'));
    else
      process.stdout.write(`${table(columns, rows)}(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})\n`);
  }
}

async function openConsole(client: pg.Client): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  process.stdout.write(
    'psql is not installed; this small console runs statements that end with a semicolon. Ctrl-D leaves.\n',
  );
  let statement = '';
  lines.setPrompt('chime=> ');
  lines.prompt();
  for await (const line of lines) {
    statement += `${line}\n`;
    if (/;\s*$/.test(statement)) {
      await runStatement(client, statement, false).catch((error: Error & { hint?: string }) => {
        process.stdout.write(`ERROR: ${error.message}\n${error.hint ? `HINT: ${error.hint}\n` : ''}`);
      });
      statement = '';
    }
    lines.setPrompt(statement.trim() === '' ? 'chime=> ' : 'chime-> ');
    lines.prompt();
  }
  process.stdout.write('\n');
}
