// When a rule has to fire, found the long way: each wall second that the rule names is looked for among the
// stretches of constant offset that Postgres' own AT TIME ZONE shows for the zone, and where it is not there
// once, the policy for clock changes says what becomes of it. Shares nothing with the engine. Seconds count
// from 1970-01-01.
import type { WallRule } from './cron_reader.ts';
import type { TestDatabase } from './database.ts';

/** Instants, from the first up to, not including, the second, between which a zone keeps one offset. */
export interface Stretch {
  from: number;
  to: number;
  offset: number;
}

export interface Policy {
  /** `same day` is `next` where the gap ends on the day that was named. */
  gap: 'next' | 'same day' | 'shift' | 'skip';
  fold: 'first' | 'last' | 'both';
}

const day = 86_400;
const threeHours = 10_800;

/**
 * The stretches of zones. A day is looked at apart, which finds every change as no zone changes its clock
 * twice in less; then an hour, a minute and a second apart.
 */
export async function loadStretches(
  database: TestDatabase,
  zones: readonly string[],
  low: string,
  high: string,
): Promise<Map<string, Stretch[]>> {
  const shows = (at: string) => `extract(epoch from ${at} at time zone zone) - extract(epoch from ${at})`;
  const rows = await database.rows<{ zone: string; at: number; offset: number }>(
    `with days as (
       select zone, at, seen, lag(seen) over (partition by zone order by at) as before
       from unnest($1::text[]) zone,
         generate_series($2::timestamptz, $3::timestamptz, interval '24 hours') at,
         lateral (select ${shows('at')}) o(seen)
     ), hours as (
       select zone, before, min(h.at) as at
       from days d, generate_series(d.at - interval '24 hours', d.at, interval '1 hour') h(at)
       where before <> seen and ${shows('h.at')} <> before
       group by zone, before, d.at
     ), minutes as (
       select zone, before, min(m.at) as at
       from hours h, generate_series(h.at - interval '1 hour', h.at, interval '1 minute') m(at)
       where ${shows('m.at')} <> before
       group by zone, before, h.at
     ), seconds as (
       select zone, min(s.at) as at
       from minutes m, generate_series(m.at - interval '1 minute', m.at, interval '1 second') s(at)
       where ${shows('s.at')} <> before
       group by zone, m.at
     )
     select zone, extract(epoch from at)::float8 as at, (${shows('at')})::float8 as offset
     from (select zone, $2::timestamptz as at from unnest($1::text[]) zone union all select * from seconds) starts
     order by zone, at`,
    [zones, low, high],
  );
  const stretches = new Map<string, Stretch[]>();
  for (const { zone, at, offset } of rows) {
    const list = stretches.get(zone) ?? [];
    const last = list.at(-1);
    if (last !== undefined) last.to = at;
    list.push({ from: at, to: Date.parse(high) / 1000, offset });
    stretches.set(zone, list);
  }
  return stretches;
}

/** The instants that stand for one wall second that a rule names. */
export function place(
  wall: number,
  stretches: readonly Stretch[],
  realTime: boolean,
  policy: Policy,
): number[] {
  const shown = stretches
    .filter((s) => s.from + s.offset <= wall && wall < s.to + s.offset)
    .map((s) => wall - s.offset);
  if (shown.length > 0) {
    if (realTime || policy.fold === 'both') return shown;
    return policy.fold === 'first' ? shown.slice(0, 1) : shown.slice(-1);
  }
  if (realTime || policy.gap === 'skip') return [];
  for (const [index, after] of stretches.entries()) {
    const before = stretches[index - 1];
    if (before !== undefined && before.to + before.offset <= wall && wall < after.from + after.offset) {
      if (policy.gap === 'shift') return [wall - before.offset];
      const end = after.from + after.offset;
      if (policy.gap === 'same day' && Math.floor(end / day) > Math.floor(wall / day)) return [];
      return after.offset - before.offset <= threeHours ? [after.from] : [];
    }
  }
  return [];
}

/** The first fires after an instant; fewer where the stretches end before. */
export function firesAfter(
  rule: WallRule,
  stretches: readonly Stretch[],
  policy: Policy,
  after: number,
  count: number,
): number[] {
  const fires = new Set<number>();
  const last = stretches.at(-1) as Stretch;
  const end = Math.floor((last.to + last.offset) / day) - 2;
  let latest: number | undefined;
  // Clock changes put fires out of order by a day and a bit at most.
  for (let wallDay = Math.floor(after / day) - 3; wallDay < end; wallDay++) {
    if (latest !== undefined && wallDay > Math.floor(latest / day) + 3) break;
    const seconds = rule.secondsOf(wallDay);
    if (seconds.length === 0) continue;
    const near = stretches.filter((s) => s.from < (wallDay + 4) * day && s.to > (wallDay - 3) * day);
    // Whatever the policy, a wall second is moved by one of the offsets, or by something between two of them.
    const offsets = near.map(({ offset }) => offset);
    const [lowest, highest] = [Math.min(...offsets), Math.max(...offsets)];
    for (const second of seconds) {
      const wall = wallDay * day + second;
      if (wall - lowest <= after) continue;
      if (latest !== undefined && wall - highest > latest) break;
      for (const fire of place(wall, near, rule.realTime, policy)) {
        if (fire > after) fires.add(fire);
      }
      if (fires.size >= count) latest ??= Math.max(...fires);
    }
  }
  return [...fires].sort((a, b) => a - b).slice(0, count);
}

/** The stretches up to this instant and a few days on, so that a search does not look any further. */
export function until(stretches: readonly Stretch[], high: number): Stretch[] {
  const end = high + 8 * day;
  return stretches.filter(({ from }) => from < end).map((s) => ({ ...s, to: Math.min(s.to, end) }));
}

/** An interval of months and days, from an anchor on the wall clock. */
export function civilRule(months: number, days: number, anchor: number): WallRule {
  const start = new Date(Math.floor(anchor / day) * day * 1000);
  const named = new Set<number>();
  for (let index = 0; index < 30_000 / (months * 28 + days); index++) {
    const first = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months * index, 1);
    const next = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months * index + 1, 1);
    const inMonth = Math.min(start.getUTCDate(), (next - first) / 1000 / day);
    named.add(first / 1000 / day + inMonth - 1 + days * index);
  }
  return {
    realTime: false,
    secondsOf: (wallDay) => (named.has(wallDay) ? [anchor - Math.floor(anchor / day) * day] : []),
  };
}
