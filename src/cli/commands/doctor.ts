import { Command } from 'commander';
import pg from 'pg';
import { maskUrl } from '../../log.ts';
import { findDatabase } from '../connect.ts';
import { checks } from '../doctor_checks.ts';
import { type Finding, ok, problem } from '../doctor_finding.ts';
import { configOf, withCommon } from '../options.ts';
import { json, paint } from '../output.ts';

export function doctorCommand(): Command {
  return withCommon(new Command('doctor'))
    .description('look for what is wrong: Node, Postgres, migrations, clocks, time zones, LISTEN, workers')
    .action(async (options: { json?: true }, command: Command) => {
      const findings: Finding[] = [
        {
          check: 'node',
          ...ok(`Node ${process.versions.node}, time zone data ${process.versions.tz ?? 'unknown'}`),
        },
      ];
      const connection = await findDatabase(configOf(command));
      try {
        findings.push(...(await examine(connection.url)));
      } finally {
        await connection.close();
      }
      if (options.json) process.stdout.write(json(findings));
      else for (const finding of findings) printFinding(finding);
      if (findings.some((finding) => finding.status === 'problem')) process.exitCode = 1;
    });
}

function printFinding({ check, status, message, hint }: Finding): void {
  const mark = { ok: paint('green', '✓'), warning: paint('yellow', '!'), problem: paint('red', '✗') }[status];
  process.stdout.write(`${mark} ${check.padEnd(12)}${message}\n`);
  if (hint !== undefined) process.stdout.write(`${' '.repeat(14)}${paint('gray', hint)}\n`);
}

async function examine(url: string): Promise<Finding[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'pgchime doctor',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    return [
      {
        check: 'connection',
        ...problem(`${maskUrl(url)}: ${(error as Error).message}`, 'Check DATABASE_URL (--database-url).'),
      },
    ];
  }
  const findings: Finding[] = [{ check: 'connection', ...ok(maskUrl(url)) }];
  for (const [check, look] of checks) {
    const verdict = await look(client, url).catch((error: Error) =>
      problem(`could not be checked: ${error.message}`, 'Run: chime migrate'),
    );
    findings.push({ check, ...verdict });
  }
  await client.end();
  return findings;
}
