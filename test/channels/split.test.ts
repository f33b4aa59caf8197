// Texts that are cut, stripped and marked: what holds for any text.
import fc from 'fast-check';
import t from 'tap';
import { plainText } from '../../src/channels/plain_text.ts';
import { blocksOf, piecesOf, splitText, summaryOf } from '../../src/channels/split.ts';
import { telegramHtml } from '../../src/channels/telegram_html.ts';
import { check, same } from '../support/properties.ts';

const line = fc.oneof(
  fc.constantFrom(
    '```',
    '```ts',
    '~~~~',
    '````',
    '# Title',
    '**bold**',
    'a `b` c',
    '[x](https://example.com/?a=1&b=2)',
    '',
  ),
  fc.constantFrom(
    '**a [b** c](https://example.com)',
    '`**x**`',
    '<script>&amp;"',
    '** a**',
    '[`a`](http://b)',
  ),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }).map((text) => text.repeat(60)),
);
const markdown = fc.array(line, { maxLength: 40 }).map((lines) => lines.join('\n'));
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Whether every fence of a text is closed. */
const isBalanced = (text: string) =>
  blocksOf(text).every(({ text: block, fence }) => {
    const last = block.trimEnd().split('\n').at(-1)?.trim() ?? '';
    return fence === null || (block.includes('\n') && last.startsWith(fence.mark) && /^(`+|~+)$/.test(last));
  });

t.test('pieces: none too long, no fence left open, and together the text', async (test) => {
  await check(
    test,
    { runs: 500, values: fc.tuple(markdown, fc.integer({ min: 100, max: 600 })) },
    async ([text, limit]) => {
      const pieces = piecesOf(text, limit);
      same(pieces.map(({ body }) => body).join(''), text, 'the text');
      for (const piece of splitText(text, limit)) {
        if (piece.length > limit) throw new Error(`${piece.length} units`);
        if (!isBalanced(piece)) throw new Error(`an open fence in ${JSON.stringify(piece)}`);
        if (!piece.isWellFormed()) throw new Error('half a character');
      }
    },
  );
});

t.test('a row of marks that is as long as a piece is a line, and no fence', async (test) => {
  for (const mark of ['`', '~'])
    for (const length of [20, 21, 60, 5000]) {
      const text = `${mark.repeat(length)}\n${'words '.repeat(100)}`;
      const pieces = splitText(text, 100);
      test.ok(pieces.every((piece) => piece.length <= 100 && isBalanced(piece)));
      test.equal(
        piecesOf(text, 100)
          .map(({ body }) => body)
          .join(''),
        text,
      );
    }
});

t.test(
  'pieces: no character as people see it is cut, where there are spaces or it is short',
  async (test) => {
    await check(
      test,
      {
        runs: 200,
        values: fc.array(fc.constantFrom('👨‍👩‍👧‍👦', 'é', 'a', '한', '🇩🇪', ' '), {
          minLength: 200,
          maxLength: 600,
        }),
      },
      async (characters) => {
        const text = characters.join('');
        const whole = [...graphemes.segment(text)].map(({ segment }) => segment);
        const pieces = piecesOf(text, 100).flatMap(({ body }) =>
          [...graphemes.segment(body)].map(({ segment }) => segment),
        );
        same(pieces, whole, 'the characters');
      },
    );
  },
);

t.test('a fence that fits into a piece is in one', async (test) => {
  const fence = `\`\`\`ts\n${'let a\n'.repeat(20)}\`\`\`\n`;
  const text = `${'word '.repeat(20)}\n${fence}${'word '.repeat(20)}\n${fence}`;
  const pieces = splitText(text, 200);
  test.equal(pieces.filter((piece) => piece.includes(fence)).length, 2);
  test.equal(pieces.join(''), text);
  const long = splitText(`\`\`\`ts\n${'let a\n'.repeat(100)}\`\`\`\nend`, 200);
  test.ok(long.length > 2);
  for (const piece of long.slice(0, -1)) test.match(piece, /^```ts\n(let a\n)+```\n?$/);
});

t.test('a summary is short, and ends with an ellipsis where there is more', async (test) => {
  test.equal(summaryOf('short', 100), 'short');
  await check(test, { runs: 200, values: markdown }, async (text) => {
    const summary = summaryOf(text, 120);
    if (summary.length > 120 + 2) throw new Error(`${summary.length} units`);
    if (!isBalanced(summary.replace(/\n…$/, '')))
      throw new Error(`an open fence in ${JSON.stringify(summary)}`);
  });
});

const tags = /<(\/?)(b|code|pre|a)(?: class="language-[^"<>]*"| href="[^"<>]*")?>/g;
// Where there is a tag there was a mark, which parts words.
const visible = (html: string) =>
  html
    .replace(tags, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

t.test(
  'Markdown for Telegram: tags are those that it takes, closed in order, and no word is lost',
  async (test) => {
    await check(test, { runs: 1000, values: markdown }, async (text) => {
      const html = telegramHtml(text);
      const open: string[] = [];
      for (const [, slash, name] of html.matchAll(tags)) {
        if (slash === '') open.push(name as string);
        else same(open.pop(), name, 'the tag that is closed');
      }
      same(open, [], 'open tags');
      const rest = html.replace(tags, '');
      if (/[<>]/.test(rest)) throw new Error(`a bracket is left in ${JSON.stringify(rest)}`);
      if (/&(?!lt;|gt;|amp;|quot;)/.test(rest))
        throw new Error(`an ampersand is left in ${JSON.stringify(rest)}`);
      // Marks and addresses aside, all of it is there, in order.
      const words = (value: string) =>
        value.replace(/https?:\/\/[^\s)]*/g, '').match(/[\p{L}\p{N}]+/gu) ?? [];
      const outside = blocksOf(text)
        .filter(({ fence }) => fence === null)
        .map((block) => block.text)
        .join('\n');
      const shown = new Set(words(visible(html)));
      for (const word of words(outside)) if (!shown.has(word)) throw new Error(`${word} is lost`);
    });
  },
);

t.test('text without what only a terminal understands', async (test) => {
  test.equal(
    plainText('\u001b[1;31mred\u001b[0m\r\nnext\rover\u0007\u001b]0;title\u0007 \u001b[2K\ttab\u0000'),
    'red\nnext\nover \ttab',
  );
  test.equal(plainText('half \ud800'), 'half \ufffd');
  const sequence = fc.constantFrom(
    '\u001b[31m',
    '\u001b[0m',
    '\u001b[2J',
    '\u001b]8;;http://x\u0007',
    '\u009b1m',
    '\u0008',
  );
  await check(
    test,
    { runs: 300, values: fc.array(fc.oneof(sequence, fc.string({ unit: 'grapheme' }))) },
    async (parts) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(plainText(parts.join(''))))
        throw new Error('a control character is left');
    },
  );
});
