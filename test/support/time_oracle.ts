// When a rule has to fire, found the long way: each wall second that the rule names is looked for among the stretches
// of constant offset that Postgres' own AT TIME ZONE shows for the zone, and where it is not there once, the policy
// for clock changes says what becomes of it. Shares nothing with the engine. Seconds count from 1970-01-01.
import type { WallRule } from './cron_reader.ts';
import type { TestDatabase } from './database.ts';

/** Instants, from the first up to, not including, the second, between which a zone keeps one offset. */
export interface Stretch {
  from: number;
  to: number;
  offset: number;
}

export interface Policy {
  gap: 'next' | 'shift' | 'skip';
  fold: 'first' | 'last' | 'both';
}

const day = 86_400;
const threeHours = 10_800;

/**
 * The stretches of zones. Twelve hours are looked at apart, which finds every change as no zone changes its clock
 * twice in less; then a minute and a second apart.
 */
export async function loadStretches(
  database: TestDatabase,
  zones: readonly string[],
  low: string,
  high: string,
): Promise<Map<string, Stretch[]>> {
  const rows = await database.rows<{ zone: string; at: number; before: number; after: number }>(
    `with halves as (
       select zone, at, extract(epoch from at at time zone zone) - extract(epoch from at) as seen,
         lag(extract(epoch from at at time zone zone) - extract(epoch from at)) over (partition by zone order by at) as before
       from unnest($1::text[]) zone, generate_series($2::timestamptz, $3::timestamptz, interval '12 hours') at
     ), minutes as (
       select h.zone, h.before, min(m.at) as at
       from halves h, generate_series(h.at - interval '12 hours', h.at, interval '1 minute') m(at)
       where h.before <> h.seen and extract(epoch from m.at at time zone h.zone) - extract(epoch from m.at) <> h.before
       group by h.zone, h.before, h.at
     )
     select m.zone, extract(epoch from min(s.at))::float8 as at, m.before::float8 as before,
       extract(epoch from min(s.at) at time zone m.zone)::float8 - extract(epoch from min(s.at))::float8 as after
     from minutes m, generate_series(m.at - interval '1 minute', m.at, interval '1 second') s(at)
     where extract(epoch from s.at at time zone m.zone) - extract(epoch from s.at) <> m.before
     group by m.zone, m.before, m.at
     order by m.zone, m.at`,
    [zones, low, high],
  );
  const first = await database.rows<{ zone: string; offset: number }>(
    `select zone, (extract(epoch from $2::timestamptz at time zone zone) - extract(epoch from $2::timestamptz))::float8 as offset
     from unnest($1::text[]) zone`,
    [zones, low],
  );
  const stretches = new Map<string, Stretch[]>();
  for (const { zone, offset } of first) {
    const list: Stretch[] = [{ from: Date.parse(low) / 1000, to: Date.parse(high) / 1000, offset }];
    for (const row of rows.filter((row) => row.zone === zone)) {
      const last = list.at(-1) as Stretch;
      list.push({ from: row.at, to: last.to, offset: row.after });
      last.to = row.at;
    }
    stretches.set(zone, list);
  }
  return stretches;
}

/** The instants that stand for one wall second that a rule names. */
function place(wall: number, stretches: readonly Stretch[], realTime: boolean, policy: Policy): number[] {
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
  let end = Math.floor((last.to + last.offset) / day) - 2;
  // Clock changes put fires out of order by a day and a bit at most.
  for (let wallDay = Math.floor(after / day) - 3; wallDay < end; wallDay++) {
    const seconds = rule.secondsOf(wallDay);
    if (seconds.length === 0) continue;
    const near = stretches.filter((s) => s.from < (wallDay + 4) * day && s.to > (wallDay - 3) * day);
    for (const second of seconds) {
      for (const fire of place(wallDay * day + second, near, rule.realTime, policy)) {
        if (fire > after) fires.add(fire);
      }
    }
    if (fires.size >= count) end = Math.min(end, wallDay + 4);
  }
  return [...fires].sort((a, b) => a - b).slice(0, count);
}
