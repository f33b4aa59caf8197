import { Command } from 'commander';
import pg from 'pg';
import type { Config } from '../../config.ts';
import { readPhrase } from '../../conversation/phrases/read.ts';
import type { PhraseContext, Reading } from '../../conversation/phrases/reading.ts';
import { type ResolvedReading, resolveReadings } from '../../conversation/phrases/resolve.ts';
import { migrate } from '../../migrate.ts';
import { checkDatabase, findDatabase } from '../connect.ts';
import { exitCodeOf, printError, UsageError } from '../failure.ts';
import { type LocaleOptions, localeOf, withLocale } from '../locale.ts';
import { configOf, withCommon } from '../options.ts';
import { type Asked, asksOf, LineBatches, readLine } from '../phrase_lines.ts';
import { answerLine, errorLine, phraseLines } from '../phrase_output.ts';
import { localTimezone } from './schedule_rule.ts';

interface ParseOptions extends LocaleOptions {
  timezone?: string;
  now?: string;
  json?: true;
  debug?: true;
}

export function parseCommand(): Command {
  return withCommon(withLocale(new Command('parse')))
    .description('read phrases that say when, in English or Russian: "every weekday at 9 stand-up"')
    .argument('[phrases...]', 'phrases; without any, lines of standard input: text, or JSON {"text": "..."}')
    .option('--timezone <zone>', 'IANA time zone they are said in (default: the zone of this machine)')
    .option('--now <instant>', 'when they are said, as 2026-12-01T09:00:00Z (default: now)')
    .action(async (phrases: string[], options: ParseOptions, command: Command) => {
      const context = contextOf(options);
      await withPool(configOf(command), async (pool) => {
        const answer = (asked: Asked[]) => answerAll(pool, asked, options);
        if (phrases.length > 0) return answer(phrases.map((text) => asksOf(text, context())));
        for await (const lines of new LineBatches(process.stdin))
          await answer(lines.filter((line) => line.trim() !== '').map((line) => readLine(line, context())));
      });
    });
}

/** What holds for phrases that do not say otherwise; the clock goes on while lines come in. */
function contextOf(options: ParseOptions): () => PhraseContext {
  const locale = localeOf(options);
  if (locale !== 'en' && locale !== 'ru')
    throw new UsageError(`There is no locale "${locale}".`, 'Locales are en and ru.');
  const now = options.now === undefined ? undefined : new Date(options.now);
  if (now !== undefined && Number.isNaN(now.getTime()))
    throw new UsageError(`"${options.now}" is not an instant.`, 'For example 2026-12-01T09:00:00Z.');
  const timezone = options.timezone ?? localTimezone();
  return () => ({ now: now ?? new Date(), timezone, locale });
}

/** The database that was named; else the embedded one, made and brought up to date where need be. */
async function withPool(config: Config, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const connection = await findDatabase(config, { create: true });
  const pool = new pg.Pool({ connectionString: connection.url, max: 1, application_name: 'pgchime cli' });
  pool.on('error', () => {});
  try {
    if (config.databaseUrl !== undefined) await checkDatabase(connection.url);
    else await checkDatabase(connection.url).catch(() => migrate(connection.url));
    await work(pool);
  } finally {
    await pool.end();
    await connection.close();
  }
}

interface Read {
  asked: Asked;
  reading: Reading;
  context: PhraseContext;
}

/** Answers in the order of the phrases: those that can be read in one round trip. */
async function answerAll(pool: pg.Pool, asked: readonly Asked[], options: ParseOptions): Promise<void> {
  const answers = new Map<Asked, ResolvedReading | Error>();
  const read: Read[] = [];
  for (const each of asked) {
    try {
      if ('error' in each) throw each.error;
      const { text, context } = each;
      read.push({ asked: each, reading: readPhrase(text, context), context });
    } catch (error) {
      answers.set(each, error as Error);
    }
  }
  const resolved = await resolveEach(pool, read);
  for (const [index, each] of read.entries())
    answers.set(each.asked, resolved[index] as ResolvedReading | Error);
  for (const each of asked) await print(pool, each, answers.get(each) as ResolvedReading | Error, options);
}

/** A rule that the database refuses spoils the answer of its own phrase, and no other. */
async function resolveEach(pool: pg.Pool, read: readonly Read[]): Promise<(ResolvedReading | Error)[]> {
  try {
    return await resolveReadings(pool, read);
  } catch (error) {
    if (read.length === 1) return [refused(error)];
    const answers: (ResolvedReading | Error)[] = [];
    for (const each of read) answers.push(...(await resolveEach(pool, [each])));
    return answers;
  }
}

/** @throws what is no refusal of a rule: the database is gone */
function refused(error: unknown): Error {
  if (error instanceof pg.DatabaseError && error.code?.startsWith('CH')) return error;
  throw error;
}

async function print(
  pool: pg.Pool,
  asked: Asked,
  answer: ResolvedReading | Error,
  { json, debug }: ParseOptions,
): Promise<void> {
  const asJson = json === true || asked.isJson;
  if (answer instanceof Error) {
    process.exitCode = Math.max(Number(process.exitCode ?? 0), exitCodeOf(answer));
    if (asJson) process.stdout.write(errorLine(answer));
    else printError(answer, { asJson: false, debug: debug === true });
  } else if (asJson || 'error' in asked) process.stdout.write(answerLine(answer));
  else process.stdout.write(await phraseLines(pool, asked, answer));
}
