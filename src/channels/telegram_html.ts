// Markdown as Telegram takes it without fail: the few marks that people mean become tags that are always closed, and never inside
// each other; all else is shown as it was written.
import { blocksOf } from './split.ts';

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const attribute = (text: string) => escaped(text).replaceAll('"', '&quot;');

// One pass over the text, the first mark that fits wins: so no tag is opened inside another.
const marks =
  /`([^`\n]+)`|\*\*(?=\S)([^*\n]*[^*\s])\*\*|\[([^[\]\n]+)\]\((https?:\/\/[^\s()<>"]+)\)|^#{1,6} +(\S[^\n]*)$/gm;

function inline(text: string): string {
  let html = '';
  let from = 0;
  for (const match of text.matchAll(marks)) {
    const [whole, code, bold, label, url, heading] = match;
    html += escaped(text.slice(from, match.index));
    if (code !== undefined) html += `<code>${escaped(code)}</code>`;
    else if (label !== undefined) html += `<a href="${attribute(url ?? '')}">${escaped(label)}</a>`;
    else html += `<b>${escaped(bold ?? heading ?? '')}</b>`;
    from = match.index + whole.length;
  }
  return html + escaped(text.slice(from));
}

function fenced(text: string, opener: string): string {
  const lines = text.split('\n').slice(1);
  while (lines.at(-1)?.trim() === '') lines.pop();
  if (/^ {0,3}(`{3,}|~{3,})\s*$/.test(lines.at(-1) ?? '')) lines.pop();
  const language = /^\s*(?:`+|~+)\s*([\w+#.-]{1,40})/.exec(opener)?.[1];
  const code = escaped(lines.join('\n'));
  if (code.trim() === '') return escaped(text);
  return language === undefined
    ? `<pre>${code}</pre>\n`
    : `<pre><code class="language-${attribute(language)}">${code}</code></pre>\n`;
}

/** A Markdown text in the HTML of Telegram. */
export function telegramHtml(text: string): string {
  return blocksOf(text)
    .map((block) => (block.fence === null ? inline(block.text) : fenced(block.text, block.fence.opener)))
    .join('')
    .trimEnd();
}
