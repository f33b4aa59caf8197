// Phrases that people type, read and resolved by the database: a public sample, and our own in both languages.
import fs from 'node:fs/promises';
import t, { type Test } from 'tap';
import { readPhrase } from '../../../src/conversation/phrases/read.ts';
import type { Language, PhraseContext } from '../../../src/conversation/phrases/reading.ts';
import { type ResolvedReading, resolveReadings } from '../../../src/conversation/phrases/resolve.ts';
import { createDatabase } from '../../support/database.ts';

const database = await createDatabase();

async function vectors<Row>(name: string): Promise<Row[]> {
  const text = await fs.readFile(new URL(`../../vectors/${name}`, import.meta.url), 'utf8');
  return JSON.parse(text) as Row[];
}

interface Said {
  text: string;
  now: string;
  tz: string;
}

/** All readings in one round trip. */
function readAll(rows: readonly Said[], language: (row: Said) => Language): Promise<ResolvedReading[]> {
  const readings = rows.map((row) => {
    const context: PhraseContext = { now: new Date(row.now), timezone: row.tz, locale: language(row) };
    return { reading: readPhrase(row.text, context), context };
  });
  return resolveReadings(database.pool, readings);
}

type Expected =
  | { kind: 'once'; at?: string; window?: [string, string]; date?: string }
  | { kind: 'cron'; next: string[] }
  | { kind: 'interval'; every: string; first?: string }
  | { kind: 'ambiguous' | 'past' | 'none' };

interface Sample extends Said {
  lang: Language;
  expect: Expected;
  also_ok?: Expected[];
  message: string | null;
  debatable: boolean;
}

/** The length of an ISO 8601 duration of one unit, in milliseconds. */
function lengthOf(duration: string): number {
  const match = /^P(T)?(\d+)([DHMSW])$/.exec(duration);
  const units: Readonly<Record<string, number>> = { S: 1, M: 60, H: 3600, D: 86_400, W: 604_800 };
  return Number(match?.[2]) * (units[match?.[3] ?? ''] ?? Number.NaN) * 1000;
}

function agrees(answer: ResolvedReading, expected: Expected, zone: string): boolean {
  const [first = '', second = ''] = answer.next;
  switch (expected.kind) {
    case 'once': {
      if (answer.kind !== 'once') return false;
      if (expected.at !== undefined) return first === expected.at;
      if (expected.window !== undefined) return first >= expected.window[0] && first <= expected.window[1];
      const date = new Date(first).toLocaleDateString('sv-SE', { timeZone: zone });
      return date === expected.date;
    }
    case 'cron':
      return answer.kind === 'recurring' && answer.next.join() === expected.next.join();
    case 'interval':
      return (
        answer.kind === 'recurring' &&
        Date.parse(second) - Date.parse(first) === lengthOf(expected.every) &&
        (expected.first === undefined || first === expected.first)
      );
    default:
      return answer.kind === expected.kind;
  }
}

async function checkSamples(test: Test, rows: readonly Sample[]): Promise<void> {
  const answers = await readAll(rows, (row) => (row as Sample).lang);
  const passed = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const answer = answers[index] as ResolvedReading;
    const allowed = [row.expect, ...(row.debatable ? (row.also_ok ?? []) : [])];
    const isRight = allowed.some((expected) => agrees(answer, expected, row.tz));
    test.ok(isRight, row.text, { answer: JSON.stringify(answer), allowed: JSON.stringify(allowed) });
    if (row.message !== null) test.equal(answer.message, row.message, `${row.text}: what it is about`);
    const category = `${row.lang} ${row.expect.kind}`;
    passed.set(category, (passed.get(category) ?? 0) + Number(isRight));
  }
  for (const [category, count] of [...passed].sort()) test.comment(`${category}: ${count} right`);
}

const samples = await vectors<Sample>('nl.json');
t.test('the public sample, where all agree', (test) =>
  checkSamples(
    test,
    samples.filter(({ debatable }) => !debatable),
  ),
);
t.test('the public sample, where reasonable people differ', (test) =>
  checkSamples(
    test,
    samples.filter(({ debatable }) => debatable),
  ),
);

interface Own extends Said {
  /** `options`: the first fire of each. */
  expect: { kind: string; next?: string[]; options?: string[] };
  message: string;
}

for (const language of ['en', 'ru'] as const) {
  const rows = await vectors<Own>(`phrases.${language}.json`);
  t.test(`${rows.length} phrases of our own: ${language}`, async (test) => {
    const answers = await readAll(rows, () => language);
    for (const [index, row] of rows.entries()) {
      const { kind, next, options, message, timezone } = answers[index] as ResolvedReading;
      const found = {
        kind,
        ...(kind === 'once' || kind === 'recurring' ? { next } : {}),
        ...(kind === 'ambiguous' || kind === 'past'
          ? { options: options.map((option) => option.next[0]) }
          : {}),
      };
      test.strictSame({ ...found, message }, { ...row.expect, message: row.message }, row.text);
      test.type(timezone, 'string');
    }
  });
}
