// A text taken apart once: words, numbers and marks, each with its place. Grammars look at these, and at no text.

export interface Token {
  kind: 'word' | 'number' | 'mark';
  /** As grammars compare it: in lower case, ё as е; a slip of the pen put right. */
  word: string;
  /** As it was written. */
  text: string;
  start: number;
  end: number;
  /** Nothing stands between it and what comes before. */
  glued: boolean;
  /** What is written is not the word, but nearly. */
  isSlip: boolean;
}

/** Characters that are looked at: nobody says when after two thousand others. */
const mostCharacters = 2000;
const mostTokens = 300;

const pattern = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\d+|\n|[^\s\p{L}\p{M}\d]/gu;

const normal = (text: string): string =>
  text.normalize('NFC').toLowerCase().replaceAll('ё', 'е').replaceAll('’', "'");

export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let end = -1;
  for (const match of text.slice(0, mostCharacters).matchAll(pattern)) {
    const [found] = match;
    if (tokens.length === mostTokens) break;
    tokens.push({
      kind: /^\d/.test(found) ? 'number' : /^\p{L}/u.test(found) ? 'word' : 'mark',
      word: normal(found),
      text: found,
      start: match.index,
      end: match.index + found.length,
      glued: match.index === end,
      isSlip: false,
    });
    end = match.index + found.length;
  }
  return tokens;
}
