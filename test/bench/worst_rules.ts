// The dearest rules there are, as far as a search finds them: random ones first, then variations of the dearest, again and again.
import pg from 'pg';
import { rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

interface Candidate {
  cron: string;
  timezone: string;
  dstGap: string;
  dstFold: string;
  after: number;
}

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;
/** The rare and the odd: what makes a search look far. */
const fields = [
  ['0', '*', '59', '0,59', '*/59'],
  ['0', '*', '30', '59', '0,59', '7-53/11'],
  ['0', '2', '*', '23', '*/7', '1-3'],
  ['*', '29', '31', '30', 'L', 'L-30', 'LW', '31W', '1W', '29W', '1,31W', 'L-29,LW', '?'],
  ['*', '2', '2,4', '2,4,6,9,11', '12', '1'],
  ['*', '0', '6L', '1#5', '0#5,6#5', '6#1', '?', '*/7', 'MON-FRI'],
] as const;
const zones = [
  'UTC',
  'Europe/Berlin',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Pacific/Apia',
];
const [first, last] = [Date.UTC(1971, 0, 1), Date.UTC(2600, 0, 1)];

function vary(from?: Candidate): Candidate {
  const old = from?.cron.split(' ');
  const keep = <T>(value: T | undefined, fresh: () => T): T =>
    value === undefined || Math.random() < 0.4 ? fresh() : value;
  return {
    cron: fields.map((choices, index) => keep(old?.[index], () => pick(choices))).join(' '),
    timezone: keep(from?.timezone, () => pick(zones)),
    dstGap: keep(from?.dstGap, () => pick(['next', 'shift', 'skip'])),
    dstFold: keep(from?.dstFold, () => pick(['first', 'last', 'both'])),
    after: keep(from?.after, () => Math.round(first + Math.random() * (last - first))),
  };
}

async function measure(
  client: pg.Client,
  candidates: Candidate[],
): Promise<{ candidate: Candidate; us: number }[]> {
  const { rows } = await client.query<{ us: number | null }>(
    `select pg_temp.cost(c.cron, c.timezone, c."dstGap"::chime.dst_gap_policy, c."dstFold"::chime.dst_fold_policy, to_timestamp(c.after / 1000)) as us
     from rows from (jsonb_to_recordset($1) as (cron text, timezone text, "dstGap" text, "dstFold" text, after float8)) with ordinality c
     order by c.ordinality`,
    [JSON.stringify(candidates)],
  );
  return rows.flatMap(({ us }, index) =>
    us === null ? [] : [{ candidate: candidates[index] as Candidate, us }],
  );
}

export async function worstRules({ database, quick }: Bench): Promise<Result[]> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  // The quickest of three: the others were interrupted.
  await client.query(`
    create function pg_temp.cost(cron text, timezone text, gap chime.dst_gap_policy, fold chime.dst_fold_policy, after timestamptz)
    returns float8 language plpgsql as $$
    declare
      v_rule chime_private.rule;
      v_began timestamptz;
      v_best interval;
    begin
      begin
        v_rule := chime_private.read_rule(cron, null, null, null, timezone, gap, fold, null, null, null);
      exception when sqlstate 'CH002' then
        return null;
      end;
      for v_try in 1..3 loop
        v_began := clock_timestamp();
        perform chime_private.next_fire(v_rule, after);
        v_best := least(v_best, clock_timestamp() - v_began);
      end loop;
      return extract(epoch from v_best) * 1000000;
    end $$`);
  const [size, generations] = quick ? [200, 3] : [2_000, 12];
  let found = new Map<string, { candidate: Candidate; us: number }>();
  for (let generation = 0; generation < generations; generation++) {
    const best = [...found.values()];
    const candidates = Array.from({ length: size }, () =>
      vary(best.length > 0 ? pick(best).candidate : undefined),
    );
    for (const measured of await measure(client, candidates)) {
      // Of rules that name the same days, one is enough to look at.
      const key = measured.candidate.cron.split(' ').slice(3).join(' ');
      if (measured.us > (found.get(key)?.us ?? 0)) found.set(key, measured);
    }
    found = new Map([...found].sort(([, a], [, b]) => b.us - a.us).slice(0, 60));
  }
  const dearest = await measure(
    client,
    [...found.values()].map(({ candidate }) => candidate),
  );
  await client.end();
  return [
    {
      title: `The dearest next fires that a search through ${size * generations} rules found`,
      wanted: 'none over 5 ms',
      rows: dearest
        .sort((a, b) => b.us - a.us)
        .slice(0, 20)
        .map(({ candidate, us }) => ({
          rule: candidate.cron,
          zone: candidate.timezone,
          policy: `${candidate.dstGap}, ${candidate.dstFold}`,
          after: new Date(candidate.after).toISOString().slice(0, 19),
          us: rounded(us),
        })),
    },
  ];
}
