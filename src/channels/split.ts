// Long texts in pieces that are read by themselves: cut between paragraphs and lines, never inside a character, and never inside a
// code fence but where a fence alone is longer than a piece. That one is closed and opened again.

/** A run of whole lines: a code fence, or what is between two of them. */
export interface Block {
  text: string;
  /** Of a code fence: the line that opens it, and what closes it. */
  fence: { opener: string; mark: string } | null;
}

/** One piece of a text: `opens + body + closes` is what is shown, and the bodies of all pieces together are the text. */
export interface Piece {
  opens: string;
  body: string;
  closes: string;
}

/** A longer row of marks is a line that somebody has drawn, and no fence: to close and to open it again would leave no room in a piece. */
const longestMark = 20;

/** The blocks of a Markdown text; together they are the text. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { opener: string; mark: string } | null = null;
  let current = '';
  const flush = () => {
    if (current !== '') blocks.push({ text: current, fence: open });
    current = '';
  };
  for (const line of text.split(/(?<=\n)/)) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (
      open === null &&
      mark !== undefined &&
      mark.length <= longestMark &&
      !(mark[0] === '`' && line.slice(line.indexOf(mark) + mark.length).includes('`'))
    ) {
      flush();
      open = { opener: line.trimEnd(), mark };
      current = line;
    } else if (open !== null && mark?.startsWith(open.mark) && line.trim() === mark) {
      current += line;
      flush();
      open = null;
    } else {
      current += line;
    }
  }
  flush();
  return blocks;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The last place, `most` at most, where a line may be cut: behind a space, else between two characters as people see them. */
function cutOf(line: string, most: number): number {
  const space = line.lastIndexOf(' ', most - 1);
  if (space > most / 2) return space + 1;
  const segment = graphemes.segment(line.slice(0, most + 64)).containing(most);
  if (segment === undefined || segment.index > most / 2) return segment?.index ?? most;
  // A character that is longer than half a piece: at least its code points stay whole.
  return /[\ud800-\udbff]/.test(line[most - 1] ?? '') ? most - 1 : most;
}

/** The lines of a text, those that are too long cut. */
function linesOf(text: string, most: number): string[] {
  const lines: string[] = [];
  for (let line of text.split(/(?<=\n)/)) {
    while (line.length > most) {
      const at = cutOf(line, most);
      lines.push(line.slice(0, at));
      line = line.slice(at);
    }
    lines.push(line);
  }
  return lines;
}

/** A fence that is longer than a piece, in pieces that are fences each. */
function piecesOfFence({ text, fence }: Block, limit: number): Piece[] {
  const { opener, mark } = fence as NonNullable<Block['fence']>;
  const again = `${opener.length <= 40 ? opener : mark}\n`;
  const room = limit - again.length - mark.length - 1;
  const pieces: Piece[] = [];
  let body = '';
  const flush = (last: boolean) => {
    const closed =
      last &&
      new RegExp(`(^|\\n) {0,3}${mark[0]}{${mark.length},}\\s*$`).test(body) &&
      (pieces.length > 0 || body.trimEnd() !== opener);
    pieces.push({
      opens: pieces.length === 0 ? '' : again,
      body,
      closes: closed ? '' : `${body.endsWith('\n') ? '' : '\n'}${mark}`,
    });
    body = '';
  };
  for (const line of linesOf(text, room)) {
    if (body !== '' && body.length + line.length > room) flush(false);
    body += line;
  }
  flush(true);
  return pieces;
}

/**
 * Cuts a text into pieces.
 * @param limit how many UTF-16 units a piece may have, marks of fences included; 100 at least
 */
export function piecesOf(text: string, limit: number): Piece[] {
  const pieces: Piece[] = [];
  let current = '';
  const flush = () => {
    if (current !== '') pieces.push({ opens: '', body: current, closes: '' });
    current = '';
  };
  const add = (unit: string) => {
    if (current.length + unit.length > limit) flush();
    current += unit;
  };
  for (const block of blocksOf(text)) {
    if (block.fence === null) for (const line of linesOf(block.text, limit)) add(line);
    else if (isClosed(block) && block.text.length <= limit) add(block.text);
    else {
      flush();
      pieces.push(...piecesOfFence(block, limit));
    }
  }
  flush();
  return pieces.length === 0 ? [{ opens: '', body: '', closes: '' }] : pieces;
}

function isClosed({ text, fence }: Block): boolean {
  const lines = text.trimEnd().split('\n');
  const last = lines.at(-1)?.trim() ?? '';
  return (
    fence !== null &&
    lines.length > 1 &&
    last.startsWith(fence.mark) &&
    [...last].every((character) => character === fence.mark[0])
  );
}

/** The pieces as they are shown. */
export function splitText(text: string, limit: number): string[] {
  return piecesOf(text, limit).map(({ opens, body, closes }) => opens + body + closes);
}

/** The beginning of a text, with an ellipsis where there is more: what `limit` UTF-16 units have room for, and no open fence. */
export function summaryOf(text: string, limit: number): string {
  const [first = '', ...rest] = splitText(text.trim(), limit - 2);
  return rest.length === 0 ? first : `${first.trimEnd()}\n\u2026`;
}
