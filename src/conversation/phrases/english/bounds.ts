// From when, until when, how long and how often, in English.
import { any, map, not, opt, type Reader, seq, w } from '../grammar.ts';
import type { Piece } from '../piece.ts';
import { anyWeekday } from './calendar.ts';
import { bareClock, clock, clockPieces, window } from './clocks.ts';
import { anyDay, dayPieces } from './days.ts';
import { duration, integer } from './numbers.ts';
import { repeatPieces } from './repeats.ts';

const start: Reader<Piece[]> = map(
  seq(
    w('starting|starting from|starting on|beginning|beginning on|from|as of|since|effective|start'),
    opt(w('on')),
    anyDay,
    opt(w('on|onwards|onward')),
  ),
  ([, , day]): Piece[] => [{ kind: 'start', day }],
);
/** Every 8 hours starting at 8: a time of day that it counts from. */
const startClock: Reader<Piece[]> = map(
  seq(w('starting at|starting from|starting|beginning at|from'), clock),
  ([, value]): Piece[] => [{ kind: 'clock', clocks: [value] }],
);
const both: Reader<Piece[]> = map(
  seq(w('from|between|starting|starting on'), anyDay, w('to|until|till|through|and|-|–'), anyDay),
  ([, from, , to]): Piece[] => [
    { kind: 'start', day: from },
    { kind: 'until', day: to },
  ],
);
const until: Reader<Piece[]> = any<Piece[]>(
  map(
    seq(w('until|till|til|through|up to|ending|ending on|to'), opt(w('the')), anyDay, not(anyWeekday)),
    ([lead, , day]): Piece[] | undefined => (lead === 'to' ? undefined : [{ kind: 'until', day }]),
  ),
  map(seq(w('until|till|til'), clock), ([, value]): Piece[] => [{ kind: 'until', clock: value }]),
);
const lasting: Reader<Piece[]> = map(
  seq(w('for|during|over'), opt(w('the next|next|the following|the')), duration),
  ([, , value]): Piece[] => [{ kind: 'lasting', duration: value }],
);
const count: Reader<Piece[]> = map(
  seq(opt(w(',|for')), integer, w('times'), not(w('a|per|each|every|daily|weekly|in'))),
  ([, value]): Piece[] => [{ kind: 'count', count: value }],
);

export const english = {
  // Before days: "from Monday" is a start, and "until Friday" an end, where something comes again and again.
  pieces: [
    window,
    ...repeatPieces,
    both,
    startClock,
    start,
    until,
    lasting,
    count,
    ...dayPieces,
    ...clockPieces,
  ],
  bareClock,
};
