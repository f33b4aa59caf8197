// The pieces of a text, in the order in which they stand there, whatever language each is of.
import { english } from './english/bounds.ts';
import { isKnown, longest, type Reader, type Source } from './grammar.ts';
import type { Piece } from './piece.ts';
import { russian } from './russian/bounds.ts';
import type { Token } from './token.ts';
import { isPlace, zonePieces } from './zones.ts';

/** Some tokens, and what they say. */
export interface Item {
  pieces: Piece[];
  from: number;
  /** The token after the last. */
  to: number;
}

const readers: Record<Source['language'], Reader<Piece[]>> = {
  en: longest(...english.pieces, ...russian.pieces, ...zonePieces),
  ru: longest(...russian.pieces, ...english.pieces, ...zonePieces),
};
const bareClock = longest(english.bareClock);
const bareClockRu = longest(russian.bareClock);

/** What may stand between pieces that belong together. */
const joins = /^(,|and|и|а|-|–|—|\(|\))$/;
export const areJoined = (tokens: readonly Token[], from: number, to: number): boolean =>
  tokens.slice(from, to).every(({ word }) => joins.test(word));

const takesClock = (item: Item | undefined): boolean =>
  item?.pieces.some(
    ({ kind }, index, all) =>
      (kind === 'day' || kind === 'repeat') &&
      !all.some((each) => each.kind === 'clock' || each.kind === 'part') &&
      index >= 0,
  ) === true;

/** A number alone after a day is a time: after tomorrow always, after others where nothing but an end follows. */
function bareAfter(source: Source, item: Item, at: number): Item | undefined {
  if (!takesClock(item)) return undefined;
  // «Завтра на 9».
  const from = source.tokens[at]?.word === 'на' ? at + 1 : at;
  const found = (source.language === 'ru' ? bareClockRu : bareClock)(source, from);
  if (found === undefined) return undefined;
  const isRelative = item.pieces.some((piece) => piece.kind === 'day' && piece.day.is === 'relative');
  const next = source.tokens[found.end];
  const isLast = next === undefined || next.kind === 'mark';
  const isRepeat = item.pieces.some(
    (piece) => piece.kind === 'repeat' && (piece.repeat.is === 'weekdays' || piece.repeat.is === 'interval'),
  );
  return isRelative || isLast || isRepeat ? { pieces: found.value, from: at, to: found.end } : undefined;
}

const mayBegin = (word: string): boolean => isKnown(word) || word.startsWith('пол') || isPlace(word);

export function scan(source: Source): Item[] {
  const items: Item[] = [];
  const read = readers[source.language];
  for (let at = 0; at < source.tokens.length; ) {
    const token = source.tokens[at] as Token;
    // Most words of a text are of what it is about.
    const found = token.kind !== 'word' || mayBegin(token.word) ? read(source, at) : undefined;
    const last = items.at(-1);
    if (found !== undefined) items.push({ pieces: found.value, from: at, to: found.end });
    else if (last?.to === at) {
      const bare = bareAfter(source, last, at);
      if (bare !== undefined) items.push(bare);
    }
    at = items.at(-1)?.from === at ? (items.at(-1)?.to ?? at + 1) : at + 1;
  }
  return withCompany(source, items);
}

const isAlone = (piece: Piece): boolean =>
  ('needsCompany' in piece && piece.needsCompany === true) ||
  (piece.kind === 'window' && piece.isBare === true);

/** Without what only looks like a time: a short form of a day with no time beside it. */
function withCompany({ tokens }: Source, items: readonly Item[]): Item[] {
  return items.filter((item, index) => {
    if (!item.pieces.every(isAlone)) return true;
    const neighbours = [items[index - 1], items[index + 1]].filter((other) => other !== undefined);
    const hasNeighbour = neighbours.some(
      (other) =>
        !other.pieces.every(isAlone) &&
        areJoined(tokens, Math.min(item.to, other.to), Math.max(item.from, other.from)),
    );
    if (hasNeighbour || (item.from === 0 && item.to === tokens.length)) return true;
    // 05/06 at either end of a text is a day, 1/2 is half of something.
    const [piece] = item.pieces;
    const isDay = piece?.kind === 'day' && (piece.day.is === 'numeric' || piece.day.is === 'date');
    if (isDay && piece.day.is === 'numeric') {
      const isPadded = tokens.slice(item.from, item.to).some(({ text }) => text.length === 2);
      if (!isPadded && piece.day.first < piece.day.second && piece.day.second <= 8) return false;
    }
    return isDay && (item.from === 0 || item.to === tokens.length);
  });
}
