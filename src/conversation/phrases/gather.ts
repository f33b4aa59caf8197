// From pieces to one meaning: those that stand together come first, others are taken where something is missing still. What does not fit is
// left in the text.
import type { Clock, Day, DayPart, Duration, Piece, Repeat } from './piece.ts';
import { areJoined, type Item } from './scan.ts';
import type { Token } from './token.ts';

/** All that was said of when. */
export interface When {
  clocks?: Clock[];
  part?: DayPart;
  isTonight?: true;
  day?: Day;
  offset?: { duration: Duration; isPast: boolean };
  eitherDay?: true;
  repeats: Repeat[];
  window?: { from: Clock; to: Clock };
  start?: Day;
  until?: { day?: Day; clock?: Clock };
  lasting?: Duration;
  count?: number;
  zone?: { zone: string; isExact: boolean };
  instant?: string;
  isImpossible?: 'clock' | 'date';
}

const weights: Record<Piece['kind'], number> = {
  impossible: 9,
  cron: 9,
  instant: 8,
  repeat: 6,
  offset: 5,
  either_day: 5,
  day: 4,
  clock: 3,
  window: 2,
  part: 2,
  start: 1,
  until: 1,
  lasting: 0,
  count: 0,
  zone: 0,
};

const fixes = ({ repeats, day, offset, instant, eitherDay }: When): boolean =>
  repeats.length > 0 ||
  day !== undefined ||
  offset !== undefined ||
  instant !== undefined ||
  eitherDay === true;

/** Whether another repetition says more of what is there: every month, on the first Monday. */
function joinsRepeats(repeats: readonly Repeat[], repeat: Repeat): boolean {
  if (repeats.length === 0) return true;
  if (repeats.length > 2) return false;
  if (repeat.is === 'except') return !repeats.some(({ is }) => is === 'except');
  const plain = repeats.filter(({ is }) => is !== 'except');
  if (plain.length === 0) return true;
  const [first] = plain;
  if (plain.length > 1 || first === undefined) return false;
  const isOpen = (one: Repeat) => one.is === 'interval' || one.is === 'times' || one.is === 'minute';
  return (
    isOpen(first) !== isOpen(repeat) ||
    (first.is === 'weekdays' && repeat.is === 'part') ||
    (first.is === 'part' && repeat.is === 'weekdays')
  );
}

/** Whether a day says on which day of its span something comes again: every month on the 15th. */
function saysWhich(day: Day, repeats: readonly Repeat[]): boolean {
  const spans = repeats.flatMap((repeat) => (repeat.is === 'interval' ? [repeat.duration] : []));
  const per = repeats.flatMap((repeat) => (repeat.is === 'times' ? [repeat.per] : []));
  if (spans.length + per.length === 0) return false;
  const isOf = (unit: string, fits: (span: Duration) => boolean) =>
    spans.some(fits) || per.includes(unit as 'day');
  if (day.is === 'weekdays')
    return (
      day.which === 'coming' &&
      day.weeks === undefined &&
      !day.isEither &&
      (isOf('week', ({ days, seconds }) => days + seconds > 0) || per.includes('day'))
    );
  if (day.is === 'month_days' || day.is === 'month') return isOf('month', ({ months }) => months > 0);
  return (
    day.is === 'date' &&
    day.year === undefined &&
    isOf('year', ({ months }) => months > 0 && months % 12 === 0)
  );
}

/** Today in two hours. */
const isToday = (day: Day): boolean => day.is === 'relative' && day.days === 0;

/** In two weeks on Monday: a day of the week that so long from now lies in. */
const hasWeekOf = ({ months, days, seconds }: Duration, day: Day): boolean =>
  day.is === 'weekdays' &&
  day.weekdays.length === 1 &&
  day.which === 'coming' &&
  day.weeks === undefined &&
  months + seconds === 0 &&
  days % 7 === 0;

