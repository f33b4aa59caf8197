// From when, until when, how long and how often, in Russian.
import { any, map, not, opt, type Reader, seq, w } from '../grammar.ts';
import type { Piece } from '../piece.ts';
import { bareClock, clock, clockPieces } from './clocks.ts';
import { anyDay, dayPieces } from './days.ts';
import { duration, integer } from './numbers.ts';
import { repeatPieces } from './repeats.ts';

const start: Reader<Piece[]> = map(
  seq(w('начиная с|начиная со|с|со|начиная'), anyDay, not(w('по'))),
  ([, day]): Piece[] => [{ kind: 'start', day }],
);
/** Каждые 8 часов начиная с 8 утра: a time of day that it counts from. */
const startClock: Reader<Piece[]> = map(seq(w('начиная с'), clock), ([, value]): Piece[] => [
  { kind: 'clock', clocks: [value] },
]);
const both: Reader<Piece[]> = map(
  seq(w('с|со|начиная с'), anyDay, w('по|до|и до|и по'), anyDay),
  ([, from, , to]): Piece[] => [
    { kind: 'start', day: from },
    { kind: 'until', day: to },
  ],
);
const until: Reader<Piece[]> = any<Piece[]>(
  map(seq(w('до|вплоть до'), anyDay), ([, day]): Piece[] => [{ kind: 'until', day }]),
  map(seq(w('до|вплоть до'), clock), ([, value]): Piece[] => [{ kind: 'until', clock: value }]),
);
const lasting: Reader<Piece[]> = map(
  seq(
    w('в течение|в течении|на протяжении|в продолжение'),
    opt(w('следующих|ближайших|следующей|следующего|ближайшей')),
    duration,
  ),
  ([, , value]): Piece[] => [{ kind: 'lasting', duration: value }],
);
const count: Reader<Piece[]> = map(
  seq(opt(w(',')), integer, w('раз|раза'), not(w('в|за|каждый|каждую'))),
  ([, value]): Piece[] => [{ kind: 'count', count: value }],
);

export const russian = {
  // Before days: "до пятницы" is an end, where something comes again and again.
  pieces: [...repeatPieces, both, startClock, start, until, lasting, count, ...dayPieces, ...clockPieces],
  bareClock,
};
