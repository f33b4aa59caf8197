// From a phrase to its answer: reading alone, and with the database that says when it fires next.
import fs from 'node:fs/promises';
import pg from 'pg';
import { readPhrase } from '../../src/conversation/phrases/read.ts';
import type { Language } from '../../src/conversation/phrases/reading.ts';
import { resolveReading } from '../../src/conversation/phrases/resolve.ts';
import { percentile, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

interface Said {
  text: string;
  now: string;
  tz: string;
}

async function phrases(locale: Language) {
  const file = new URL(`../vectors/phrases.${locale}.json`, import.meta.url);
  const rows = JSON.parse(await fs.readFile(file, 'utf8')) as Said[];
  return rows.map(({ text, now, tz }) => ({ text, context: { now: new Date(now), timezone: tz, locale } }));
}

const figures = (times: readonly number[]) => ({
  'p50 ms': rounded(percentile(times, 0.5)),
  'p99 ms': rounded(percentile(times, 0.99)),
  'worst ms': rounded(Math.max(...times)),
});

export async function phraseAnswers({ database, quick }: Bench): Promise<Result[]> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  const rows: Record<string, unknown>[] = [];
  for (const locale of ['en', 'ru'] as const) {
    const said = await phrases(locale);
    const reading: number[] = [];
    const answered: number[] = [];
    // The first round warms up what a process warms up once.
    for (let round = 0; round <= (quick ? 1 : 5); round++) {
      for (const { text, context } of said) {
        const began = performance.now();
        const read = readPhrase(text, context);
        const middle = performance.now();
        await resolveReading(client, read, context);
        if (round === 0) continue;
        reading.push(middle - began);
        answered.push(performance.now() - began);
      }
    }
    rows.push({ language: locale, phrases: said.length, what: 'reading', ...figures(reading) });
    rows.push({ language: locale, phrases: said.length, what: 'reading and database', ...figures(answered) });
  }
  await client.end();
  return [{ title: 'From a phrase to its answer', wanted: 'p99 under 20 ms', rows }];
}