function fits(when: When, piece: Piece, isBeside: boolean): boolean {
  switch (piece.kind) {
    case 'clock':
      if (when.clocks !== undefined || when.window !== undefined || when.instant !== undefined) return false;
      if (piece.isBare && !isBeside) return false;
      return when.offset === undefined || (when.offset.duration.seconds === 0 && isBeside);
    case 'part':
      return when.part === undefined && (when.offset === undefined || when.offset.duration.seconds === 0);
    case 'day':
      if (when.offset !== undefined)
        return (
          isBeside &&
          when.day === undefined &&
          (isToday(piece.day) || hasWeekOf(when.offset.duration, piece.day))
        );
      if (when.day !== undefined || when.instant !== undefined || when.eitherDay) return false;
      return (
        when.repeats.length === 0 ||
        saysWhich(piece.day, when.repeats) ||
        (isBeside && piece.day.is === 'relative')
      );
    case 'offset':
      return !fixes(when) && (when.clocks === undefined || piece.duration.seconds === 0);
    case 'either_day':
      return !fixes(when);
    case 'repeat':
      if (when.offset !== undefined || when.instant !== undefined || when.eitherDay) return false;
      if (
        when.day !== undefined &&
        !saysWhich(when.day, [...when.repeats, piece.repeat]) &&
        when.day.is !== 'relative'
      )
        return false;
      return joinsRepeats(when.repeats, piece.repeat);
    case 'window':
      if (piece.isBare && !isBeside) return false;
      return (
        when.window === undefined &&
        when.clocks === undefined &&
        when.offset === undefined &&
        when.instant === undefined
      );
    case 'start':
      return (
        when.start === undefined && (when.repeats.length > 0 || (when.day === undefined && !fixes(when)))
      );
    case 'until':
      return when.until === undefined && (when.repeats.length > 0 || !fixes(when));
    case 'lasting':
      return when.lasting === undefined && when.repeats.length > 0;
    case 'count':
      return when.count === undefined && when.repeats.length > 0;
    case 'zone':
      return (
        when.zone === undefined &&
        (when.clocks !== undefined || when.window !== undefined || when.day !== undefined)
      );
    default:
      return !fixes(when) || piece.kind === 'impossible';
  }
}

function put(when: When, piece: Piece): void {
  switch (piece.kind) {
    case 'clock':
      when.clocks = piece.clocks;
      break;
    case 'part':
      when.part = piece.part;
      if (piece.isTonight) when.isTonight = true;
      break;
    case 'day':
      when.day = piece.day;
      break;
    case 'offset':
      when.offset = { duration: piece.duration, isPast: piece.isPast === true };
      break;
    case 'either_day':
      when.eitherDay = true;
      break;
    case 'repeat':
      when.repeats.push(piece.repeat);
      break;
    case 'window':
      when.window = { from: piece.from, to: piece.to };
      break;
    case 'start':
      when.start = piece.day;
      break;
    case 'until':
      when.until = piece;
      break;
    case 'lasting':
      when.lasting = piece.duration;
      break;
    case 'count':
      when.count = piece.count;
      break;
    case 'zone':
      when.zone = piece;
      break;
    case 'instant':
      when.instant = piece.instant;
      break;
    case 'impossible':
      when.isImpossible = piece.what;
      break;
    case 'cron':
      break;
  }
}

function clustersOf(tokens: readonly Token[], items: readonly Item[]): Item[][] {
  const clusters: Item[][] = [];
  for (const item of items) {
    const last = clusters.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && areJoined(tokens, before.to, item.from))
      last.push(item);
    else clusters.push([item]);
  }
  return clusters;
}

const weightOf = (cluster: readonly Item[]): number =>
  cluster.flatMap(({ pieces }) => pieces).reduce((sum, { kind }) => sum + weights[kind], 0);

/** Those that need something else to hold on to come last. */
const rank = ({ pieces }: Item): number =>
  pieces.some(({ kind }) => kind === 'offset')
    ? -1
    : pieces.some(
          ({ kind }) =>
            kind === 'lasting' || kind === 'count' || kind === 'until' || kind === 'start' || kind === 'zone',
        )
      ? 1
      : 0;

/** @returns what was said, the items that say it, in their order, and those beside them that did not fit */
export function gather(
  tokens: readonly Token[],
  items: readonly Item[],
): { when: When; used: Item[]; left: Item[] } {
  const when: When = { repeats: [] };
  const used: Item[] = [];
  const clusters = clustersOf(tokens, items);
  const heaviest = Math.max(0, ...clusters.map(weightOf));
  const main = clusters.find((cluster) => weightOf(cluster) === heaviest);
  const take = (cluster: readonly Item[], isMain: boolean) => {
    for (const item of [...cluster].sort((a, b) => rank(a) - rank(b))) {
      // Each piece of an item has to fit, beside those before it.
      const trial: When = { ...when, repeats: [...when.repeats] };
      const isFit = item.pieces.every((piece) => {
        const isTaken = fits(trial, piece, isMain);
        if (isTaken) put(trial, piece);
        return isTaken;
      });
      if (!isFit) continue;
      for (const piece of item.pieces) put(when, piece);
      used.push(item);
    }
  };
  if (main !== undefined) take(main, true);
  for (const cluster of clusters) if (cluster !== main) take(cluster, false);
  const left = (main ?? []).filter((item) => !used.includes(item));
  return { when, used: used.sort((a, b) => a.from - b.from), left };
}
