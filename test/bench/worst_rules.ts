// The dearest rules there are, as far as a search finds them: random ones first, then variations of the dearest, again and again.
import pg from 'pg';
import { rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';
import { type Candidate, calendars, daysOf, pick, ruleText, vary } from './worst_candidates.ts';

interface Found {
  candidate: Candidate;
  us: number;
}

/** What is searched: single rules, several in one schedule, and either of them under calendars. */
const kinds = {
  'one rule': { rules: 1, calendars: false },
  'up to 3 rules': { rules: 3, calendars: false },
  'one rule, calendars': { rules: 1, calendars: true },
  'up to 3 rules, calendars': { rules: 3, calendars: true },
};

async function prepare(client: pg.Client): Promise<void> {
  for (const [name, dates] of Object.entries(calendars)) {
    await client.query(`select chime.set_calendar('${name}', ${dates})`);
  }
  // The quickest of a few: the others were interrupted. A rule that is none, or never fires, is refused: see the bench refusals.
  await client.query(`
    create function pg_temp.cost(rules jsonb, timezone text, gap chime.dst_gap_policy, fold chime.dst_fold_policy,
      calendar text, on_excluded chime.excluded_policy, after timestamptz, tries integer)
    returns float8 language plpgsql as $$
    declare
      v_schedule chime.schedules;
      v_began timestamptz;
      v_best interval;
    begin
      v_schedule.tenant_id := chime.current_tenant();
      begin
        v_schedule := chime_private.set_rules(v_schedule, null, null, null, null, rules, null, timezone, gap, fold,
          '2026-01-06 09:30Z', null, null, null, array[calendar], on_excluded);
        if calendar is null then v_schedule.never_on := null; end if;
        v_schedule := chime_private.define_rules(v_schedule, null);
      exception when sqlstate 'CH001' or sqlstate 'CH002' then
        return null;
      end;
      for v_try in 1..tries loop
        v_began := clock_timestamp();
        perform chime_private.timetable_next(v_schedule, after);
        v_best := least(v_best, clock_timestamp() - v_began);
      end loop;
      return extract(epoch from v_best) * 1000000;
    end $$`);
}

async function measure(client: pg.Client, candidates: Candidate[], tries: number): Promise<Found[]> {
  const given = candidates.map(({ rules, ...rest }) => ({
    ...rest,
    rules: rules.map((rule) => ({ [rule.kind]: ruleText(rule) })),
  }));
  const { rows } = await client.query<{ us: number | null }>(
    `select pg_temp.cost(c.rules, c.timezone, c."dstGap"::chime.dst_gap_policy, c."dstFold"::chime.dst_fold_policy,
       c.calendar, c."onExcluded"::chime.excluded_policy, to_timestamp(c.after / 1000), $2) as us
     from rows from (jsonb_to_recordset($1) as (rules jsonb, timezone text, "dstGap" text, "dstFold" text, calendar text, "onExcluded" text, after float8))
       with ordinality c
     order by c.ordinality`,
    [JSON.stringify(given), tries],
  );
  return rows.flatMap(({ us }, index) =>
    us === null ? [] : [{ candidate: candidates[index] as Candidate, us }],
  );
}

async function search(
  client: pg.Client,
  most: { rules: number; calendars: boolean },
  [size, generations]: [number, number],
): Promise<Found[]> {
  let found = new Map<string, Found>();
  for (let generation = 0; generation < generations; generation++) {
    const best = [...found.values()];
    const candidates = Array.from({ length: size }, () =>
      vary(best.length > 0 ? pick(best).candidate : undefined, most),
    );
    for (const measured of await measure(client, candidates, 3)) {
      // Of rules that name the same days, one is enough to look at.
      const key = daysOf(measured.candidate);
      if (measured.us > (found.get(key)?.us ?? 0)) found.set(key, measured);
    }
    found = new Map([...found].sort(([, a], [, b]) => b.us - a.us).slice(0, 60));
  }
  return measure(
    client,
    [...found.values()].map(({ candidate }) => candidate),
    20,
  );
}

export async function worstRules({ database, quick }: Bench): Promise<Result[]> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  await prepare(client);
  const size: [number, number] = quick ? [200, 3] : [500, 10];
  const rows: Record<string, unknown>[] = [];
  for (const [kind, most] of Object.entries(kinds)) {
    for (const { candidate, us } of await search(client, most, size)) {
      rows.push({
        us: rounded(us),
        kind,
        zone: candidate.timezone,
        policy: `${candidate.dstGap}, ${candidate.dstFold}`,
        after: new Date(candidate.after).toISOString().slice(0, 19),
        calendar: candidate.calendar === null ? '' : `${candidate.calendar}, ${candidate.onExcluded}`,
        rules: candidate.rules.map(ruleText).join(' | '),
      });
    }
  }
  await client.end();
  return [
    {
      title: `The 20 dearest next fires that a search through ${size[0] * size[1] * Object.keys(kinds).length} schedules found`,
      wanted: 'none over 5 ms',
      rows: rows.sort((a, b) => Number(b.us) - Number(a.us)).slice(0, 20),
    },
  ];
}
