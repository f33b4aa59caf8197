// What holds of any text, however odd.
import fc from 'fast-check';
import t from 'tap';
import { readPhrase } from '../../../src/conversation/phrases/read.ts';
import type { Language, Reading } from '../../../src/conversation/phrases/reading.ts';
import { resolveReadings } from '../../../src/conversation/phrases/resolve.ts';
import { createDatabase } from '../../support/database.ts';
import { check } from '../../support/properties.ts';

const database = await createDatabase();

const words =
  'at on in every each other day days week month monday friday mon sat 9 18 5 31 30 29 15 :30 am pm noon midnight half past quarter to the 1st second last of february june tomorrow tonight today next this until for starting from between and , twice a 2 hours minutes evening morning UTC MSK 2025-06-12 05/06 25:00 в во на по через каждый каждую каждые день дня час часов полтора полчаса утра вечера понедельник пятницу среду числа июня первого последний месяца следующую завтра сегодня послезавтра раз два полдевятого без четверти пять до с начиная будням выходным cron * */5 milk \n'.split(
    ' ',
  );
const phrase = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...words) },
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(' '));
const said = fc.record({
  text: fc.oneof({ weight: 5, arbitrary: phrase }, fc.string({ unit: 'grapheme', maxLength: 60 })),
  // Clock changes of both halves of the year among them, and a leap year.
  now: fc.date({ min: new Date('2024-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }),
  timezone: fc.constantFrom(
    'UTC',
    'Europe/London',
    'America/New_York',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
  ),
  locale: fc.constantFrom<Language>('en', 'ru'),
});
type Said = typeof said extends fc.Arbitrary<infer T> ? T : never;

function holds({ text }: Said, reading: Reading): void {
  for (const words of reading.understood)
    if (words === '' || !text.includes(words)) throw new Error(`"${words}" is not in "${text}"`);
  if ((reading.kind === 'none') !== (reading.understood.length === 0))
    throw new Error(`${reading.kind}, understood ${JSON.stringify(reading.understood)}`);
  if (reading.kind !== 'ambiguous' && reading.kind !== 'past') return;
  const { length } = reading.options;
  if (length > 4 || (reading.kind === 'ambiguous' && length < 2))
    throw new Error(`${reading.kind} with ${length} options: "${text}"`);
}

t.test('any text is read, its words are in it, and each rule of it fires', async (test) => {
  const batch: Said[] = [];
  await check(test, { runs: 1500, values: said }, async (value) => {
    holds(value, readPhrase(value.text, value));
    batch.push(value);
  });
  const silent: string[] = [];
  // The database is asked once for hundreds of them, as a reader of lines asks.
  for (let from = 0; from < batch.length; from += 500) {
    const some = batch.slice(from, from + 500);
    const resolved = await resolveReadings(
      database.pool,
      some.map((context) => ({ reading: readPhrase(context.text, context), context })),
    );
    for (const [index, { kind, next, options, rule }] of resolved.entries()) {
      const { text } = some[index] as Said;
      const now = (some[index] as Said).now.toISOString();
      const ends = rule?.ends_at !== undefined;
      if ((kind === 'once' || kind === 'recurring') && next.length === 0 && !ends)
        silent.push(`"${text}": ${JSON.stringify(rule)} at ${now}`);
      for (const option of options)
        if (option.next.length === 0) silent.push(`"${text}": ${JSON.stringify(option)} at ${now}`);
    }
  }
  test.strictSame(silent, [], 'rules that never fire');
});

t.test('a text of a hundred thousand characters is read as far as anybody would say when', (test) => {
  const context = { now: new Date('2025-06-11T10:00:00Z'), timezone: 'UTC', locale: 'en' as const };
  for (const filler of [
    'a',
    ' ',
    ',',
    '9 ',
    '\n',
    'every ',
    'at ',
    '1:',
    '(',
    ', ',
    'и ',
    '.',
    '—',
    'twenty ',
    '"',
  ])
    test.match(readPhrase(`tomorrow at 9 ${filler.repeat(100_000 / filler.length)}x`, context), {
      timezone: 'UTC',
    });
  test.end();
});
