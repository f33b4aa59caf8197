// Reports: a statement that somebody else wrote, bounded in time, rows and bytes, and its values as JavaScript has them.
import type pg from 'pg';
import { type Report, runReport } from '../db/calls.ts';
import { withTransaction } from '../db/transaction.ts';
import { fromDatabase, InvalidReportError } from '../errors.ts';
import type { ReportOptions, ReportResult } from '../task.ts';

/** More than this is not held in memory, whatever the limit of an output is. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Runs one reading statement as the reporter role.
 * @param runId the run for which it is: it sees what the owner of that may
 * @param maxOutput how many bytes a run may keep: what is more would be thrown away anyhow
 */
export async function report(
  pool: pg.Pool,
  runId: string,
  maxOutput: number,
  statement: string,
  { timeoutMs = 30_000, maxRows = 1000, maxBytes = mostBytes }: ReportOptions = {},
): Promise<ReportResult> {
  // A tenth is left for what the result of a run has beside the rows.
  const limit = { rows: maxRows, bytes: Math.min(maxBytes, Math.floor(maxOutput * 0.9), mostBytes) };
  try {
    const found = await withTransaction(
      pool,
      async (client) => {
        await client.query(`set local statement_timeout = ${Math.max(1, Math.ceil(timeoutMs))}`);
        return runReport(client, runId, statement, limit);
      },
      { readOnly: true, isolated: true },
    );
    return readReport(found);
  } catch (error) {
    throw explain(error, timeoutMs);
  }
}

function explain(error: unknown, timeoutMs: number): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === '57014') {
    return new InvalidReportError(`The statement took longer than ${timeoutMs} ms and was stopped.`, {
      cause: error,
    });
  }
  if (code === '42501') {
    return new InvalidReportError(`The statement may not do that: ${message}.`, {
      hint: 'It runs as chime_reporter; let that role read your tables: grant select on ... to chime_reporter',
      cause: error,
    });
  }
  return fromDatabase(error);
}

function readReport({ columns, lines, truncated }: Report): ReportResult {
  const names = uniqueNames(columns);
  // One type a column: if any of its numbers loses something in JavaScript, all of them are text.
  const exact = names.map((_name, index) => lines.every((line) => !losesDigits(line[index] ?? 'null')));
  const rows = lines.map((line) =>
    Object.fromEntries(
      names.map((name, index) => [name, readValue(line[index] ?? 'null', exact[index] === true)]),
    ),
  );
  return { columns: names, rows, truncated };
}

/** Names of which each occurs once: the second `count` is `count_2`. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; seen.has(unique) || (unique !== name && taken.has(unique)); number++)
      unique = `${name}_${number}`;
    seen.add(unique);
    return unique;
  });
}

const isNumber = (text: string) => /^-?\d/.test(text);

/** Whether a number is another one, or written in another way, once JavaScript has read it: 2^53 + 1, or 1.10. */
function losesDigits(text: string): boolean {
  if (!isNumber(text)) return false;
  // Only floats are written with an exponent: they are numbers of JavaScript already.
  return /e/i.test(text) ? !Number.isFinite(Number(text)) : String(Number(text)) !== text;
}

function readValue(text: string, exact: boolean): unknown {
  if (isNumber(text)) return exact ? Number(text) : text;
  return JSON.parse(text, keepDigits);
}

/** Numbers inside arrays and objects: there each stands for itself. */
function keepDigits(
  this: unknown,
  _key: string,
  value: unknown,
  { source }: { source?: string } = {},
): unknown {
  return typeof value === 'number' && source !== undefined && losesDigits(source) ? source : value;
}
